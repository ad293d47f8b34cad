import Deferral
import Testing

@testable import Catalog

@Suite struct `the compact cascade` {
    @Test func `decides every claim in the quick size, on errors smaller than always guessing the middle`() throws {
        let experiment = CompactCascade()
        let findings = try experiment.run(ExperimentContext(seed: 5))
        #expect(Set(findings.verdicts.keys) == Set(experiment.claims.map(\.id)))
        let error = try #require(findings.metrics.first { $0.name.hasSuffix("two-point cascade") })
        // Levels 1 to 7 evenly filled lie 12/7 from the middle on average.
        #expect(error.value > 0 && error.value < 12.0 / 7)
    }

    @Test func `gives no method fewer weights than the two-point network`() {
        for (width, hidden, levels) in [(44, 8, 7), (44, 8, 9), (10, 3, 7)] {
            let budget = OrdinalMethod.twoPoint.weights(width: width, hidden: hidden, levels: levels)
            for method in OrdinalMethod.allCases {
                let units = method.hidden(width: width, twoPoint: hidden, levels: levels)
                #expect(method.weights(width: width, hidden: units, levels: levels) >= budget)
                #expect(units == 1 || method.weights(width: width, hidden: units - 1, levels: levels) < budget)
            }
        }
    }

    @Test func `simulates levels that are equally frequent`() {
        let task = OrdinalTask(simulated: 700, seed: 1)
        #expect(task.width == 10)
        for level in 1...7 { #expect(task.targets.count { $0 == Double(level) } == 100) }
    }
}
