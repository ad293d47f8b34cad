import Catalog
import Language
import Testing

/// The file of the small model is here.
private let hasModel = (try? ModelStore().path(of: "smollm2-135m")) != nil

@Suite(.enabled(if: hasModel), .serialized) struct `experiments on reasoning` {
    @Test
    func
        `methods of inference agree on a program over a language model, and the self-taught loop says whether it rose`()
        async throws
    {
        let findings = try await QuickRuns.findings("language-model-cascades")
        let agreement = try #require(findings.verdicts["agreement"])
        #expect(agreement.outcome == .held, "\(agreement.measured)")
        let steps = findings.metrics.filter { $0.name.hasPrefix("training ln p(answer)") }.map(\.value)
        #expect(steps.count >= 2)
        #expect((findings.verdicts["star"]?.outcome == .held) == (steps[steps.count - 1] > steps[0]))
    }
}
