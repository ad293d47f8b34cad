import Cascades
import Probability
import Testing

@testable import Deferral

@Suite struct `windows of equal shares` {
    /// Items 0...99 whose score at both stages is their number.
    private func log() -> OutcomeLog {
        let schema = LogSchema(stages: [.init(name: "a", evidence: ["top"]), .init(name: "b", evidence: ["top"])])
        var log = OutcomeLog(schema: schema, ids: (0..<100).map { "\($0)" }, quality: Array(repeating: 1, count: 200))
        log.evidence = (0..<100).flatMap { [Double($0), Double($0)] }
        return log
    }
    private let scores = [ConfidenceScore(signal: 0), ConfidenceScore(signal: 1)]

    @Test func `hold the share asked for on both sides of the boundary`() throws {
        let policy = try WindowPolicy.around([30, 50], stages: [0, 1], scores: scores, halfWidth: 0.1, on: log())
        #expect(policy.steps[0].lower == 20 && policy.steps[0].upper == 40)
        #expect(policy.steps[1].lower == 50 && policy.steps[1].upper == 50)
    }

    @Test func `are open where the boundary is near an end`() throws {
        let low = try WindowPolicy.around([5, 50], stages: [0, 1], scores: scores, halfWidth: 0.1, on: log())
        #expect(low.steps[0].lower == -.infinity && low.steps[0].upper == 15)
        let high = try WindowPolicy.around([.infinity, 50], stages: [0, 1], scores: scores, halfWidth: 0.1, on: log())
        #expect(high.steps[0].lower == 90 && high.steps[0].upper == .infinity)
        let all = try WindowPolicy.around([50, 50], stages: [0, 1], scores: scores, halfWidth: 1, on: log())
        #expect(all.steps[0].lower == -.infinity && all.steps[0].upper == .infinity)
    }

    @Test func `send nothing on at half width 0`() throws {
        let policy = try WindowPolicy.around([30, 50], stages: [0, 1], scores: scores, halfWidth: 0, on: log())
        #expect(policy.steps[0].lower == policy.steps[0].upper)
    }

    @Test func `refuse missing scores and counts that differ`() {
        var missing = log()
        missing.evidence[6] = .nan
        #expect(throws: DeferralError.self) {
            try WindowPolicy.around([30, 50], stages: [0, 1], scores: scores, halfWidth: 0.1, on: missing)
        }
        #expect(throws: DeferralError.self) {
            try WindowPolicy.around([30], stages: [0, 1], scores: scores, halfWidth: 0.1, on: log())
        }
        #expect(throws: DeferralError.self) {
            try WindowPolicy.around([30, 50], stages: [0, 1], scores: scores, halfWidth: 1.1, on: log())
        }
    }
}
