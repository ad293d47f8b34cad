import Cascades
import Foundation
import Inference
import Probability
import Testing

@Suite("The article on programs") struct ProgramArticleTests {
    @Test("says what its example gives")
    func example() throws {
        let program = Program<Int, Bool> { scope, attempts in
            for attempt in 0..<attempts {
                let isRight = try scope.flip(.at("right", attempt), 0.6)
                if try scope.flip(.at("passes", attempt), isRight ? 0.9 : 0.2) { return isRight }
            }
            try scope.require("passed", false)
            return false
        }
        let exact = try ProgramEnumeration().run(program, 2)
        // A try passes with probability 0.54 + 0.08 = 0.62, and what passed is right with probability 0.54 / 0.62.
        #expect(abs(exact.posterior.probability { $0 } - 0.54 / 0.62) < 1e-12)
        #expect(abs(exp(exact.posterior.logEvidence ?? 0) - (1 - 0.38 * 0.38)) < 1e-12)
        var random = Random(seed: 1)
        let smc = try ReexecutionSMC(particles: 1000).run(program, 2, using: &random)
        // 6 standard errors: false alarm 2e-9.
        #expect(abs(smc.probability { $0 } - 0.871) < 6 * 0.0115)
        let run = try program.record(2, using: &random)
        #expect(TraceExplanation(run.trace).description.contains("right[0] = "))
        #expect(exact.posterior.mode)
    }
}
