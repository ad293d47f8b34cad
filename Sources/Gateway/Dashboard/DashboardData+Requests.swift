import Cascades
import Deferral
import Foundation
import Storage

extension DashboardData {
    /// How requests are put in order.
    enum Order: String, CaseIterable {
        case latest, slowest, uncertain
    }

    /// Requests of one model or all, in `order`.
    func requests(_ order: Order, model: String?, limit: Int) async -> JSONTree {
        let filter = RequestRepository.Filter(model: model)
        var notes: [String: JSONTree] = [:]
        let found: Found<[SeenRequest]>
        switch order {
        case .latest: found = await last(limit, model: model)
        case .slowest:
            found = await find {
                try await $0.requests.slowest(limit, among: Self.lastRequests, filter).map(seen)
            } or: {
                Array(
                    core.live.last(LiveTraffic.requests, model: model).sorted { $0.seconds > $1.seconds }
                        .prefix(limit).map(seen))
            }
        case .uncertain:
            var all = await last(Self.closeLook, model: model)
            let closest = await closest(all.value).prefix(limit)
            all.value = closest.map(\.request)
            for close in closest { notes[close.request.id] = close.json }
            found = all
        }
        return .members([
            ("order", .string(order.rawValue)), ("source", .string(found.isFromStore ? "store" : "memory")),
            ("trouble", found.trouble.map { .string($0) }),
            ("among", .number(Double(order == .slowest ? Self.lastRequests : Self.closeLook))),
            (
                "requests",
                .array(
                    found.value.map { request in
                        guard let note = notes[request.id], case .object(let members) = request.brief else {
                            return request.brief
                        }
                        return .object(members + [JSONTree.Member("closest", note)])
                    })
            ),
        ])
    }

    /// A decision that nearly went the other way: a number of the rule close to what it was compared with.
    private struct Close {
        var request: SeenRequest
        var term: PolicyTerm
        var threshold: Double
        /// How far the number is from the threshold, in standard deviations of that number.
        var distance: Double

        var json: JSONTree {
            [
                "name": .string(term.name), "value": .number(term.value), "threshold": .number(threshold),
                "distance": .number(distance),
            ]
        }
    }

    /// The requests whose decisions were closest, the closest first. Numbers of different rules have different scales,
    /// so distances are told in standard deviations of each number over these requests.
    private func closest(_ requests: [SeenRequest]) async -> [Close] {
        struct Name: Hashable {
            var model: String
            var policy: String?
            var schema: LogSchema
            var term: String
        }
        var rules: [Name: DecidingRule?] = [:]
        var terms: [Name: [(request: Int, term: PolicyTerm, threshold: Double)]] = [:]
        for (index, request) in requests.enumerated() {
            let key = Name(model: request.model, policy: request.policy, schema: request.schema, term: "")
            let rule: DecidingRule?
            if let known = rules[key] {
                rule = known
            } else {
                rule = await self.rule(of: request)
                rules[key] = .some(rule)
            }
            guard let rule else { continue }
            for term in rule.policy.terms(request.state(rule.schema, weights: rule.weights)) {
                guard let threshold = term.threshold, threshold.isFinite, term.value.isFinite else { continue }
                let name = Name(model: request.model, policy: request.policy, schema: request.schema, term: term.name)
                terms[name, default: []].append((index, term, threshold))
            }
        }
        var best: [Int: Close] = [:]
        for found in terms.values where found.count > 2 {
            let mean = found.reduce(0) { $0 + $1.term.value } / Double(found.count)
            let squares = found.reduce(0) { $0 + ($1.term.value - mean) * ($1.term.value - mean) }
            let deviation = (squares / Double(found.count - 1)).squareRoot()
            guard deviation > 0 else { continue }
            for (request, term, threshold) in found {
                let distance = abs(term.value - threshold) / deviation
                if best[request].map({ distance < $0.distance }) ?? true {
                    best[request] = Close(
                        request: requests[request], term: term, threshold: threshold, distance: distance)
                }
            }
        }
        return best.sorted { ($0.value.distance, $0.key) < ($1.value.distance, $1.key) }.map(\.value)
    }

    /// All that is known of the request called `id`: what each stage gave, the rule with its numbers, and what would
    /// have changed its moves. Nil where nobody knows it.
    func request(_ id: String) async -> JSONTree? {
        let found = await find {
            try await $0.requests.request(id).map(seen)
        } or: {
            core.live.request(id).map(seen)
        }
        // The store's writer is a moment behind.
        guard let request = found.value ?? core.live.request(id).map(seen) else { return nil }
        var explained: RequestExplanation?
        if let rule = await rule(of: request) {
            let others = await last(1000, model: request.model).value.filter { $0.schema == rule.schema }
            explained = RequestExplanation(request, rule, others: others)
        }
        let judged = await find {
            try await $0.feedback.all(of: id)
        } or: {
            []
        }
        return .members([
            ("request", request.brief), ("coin", .number(request.coin)),
            ("input", request.input.map { .string($0) }), ("context", Self.context(of: request)),
            ("stages", .array(request.choices.map { Self.json($0, request.schema) })),
            ("explanation", explained?.json),
            (
                "feedback",
                .array(
                    judged.value.map { said in
                        .members([
                            ("source", .string(said.source)), ("quality", .number(said.quality)),
                            ("time", .number(said.time)),
                            (
                                "stage",
                                said.stage.flatMap { index in
                                    request.choices.first { $0.stage == index }.map { JSONTree.string($0.name) }
                                }
                            ), ("note", said.note.map { .string($0) }),
                        ])
                    })
            ), ("source", .string(found.isFromStore ? "store" : "memory")),
        ])
    }

    private static func context(of request: SeenRequest) -> JSONTree? {
        let names = request.schema.context
        guard names.count == request.context.count, !names.isEmpty else { return nil }
        return .object(zip(names, request.context).map { JSONTree.Member($0, .number($1)) })
    }

    private static func json(_ choice: SeenRequest.Choice, _ schema: LogSchema) -> JSONTree {
        var evidence: [JSONTree.Member] = []
        if schema.stages.indices.contains(choice.stage) {
            evidence = zip(schema.stages[choice.stage].evidence, choice.evidence).map {
                JSONTree.Member($0, .number($1))
            }
        }
        return .members([
            ("stage", .string(choice.name)), ("start", .number(choice.start)), ("seconds", .number(choice.duration)),
            ("money", .number(choice.cost.money)), ("tokensIn", .number(choice.cost.tokensIn)),
            ("tokensOut", .number(choice.cost.tokensOut)), ("failure", choice.failure.map { .string($0) }),
            ("output", choice.output.map { .string($0) }), ("evidence", .object(evidence)),
        ])
    }
}
