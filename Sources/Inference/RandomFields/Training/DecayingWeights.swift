/// Weights that all shrink at every step, and their running average, with updates that touch few of them.
///
/// The weights are `w = v / divisor`: shrinking by a factor divides the divisor. The average is
/// `a = (u + share * v) / averageDivisor`, so that a step on few elements of `v` changes as few of `u`.
struct DecayingWeights: Sendable {
    typealias Vector = SIMD4<Double>

    let tables: ChainTables
    /// State weights times the divisor, in the layout of the tables; 1 where there is a feature, in `mask`.
    var states: [Vector]
    var stateAverages: [Vector]
    let mask: [Vector]
    /// Transition weights likewise, `[labels, labels]`.
    var transitions: [Double]
    var transitionAverages: [Double]
    let transitionMask: [Double]
    private(set) var divisor = 1.0
    private var averageDivisor = 1.0
    private(set) var share = 1.0

    init(_ tables: ChainTables) {
        self.tables = tables
        states = [Vector](repeating: .zero, count: tables.size)
        stateAverages = states
        mask = tables.laidOut([Double](repeating: 1, count: tables.features.count))
        transitionMask = tables.transitionScores([Double](repeating: 1, count: tables.features.count))
        transitions = [Double](repeating: 0, count: transitionMask.count)
        transitionAverages = transitions
    }

    /// All weights times `factor`.
    mutating func shrink(by factor: Double) {
        divisor /= factor
        guard divisor > 1e100 else { return }
        // Before the numbers grow out of range, bring them back.
        let average = averaged()
        let present = current()
        self = DecayingWeights(tables)
        let features = tables.features
        states = tables.laidOut(present)
        transitions = tables.transitionScores(present)
        let rest = zip(average, present).map { $0 - $1 }
        stateAverages = tables.laidOut(rest)
        transitionAverages = tables.transitionScores(rest)
        precondition(present.count == features.count, "a weight a feature")
    }

    /// Moves the average towards the present weights; at 1 it becomes them.
    mutating func average(_ mean: Double) {
        if mean >= 1 {
            for i in stateAverages.indices { stateAverages[i] = .zero }
            for i in transitionAverages.indices { transitionAverages[i] = 0 }
            (averageDivisor, share) = (divisor, 1)
        } else {
            averageDivisor /= 1 - mean
            share += mean * averageDivisor / divisor
        }
    }

    /// The present weights, `[features]`.
    func current() -> [Double] { gather(states, transitions, 0, [], [], divisor) }

    /// The averaged weights, `[features]`.
    func averaged() -> [Double] {
        gather(states, transitions, share, stateAverages, transitionAverages, averageDivisor)
    }

    private func gather(
        _ v: [Vector], _ vTransitions: [Double], _ share: Double, _ u: [Vector], _ uTransitions: [Double],
        _ divisor: Double
    ) -> [Double] {
        let factor = u.isEmpty && uTransitions.isEmpty ? 1 : share
        let features = tables.features
        var result = [Double](repeating: 0, count: features.count)
        for (k, slot) in tables.slots.enumerated() {
            let (vector, lane) = (Int(slot) / 4, Int(slot) % 4)
            result[k] = (factor * v[vector][lane] + (u.isEmpty ? 0 : u[vector][lane])) / divisor
        }
        for (k, pair) in features.transitions.enumerated() {
            let rest = uTransitions.isEmpty ? 0 : uTransitions[Int(pair)]
            result[features.transitionBase + k] = (factor * vTransitions[Int(pair)] + rest) / divisor
        }
        return result
    }
}
