import Foundation
import Language
import Testing

@testable import Catalog

/// Slow thinking over scripted models that add: what every method finds is known.
@Suite struct `slow thinking` {
    /// Adds term by term, each step in one of two wordings; every step's result is off by `error`.
    private static func adder(_ error: Int) -> ScriptedLanguageModel {
        ScriptedLanguageModel { prompt in
            let form = prompt.wholeText.components(separatedBy: "\n\n").last ?? ""
            let lines = form.split(separator: "\n")
            let terms = lines[0].split { !$0.isNumber }.compactMap { Int($0) }
            if form.hasSuffix("Answer:") { return [ScriptedAnswer("\(terms.reduce(0, +))\n")] }
            let works = lines.filter { $0.hasPrefix("Work: ") }
            let last = works.last.flatMap { $0.split { !$0.isNumber }.last }.flatMap { Int($0) } ?? terms[0]
            let next = terms[min(works.count + 1, terms.count - 1)]
            return [(last, next), (next, last)].map { a, b in
                ScriptedAnswer("\(a) + \(b) = \(last + next + error)\n", probability: 0.5)
            }
        }
    }

    @Test(arguments: [(0, 1.0), (1, 0.0)])
    func `finds what an adder finds, by every method, also where a search ends before the answer`(
        error: Int, share: Double
    ) async throws {
        let findings = try await SlowThinking().run(
            ExperimentContext(size: .quick, seed: 1), over: Self.adder(error))
        for name in ["a single chain", "majority of 3", "best of 3 by reward", "search by reward"] {
            let metric = try #require(findings.metrics.first { $0.name == "right, \(name)" })
            #expect(metric.value == share, "\(name): \(metric.value)")
        }
        let experiment = try Experiments.named("slow-thinking")
        #expect(Set(findings.verdicts.keys) == Set(experiment.claims.map(\.id)))
        // Nothing tells one wording from the other, or one method from another.
        for claim in ["best-of-n", "best-vote", "search", "search-vote"] {
            #expect(findings.verdicts[claim]?.outcome == .notDecided, "\(claim)")
        }
    }
}
