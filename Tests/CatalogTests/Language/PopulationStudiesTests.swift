import Language
import Probability
import Testing

@testable import Catalog

@Suite struct `population studies` {
    @Test func `measure what the models themselves say of the contrasts`() async throws {
        let metrics = try await QuickRuns.findings("population-lm").metrics
        func value(_ name: String) throws -> Double { try #require(metrics.first { $0.name == name }?.value) }
        // The same models, asked anew for the same contrasts in the same order: last bits hang on what the cache holds.
        let model = try ExperimentModels.load(as: .q4Zero).model
        let strength = try value("strength of the disturbance")
        let population = try ModelPopulation(model, count: 3, strength: strength, seed: 2)
        let undisturbed = try ModelPopulation(model, count: 1, strength: 0, seed: 0).members[0]
        var random = Random(seed: 1)
        let studies = [
            ("typicality", TypicalityStudy.categories.flatMap { $0.contrasts.prefix(1) }),
            ("priming", PrimingStudy.contrasts(2, using: &random)),
        ]
        for (name, contrasts) in studies {
            func mean(_ model: any LanguageModel) async throws -> Double {
                var sum = 0.0
                for contrast in contrasts {
                    var logs: [Double] = []
                    for side in [contrast.expected, contrast.other] {
                        logs += try await model.scores(of: [side.continuation], after: .text(side.prompt))
                            .logProbabilities
                    }
                    sum += logs[0] - logs[1]
                }
                return sum / Double(contrasts.count)
            }
            let single = try await mean(undisturbed)
            let told = try value("\(name) effect, single model")
            #expect(abs(single - told) < 1e-6, "\(name): \(single), \(told)")
            var members: [Double] = []
            for member in population.members { members.append(try await mean(member)) }
            let effect = try value("\(name) effect")
            #expect(abs(members.reduce(0, +) / 3 - effect) < 1e-6, "\(name): \(members), \(effect)")
            // They are disturbed, each in its own way.
            #expect(Set(members + [single]).count == 4)
        }
    }
}
