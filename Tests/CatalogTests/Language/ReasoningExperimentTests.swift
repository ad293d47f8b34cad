import Catalog
import Language
import Testing

/// The file of the small model is here.
private let hasModel = (try? ModelStore().path(of: "smollm2-135m")) != nil

@Suite(.enabled(if: hasModel), .serialized) struct `experiments on reasoning` {
    @Test func `methods of inference agree on a program over a language model, and the self-taught loop never falls`()
        async throws
    {
        let findings = try await QuickRuns.findings("language-model-cascades")
        let agreement = try #require(findings.verdicts["agreement"])
        #expect(agreement.outcome == .held, "\(agreement.measured)")
        #expect(findings.verdicts["star"]?.outcome != .failed)
        let steps = findings.metrics.filter { $0.name.hasPrefix("training ln p(answer)") }.map(\.value)
        #expect(steps.count >= 2 && zip(steps, steps.dropFirst()).allSatisfy { $0 <= $1 })
    }

    @Test func `slow thinking measures every method on the same questions`() async throws {
        let findings = try await QuickRuns.findings("slow-thinking")
        for name in ["a single chain", "majority of 3", "best of 3 by reward", "search by reward"] {
            let metric = try #require(findings.metrics.first { $0.name == "right, \(name)" })
            #expect(0...1 ~= metric.value)
        }
        let experiment = try Experiments.named("slow-thinking")
        #expect(Set(findings.verdicts.keys) == Set(experiment.claims.map(\.id)))
    }
}
