import Cascades
import Probability
import Testing

@testable import Deferral

/// A path whose policies were made once.
struct FixedPath: PolicyPath {
    let prices: [Double]
    let policies: [any Policy]

    init(_ path: any PolicyPath, prices: [Double]) {
        self.prices = prices
        policies = prices.map { path.policy(price: $0) }
    }

    func policy(price: Double) -> any Policy { policies[prices.firstIndex(of: price)!] }
}

@Suite struct `a certificate` {
    let training = CostedLog(SimulatedLog.rising(items: 1500, stages: 3, seed: 71))

    func path() throws -> FixedPath {
        var random = Random(seed: 1)
        return FixedPath(
            try ThresholdLearner().fit(training, using: &random), prices: PriceGrid.coarse(for: training, count: 20))
    }

    @Test(arguments: [RiskBound.betting, .hoeffdingBentkus])
    func `is broken for no more than the stated share of 300 fresh logs`(bound: RiskBound) throws {
        let path = try path()
        let reference = training.bestStage
        // The truth, on a log so large that its error (0.5 / sqrt(200,000)) does not matter at the margin asked.
        let truth = CostedLog(SimulatedLog.rising(items: 200_000, stages: 3, seed: 72))
        let outcomes = path.policies.map { Replay.outcomes(of: $0, on: truth).meanQuality }
        let keep = 0.95
        let needed = keep * truth.meanQuality[reference] - 0.002
        var broken = 0
        var certified = 0
        var cheaper = 0
        for trial in 0..<300 {
            let calibration = CostedLog(SimulatedLog.rising(items: 600, stages: 3, seed: 1000 + UInt64(trial)))
            let certificate = try Certificate.certify(
                path, training: training, calibration: calibration, reference: reference, goal: .keep(keep),
                confidence: 0.9, bound: bound, prices: path.prices)
            guard let price = certificate.price else { continue }
            certified += 1
            #expect(certificate.pValue <= 0.1)
            let index = path.prices.firstIndex(of: price)!
            if outcomes[index] < needed { broken += 1 }
            if price > 0 { cheaper += 1 }
        }
        // Binomial(300, 0.1) exceeds 58 with probability below 1e-6.
        #expect(broken <= 58)
        // Betting must also be of use: it certifies savings on most logs of this size.
        if bound == .betting { #expect(certified > 150 && cheaper > 150) }
    }

    @Test func `for a budget is broken for no more than the stated share of 300 fresh logs`() throws {
        let path = try path()
        let truth = CostedLog(SimulatedLog.rising(items: 100_000, stages: 3, seed: 73))
        let costs = path.policies.map { Replay.outcomes(of: $0, on: truth).meanCost }
        var broken = 0
        var certified = 0
        for trial in 0..<300 {
            let calibration = CostedLog(SimulatedLog.rising(items: 500, stages: 3, seed: 5000 + UInt64(trial)))
            let certificate = try Certificate.certify(
                path, training: training, calibration: calibration, reference: 2, goal: .budget(8), confidence: 0.9,
                prices: path.prices)
            guard let price = certificate.price else { continue }
            certified += 1
            if costs[path.prices.firstIndex(of: price)!] > 8 + 0.05 { broken += 1 }
        }
        #expect(broken <= 58)
        #expect(certified > 250)
    }

    @Test func `is honestly refused on a log that is too small, with the number of items needed`() throws {
        let calibration = CostedLog(SimulatedLog.rising(items: 25, stages: 3, seed: 74))
        let certificate = try Certificate.certify(
            path(), training: training, calibration: calibration, reference: training.bestStage, goal: .keep(0.99),
            confidence: 0.95, prices: path().prices)
        #expect(certificate.policy == nil)
        #expect(certificate.passed == 0)
    }

    @Test func `needs a goal that can be promised and whole items`() throws {
        let path = try path()
        #expect(throws: DeferralError.self) {
            try Certificate.certify(
                path, training: training, calibration: training, reference: 0, goal: .price(1), confidence: 0.9,
                prices: path.prices)
        }
        let missing = CostedLog(SimulatedLog.rising(items: 100, stages: 3, seed: 75, missing: 0.2))
        #expect(throws: DeferralError.self) {
            try Certificate.certify(
                path, training: training, calibration: missing, reference: 0, goal: .keep(0.9), confidence: 0.9,
                prices: path.prices)
        }
    }
}
