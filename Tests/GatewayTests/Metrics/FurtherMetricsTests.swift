import Cascades
import Foundation
import NIOHTTP1
import Storage
import Testing

@testable import Gateway

@Suite(.timeLimit(.minutes(1))) struct `what metrics count` {
    private func record(
        moves: [Move], failed: Set<Int> = [], decision: Gateway.RequestRecord.Decision = .answered
    ) -> Gateway.RequestRecord {
        var record = Gateway.RequestRecord(
            id: "r", time: 0, api: .chatCompletions, model: "cascade",
            schema: LogSchema(stages: [StageSchema(name: "small"), StageSchema(name: "large")]))
        record.choices = (0..<2).map { Gateway.RequestRecord.Choice(stage: $0, name: "\($0)", start: 0) }
        for stage in failed { record.choices[stage].failure = "it failed" }
        record.moves = moves
        record.decision = decision
        return record
    }

    @Test func `are deferrals where the policy went on, not where a stage failed or all were asked to learn`() {
        let deferred = record(moves: [.ask(0), .ask(1), .stop(answer: 1)])
        let metrics = GatewayMetrics()
        let live = LiveTraffic()
        for one in [deferred, record(moves: [.ask(0)], failed: [0], decision: .failedOver)] {
            metrics.count(one, reference: 0)
            live.note(one)
        }
        var explored = record(moves: [.ask(0), .ask(1)])
        explored.isExplored = true
        metrics.count(explored, reference: 0)
        live.note(explored)
        #expect(metrics.counts.models["cascade"]?.deferred == 1)
        #expect(live.deferralRate == 1.0 / 3)
        // The policy went on, and then the second one failed.
        #expect(record(moves: [.ask(0), .ask(1)], failed: [1], decision: .failedOver).isDeferred)
    }

    @Test func `are records and what caches found`() async throws {
        try await ScriptedUpstream.run({ _ in .completion("hi") }) { upstream in
            try await StoredGateway.run(upstream) {
                $0.models[0].caching = CacheChoices()
            } _: { gateway in
                for _ in 0..<3 { #expect(try await gateway.ask().status == 200) }
                try await gateway.services.writer.flush()
                let text = try await gateway.send(.GET, "/metrics", key: StoredGateway.administrator).body
                for line in [
                    #"cascade_cache_total{model="small",found="exact"} 2"#,
                    #"cascade_cache_total{model="small",found="semantic"} 0"#,
                    #"cascade_cache_total{model="small",found="nothing"} 1"#, "cascade_records_waiting 0",
                    #"cascade_records_total{outcome="written"} 3"#, #"cascade_records_total{outcome="lost"} 0"#,
                ] { #expect(text.contains(line), "no \(line) in\n\(text)") }
            }
        }
    }
}
