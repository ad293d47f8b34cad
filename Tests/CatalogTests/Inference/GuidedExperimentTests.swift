import Inference
import Probability
import Testing

@testable import Catalog

@Suite struct `experiments of guided and nested inference` {
    // No claim of these can fail by chance alone but for the z-tests at 3.5 standard errors, whose seeds are fixed.
    @Test(arguments: ["read", "hmm-conformal", "backward-filtering", "ito-chains"])
    func `hold their claims in the quick size, or leave them open`(id: String) async throws {
        let findings = try await QuickRuns.findings(id)
        for (claim, verdict) in findings.verdicts {
            #expect(verdict.outcome != .failed, "\(id), \(claim): \(verdict.measured)")
        }
    }

    @Test func `the sine walk has the exact value of its closed form at depth 1`() throws {
        // E sin(2 y₀) for y₀ ~ N(1/2, 1).
        #expect(abs(try SineWalk(depth: 1).exactValue() - 0.113_880_7) < 1e-6)
        #expect(abs(try SineWalk(depth: 3).exactValue()) < 1)
    }

    @Test func `the wearing machine starts sound and keeps its rows`() {
        var random = Random(seed: 1)
        let machine = WearingMachine()
        for _ in 0..<20 { #expect(machine.sample(5, using: &random).states[0] == 0) }
        for row in 0..<3 {
            #expect(abs(machine.transition[row * 3..<row * 3 + 3].reduce(0, +) - 1) < 1e-12)
            #expect(abs(machine.emission[row * 3..<row * 3 + 3].reduce(0, +) - 1) < 1e-12)
        }
    }
}
