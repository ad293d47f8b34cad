internal import Foundation

/// Whatever can make a discrete choice: a random stream, or a test that walks through every choice in turn.
public protocol ChoiceSource {
    /// An index, chosen with probability proportional to `exp(logWeights[index])`.
    ///
    /// - Parameter logWeights: `[choices]` in nats, not normalised; −infinity marks an impossible choice.
    /// - Throws: ``WeightError`` where there are none, one is NaN or +infinity, or all are −infinity.
    mutating func choose(logWeights: Span<Double>) throws(WeightError) -> Int
}

extension ChoiceSource {
    /// ``choose(logWeights:)-(Span<Double>)`` for an array.
    public mutating func choose(logWeights: [Double]) throws(WeightError) -> Int {
        try choose(logWeights: logWeights.span)
    }
}

extension Random: ChoiceSource {
    /// An index, chosen with probability proportional to `exp(logWeights[index])`, by inversion from one uniform number.
    ///
    /// - Parameter logWeights: `[choices]` in nats, not normalised; −infinity marks an impossible choice.
    /// - Throws: ``WeightError`` where there are none, one is NaN or +infinity, or all are −infinity.
    public mutating func choose(logWeights: Span<Double>) throws(WeightError) -> Int {
        let count = logWeights.count
        guard count > 0 else { throw .empty }
        var largest = -Double.infinity
        for i in 0..<count {
            let w = logWeights[i]
            guard w < .infinity else { throw .invalid(index: i, value: w) }
            if w > largest { largest = w }
        }
        guard largest > -.infinity else { throw .allZero(count: count) }
        let u = uniform()
        return withUnsafeTemporaryAllocation(of: Double.self, capacity: count) { weights in
            var total = 0.0
            for i in 0..<count {
                weights[i] = exp(logWeights[i] - largest)
                total += weights[i]
            }
            return Self.index(of: u * total, in: UnsafeBufferPointer(weights))
        }
    }

    /// An index, chosen with probability proportional to `weights[index]`, by inversion from one uniform number.
    ///
    /// - Parameter weights: `[choices]`, not normalised.
    /// - Throws: ``WeightError`` where there are none, one is NaN, negative or infinite, or all are zero.
    public mutating func choose(weights: Span<Double>) throws(WeightError) -> Int {
        let count = weights.count
        guard count > 0 else { throw .empty }
        var total = 0.0
        for i in 0..<count {
            let w = weights[i]
            guard w >= 0, w < .infinity else { throw .invalid(index: i, value: w) }
            total += w
        }
        guard total > 0 else { throw .allZero(count: count) }
        // Weights near the largest double would overflow the sum: choose among halves of halves instead.
        let scale = total < .infinity ? 1 : 0x1p-64
        if scale != 1 {
            total = 0
            for i in 0..<count { total += weights[i] * scale }
        }
        let u = uniform() * total
        return weights.withUnsafeBufferPointer { Self.index(of: u, in: $0, scale: scale) }
    }

    /// ``choose(weights:)-(Span<Double>)`` for an array.
    public mutating func choose(weights: [Double]) throws(WeightError) -> Int {
        try choose(weights: weights.span)
    }

    /// The first index at which the running sum exceeds `target`; where rounding leaves none, the last possible choice.
    static func index(of target: Double, in weights: UnsafeBufferPointer<Double>, scale: Double = 1) -> Int {
        var sum = 0.0
        var last = 0
        for i in weights.indices where weights[i] > 0 {
            sum += weights[i] * scale
            if target < sum { return i }
            last = i
        }
        return last
    }
}
