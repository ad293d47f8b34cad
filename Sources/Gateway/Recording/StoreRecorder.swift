import Storage

/// Sends records to the store, and what they spent with them: one transaction has both.
struct StoreRecorder: RequestRecorder {
    let writer: RecordWriter
    let keeper: BudgetKeeper
    let keepsTexts: Bool

    init(_ services: StoreServices) {
        writer = services.writer
        keeper = services.keeper
        keepsTexts = services.options.texts != .none
    }

    /// The hashes of answers tell equal ones, whether texts are kept or not.
    var readsTexts: Bool { true }

    func record(_ record: RequestRecord) {
        var spending: [Settlement] = []
        if let reserved = record.reservation as? StoreReservation {
            spending = keeper.settle(reserved.reservation, Usage(record.cost), of: reserved.budget)
        }
        // What takes time, such as propensities, is worked out by the writer.
        writer.submit(.made(size: record.size) { Storage.RequestRecord(record) }, spending: spending)
    }
}
