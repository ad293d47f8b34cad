import Storage

/// `/admin/api/live/…`: what the dashboard shows, in the form that it shows it.
///
///     GET /summary?window=hour|day|week|month&model=       traffic, cost and saving over time
///     GET /shares?model=                                   who answers what
///     GET /frontier                                        today's traffic beside each policy's frontier
///     GET /calibration?model=                              how far each stage's word can be believed
///     GET /requests?by=latest|slowest|uncertain&model=     some requests
///     GET /requests/ID                                     one request, explained
///     GET /state                                           names, stages, policies
///     GET /events                                          what happens, as it happens (server-sent events)
struct LiveResource: AdminResource {
    static let name = "live"

    let data: DashboardData

    func read(_ call: AdminCall) async throws -> JSONTree {
        // Sums over thousands of rows must not hold up the event loop that serves requests.
        try await withTaskExecutorPreference(globalConcurrentExecutor) { try await readElsewhere(call) }
    }

    @concurrent private func readElsewhere(_ call: AdminCall) async throws -> JSONTree {
        let model = call.query["model"].flatMap { $0.isEmpty ? nil : $0 }
        switch (call.parts.first, call.parts.count) {
        case ("summary", 1): return await data.summary(try choice("window", call, .day), model: model)
        case ("shares", 1): return await data.shares(model: model)
        case ("frontier", 1): return await data.frontiers()
        case ("calibration", 1): return await data.calibration(model: model)
        case ("requests", 1):
            return await data.requests(
                try choice("by", call, .latest), model: model, limit: try call.integer("limit", 1...200, 25))
        case ("requests", 2):
            guard let request = await data.request(call.parts[1]) else {
                throw DoorError.notThere("request \"\(call.parts[1])\"")
            }
            return request
        case ("state", 1): return await data.state()
        default: throw DoorError.notThere("view \"\(call.parts.joined(separator: "/"))\"")
        }
    }

    private func choice<Choice: RawRepresentable & CaseIterable>(
        _ name: String, _ call: AdminCall, _ usual: Choice
    ) throws(DoorError) -> Choice where Choice.RawValue == String {
        guard let text = call.query[name] else { return usual }
        guard let choice = Choice(rawValue: text) else {
            let known = Choice.allCases.map(\.rawValue).joined(separator: ", ")
            throw .badRequest("\(name)=\(text): it must be one of \(known).", parameter: name)
        }
        return choice
    }
}
