import Catalog
import Testing

@Suite struct `population studies` {
    @Test func `find members that differ, around the single model`() async throws {
        let metrics = try await QuickRuns.findings("population-lm").metrics
        func value(_ name: String) throws -> Double { try #require(metrics.first { $0.name == name }?.value) }
        #expect(try value("strength of the disturbance") > 1e-3)
        for name in ["typicality", "priming"] {
            // A tenth more perplexity is a small disturbance: the population is near the model, and not the model.
            let (population, single) = (try value("\(name) effect"), try value("\(name) effect, single model"))
            #expect(population != single && abs(population - single) < 2, "\(name): \(population), \(single)")
        }
    }
}
