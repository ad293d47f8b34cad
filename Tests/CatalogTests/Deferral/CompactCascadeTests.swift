import Deferral
import Testing

@testable import Catalog

@Suite struct `the compact cascade` {
    @Test func `decides every claim in the quick size, on errors smaller than always guessing the middle`() async throws
    {
        let experiment = CompactCascade()
        let findings = try await QuickRuns.findings(experiment.id)
        #expect(Set(findings.verdicts.keys) == Set(experiment.claims.map(\.id)))
        let error = try #require(findings.metrics.first { $0.name.hasSuffix("two-point cascade") })
        // Levels 1 to 7 evenly filled lie 12/7 from the middle on average.
        #expect(error.value > 0 && error.value < 12.0 / 7)
    }

    @Test func `gives no method fewer units or weights than the two-point network, nor more units than that takes`() {
        for (levels, points, hidden) in [(7, 4, 8), (9, 5, 8), (70, 8, 3)] {
            let task = OrdinalTask(simulated: 700, levels: levels, points: points, seed: 1)
            let budget = OrdinalMethod.twoPoint.weights(task, hidden: hidden)
            for method in OrdinalMethod.allCases {
                let units = method.hidden(task, twoPoint: hidden)
                #expect(units >= hidden && method.weights(task, hidden: units) >= budget)
                #expect(units == hidden || method.weights(task, hidden: units - 1) < budget)
            }
        }
    }

    @Test func `simulates levels that are equally frequent`() {
        let task = OrdinalTask(simulated: 700, levels: 7, points: 4, seed: 1)
        #expect(task.width == 10)
        for level in 1...7 { #expect(task.targets.count { $0 == Double(level) } == 100) }
    }
}
