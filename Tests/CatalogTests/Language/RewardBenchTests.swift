import Language
import Probability
import Testing

@testable import Catalog

@Suite struct `reward bench` {
    @Test func `finds that length alone knows nothing of content`() async throws {
        let metrics = try await QuickRuns.findings("reward-bench").metrics
        func value(_ name: String) throws -> Double { try #require(metrics.first { $0.name == name }?.value) }
        #expect(try value("easy, length") == 1)
        // Words of the same question may differ in length, digits do not.
        #expect(try value("normal, length") <= 0.5 && value("hard, length") == 0)
    }

    /// Rewards a right answer by 1 and length by as much as is said; a sum is right where it holds its value.
    private struct KnownReward: RewardModel {
        var name: String
        var length: Double
        var sign = 1.0
        func rewards(of responses: [String], to prompt: String) -> [Double] {
            let numbers = prompt.split { !$0.isNumber }.compactMap { Int($0) }
            let value = prompt.contains("+") ? numbers[0] + numbers[1] : numbers[0] - numbers[1]
            return responses.map { response in
                let isRight = response.split { !$0.isNumber }.contains { $0 == "\(value)" }
                return (isRight ? sign : 0) + length * Double(response.count)
            }
        }
    }

    @Test func `tells rewards of content, of style and of the contrary apart`() async throws {
        var random = Random(seed: 3)
        let pairs = SubtlePairs.pairs(SubtlePairs.sums(12, using: &random))
        func findings(_ reward: KnownReward) async throws -> Findings {
            try await RewardBench().findings(
                on: pairs, learnedFrom: 0, by: [reward, LengthReward()], ExperimentContext(size: .quick, seed: 1))
        }
        // Easy, normal and hard; what is claimed of it.
        let cases: [(KnownReward, [Double], subtle: Verdict.Outcome, belowChance: Verdict.Outcome)] = [
            (KnownReward(name: "content, a token", length: 0), [1, 1, 1], .held, .failed),
            (KnownReward(name: "style first, a token", length: 1), [1, 1, 0], .held, .held),
            (KnownReward(name: "contrary, a token", length: 0, sign: -1), [0, 0, 0], .failed, .held),
        ]
        for (reward, shares, subtle, belowChance) in cases {
            let found = try await findings(reward)
            for (kind, share) in zip(["easy", "normal", "hard"], shares) {
                let metric = try #require(found.metrics.first { $0.name == "\(kind), \(reward.name)" })
                #expect(metric.value == share, "\(metric.name): \(metric.value)")
            }
            #expect(found.verdicts["subtle"]?.outcome == subtle, "\(reward.name)")
            #expect(found.verdicts["hard-below-chance"]?.outcome == belowChance, "\(reward.name)")
            let moves: Verdict.Outcome = reward.length > 0 ? .held : .failed
            #expect(found.verdicts["style-moves"]?.outcome == moves, "\(reward.name)")
        }
    }
}
