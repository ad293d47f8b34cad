import Foundation
import NumericalMethods
import Probability
import Testing

@testable import Inference

@Suite struct `simulation-based calibration` {
    @Test func `ranks of the truth among posterior draws are uniform`() throws {
        // 640 problems: θ from the prior, 5 observations, 63 thinned draws; ranks in 8 bins. χ² on 7 degrees of freedom
        // exceeds 52 with probability 6e-9. Thinning makes the draws near independent, as uniform ranks need.
        let root = Random(seed: 12)
        let ranks = try Parallel.map(count: 640) { problem -> (Int, Int) in
            var random = root.split(UInt64(problem))
            let theta = 2 * random.normal()
            let target = NormalMean(data: (0..<5).map { _ in theta + random.normal() })
            let draws = try ChainSampler(chains: 1, warmUp: 150, draws: 63, thinning: 5).run(
                NoUTurnSampler(target: target), seed: UInt64(problem)
            ).draws
            let shift = 0.5 * target.posteriorVariance.squareRoot()
            return (draws.values.count { $0 < theta }, draws.values.count { $0 < theta + shift })
        }
        func statistic(_ ranks: [Int]) -> Double {
            var counts = [Double](repeating: 0, count: 8)
            for rank in ranks { counts[rank / 8] += 1 }
            return counts.reduce(0) { $0 + ($1 - 80) * ($1 - 80) / 80 }
        }
        #expect(statistic(ranks.map(\.0)) < 52)
        // A posterior that is off by half a standard deviation shows.
        #expect(statistic(ranks.map(\.1)) > 52)
    }
}
