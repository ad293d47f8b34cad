import Cascades
import Probability
import Testing

@testable import Deferral

@Suite struct `windows` {
    @Test func `equal the best pair of cuts of all`() {
        var random = Random(seed: 11)
        for _ in 0..<50 {
            let items = 20
            func draw() -> [Double] { (0..<items).map { _ in random.uniform() } }
            let (answer, goOn, abstain) = (draw(), draw(), draw())
            let order = ScoreOrder(
                (0..<items).map { _ in random.uniform() < 0.1 ? .nan : (random.uniform() * 8).rounded() })
            func value(_ upper: Int, _ lower: Int) -> Double {
                (0..<items).reduce(0.0) { sum, item in
                    let group = Int(order.group[item])
                    if group < upper { return sum + answer[item] }
                    return sum + (group >= lower && group < order.cuts ? abstain[item] : goOn[item])
                }
            }
            let window = Window(answer: answer, goOn: goOn, abstain: abstain, order: order)
            var best = -Double.infinity
            for upper in 0...order.cuts { for lower in upper...order.cuts { best = max(best, value(upper, lower)) } }
            #expect(abs(value(window.upperCut, window.lowerCut) - best) < 1e-9)
        }
    }

    @Test func `beat thresholds where a wrong answer is worse than none`() throws {
        var log = SimulatedLog.rising(items: 4000, stages: 2, seed: 3)
        // A wrong answer costs as much as a right one brings.
        log.quality = log.quality.map { $0 == 0 ? -1 : $0 }
        let costed = CostedLog(log)
        var random = Random(seed: 1)
        let windows = try WindowLearner().fit(costed, using: &random)
        let thresholds = try ThresholdLearner().fit(costed, using: &random)
        let price = 0.02
        func value(_ policy: any Policy) -> Double {
            let outcomes = Replay.outcomes(of: policy, on: costed)
            return outcomes.meanQuality - price * outcomes.meanCost
        }
        #expect(value(windows.policy(price: price)) > value(thresholds.policy(price: price)) + 0.05)
    }

    @Test func `are refused where no answer is worse than none`() {
        let costed = CostedLog(SimulatedLog.rising(items: 50, stages: 2, seed: 3))
        #expect(WindowLearner().obstacle(costed) != nil)
    }
}
