import Cascades
import Testing

@testable import Deferral

@Suite struct `an ordinal answer` {
    let head: TwoPointHead

    init() throws { head = try TwoPointHead(points: [0, 10, 20, 30]) }

    @Test func `has the evidence that was worked out by hand`() throws {
        let answer = try OrdinalAnswer(distribution: [0.1, 0.2, 0.6, 0.1], head: head)
        #expect(abs(answer.value - 17) < 1e-12)
        // 0.1 * 289 + 0.2 * 49 + 0.6 * 9 + 0.1 * 169 = 61.
        #expect(abs(answer.spread - 61.0.squareRoot()) < 1e-12)
        #expect(abs(answer.adjacentMass - 0.8) < 1e-12)
        #expect(abs(answer.modeGap - 3) < 1e-12)
        #expect(answer.evidence.names == OrdinalAnswer.evidenceNames)
        #expect(answer.evidence["spread"] == answer.spread)
        #expect(answer.answer(cost: Cost(operations: 7)).cost.operations == 7)
    }

    @Test func `of a two-point representation has all its mass on two points`() throws {
        for target in [0, 3.5, 10, 29, 30] {
            let answer = try OrdinalAnswer(distribution: head.distribution(of: target), head: head)
            #expect(abs(answer.value - target) < 1e-12 && answer.adjacentMass == 1)
            #expect(answer.spread <= 5 + 1e-12 && answer.modeGap <= 5 + 1e-12)
        }
        #expect(try OrdinalAnswer(distribution: head.distribution(of: 20), head: head).spread == 0)
    }

    @Test func `has a quality of 0 at the truth and -1 a scale away`() throws {
        let answer = try OrdinalAnswer(distribution: head.distribution(of: 12), head: head)
        #expect(abs(answer.quality(truth: 12, scale: 30)) < 1e-15)
        #expect(abs(answer.quality(truth: 42, scale: 30) + 1) < 1e-15)
    }

    @Test func `refuses what is no distribution over the points`() {
        for distribution in [[], [1], [0.5, 0.5, 0.5, 0.5], [1.5, -0.5, 0, 0], [.nan, 0, 0, 1]] {
            #expect(throws: CascadeError.self) { try OrdinalAnswer(distribution: distribution, head: head) }
        }
    }

    @Test func `is an output that a stage can give to policies`() async throws {
        let head = head
        let stage = FunctionStage("age", evidence: OrdinalAnswer.evidenceNames) { (target: Double) in
            try OrdinalAnswer(distribution: head.distribution(of: target), head: head).answer()
        }
        let answer = try await stage.answer(14)
        #expect(answer.evidence.ordered(as: stage.evidenceNames) == [answer.output.spread, answer.output.adjacentMass, answer.output.modeGap])
    }
}
