import Foundation
import Storage

/// `/admin/api/requests`: what happened.
///
///     GET             the newest: ?limit=50 &by=slowest|dearest|newest &model= &key= &policy= &from= &until= (seconds)
///     GET /ID         one, with what was said of it
struct RequestsResource: AdminResource {
    static let name = "requests"

    let store: Store

    func read(_ call: AdminCall) async throws -> JSONTree {
        if let id = call.parts.first {
            guard let record = try await store.requests.request(id) else {
                throw DoorError.notThere("request \"\(id)\"")
            }
            return RequestJSON.object(record, feedback: try await store.feedback.all(of: id))
        }
        var filter = RequestRepository.Filter(
            model: call.query["model"], key: call.query["key"], from: try call.number("from"),
            until: try call.number("until"))
        if call.query["policy"] != nil { filter.policyVersion = try call.integer("policy", 0...Int.max, 0) }
        var order = RequestRepository.Order.newest
        if let text = call.query["by"] {
            guard let known = RequestRepository.Order(rawValue: text) else {
                let names = RequestRepository.Order.allCases.map(\.rawValue).joined(separator: ", ")
                throw DoorError.badRequest("by=\(text): it must be one of \(names).", parameter: "by")
            }
            order = known
        }
        let records = try await store.requests.latest(try call.integer("limit", 1...1_000, 50), filter, by: order)
        return ["object": "list", "data": .array(records.map { RequestJSON.object($0, feedback: nil) })]
    }
}
