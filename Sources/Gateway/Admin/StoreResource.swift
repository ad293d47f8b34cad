import Storage

/// `/admin/api/store`: how the store is, and what was written, waits and was lost.
struct StoreResource: AdminResource {
    static let name = "store"

    let services: StoreServices

    func read(_ call: AdminCall) async throws -> JSONTree {
        let counts = services.writer.counts
        let failure = services.writer.failure
        let lost = try? await services.store.lostRecords()
        return [
            "place": .string(services.store.database.place),
            "kind": .string(services.store.database.dialect == .sqlite ? "sqlite" : "postgresql"),
            "failure": failure.map { .string("\($0)") } ?? .null,
            "records": [
                "submitted": JSONTree(integerLiteral: counts.submitted),
                "written": JSONTree(integerLiteral: counts.written),
                "waiting": JSONTree(integerLiteral: counts.waiting), "lost": JSONTree(integerLiteral: counts.lost),
            ],
            // Of all gateways and all times, as far as the store was told.
            "lost_ever": lost.map { JSONTree(integerLiteral: $0) } ?? .null,
        ]
    }
}
