internal import Foundation
internal import NumericalMethods

/// Draws of one number by several chains of equal length, as the diagnostics take them.
struct ChainMatrix: Sendable, Equatable {
    let chains: Int
    let draws: Int
    /// `[chains, draws]`.
    var values: [Double]

    init(chains: Int, draws: Int, values: [Double]) {
        self.chains = chains
        self.draws = draws
        self.values = values
    }

    /// - Throws: `InferenceError.empty`, `.wrongShape` where chains differ in length or have under 4 draws, `.nonFinite`.
    init(_ rows: [[Double]]) throws(InferenceError) {
        guard let first = rows.first else { throw .empty(what: "the list of chains") }
        if let other = rows.firstIndex(where: { $0.count != first.count }) {
            throw .wrongShape(
                what: "chain \(other)", found: "[\(rows[other].count)]", expected: "[\(first.count)], as chain 0")
        }
        guard first.count >= 4 else {
            throw .wrongShape(what: "a chain", found: "[\(first.count)]", expected: "at least 4 draws")
        }
        chains = rows.count
        draws = first.count
        values = rows.flatMap { $0 }
        if let index = values.firstIndex(where: { !$0.isFinite }) {
            let (chain, draw) = index.quotientAndRemainder(dividingBy: draws)
            throw .nonFinite(what: "a draw", place: "chain \(chain), draw \(draw)", value: values[index])
        }
    }

    /// The first and the second half of each chain as chains of their own; a middle draw falls out.
    func split() -> ChainMatrix {
        let half = draws / 2
        var parts: [Double] = []
        parts.reserveCapacity(2 * half * chains)
        for chain in 0..<chains {
            parts += values[chain * draws..<chain * draws + half]
            parts += values[(chain + 1) * draws - half..<(chain + 1) * draws]
        }
        return ChainMatrix(chains: 2 * chains, draws: half, values: parts)
    }

    /// Each value replaced by the normal quantile of its rank among all, Φ⁻¹((r − 3/8) / (S + 1/4)), ties sharing theirs.
    func rankNormalized() -> ChainMatrix {
        let order = values.indices.sorted { values[$0] < values[$1] }
        var result = values
        let total = Double(values.count) + 0.25
        var start = 0
        while start < order.count {
            var end = start + 1
            while end < order.count, values[order[end]] == values[order[start]] { end += 1 }
            // Ranks start + 1 ... end, averaged.
            let score = normalQuantile((0.5 * Double(start + 1 + end) - 0.375) / total)
            for place in start..<end { result[order[place]] = score }
            start = end
        }
        return ChainMatrix(chains: chains, draws: draws, values: result)
    }

    /// Distances from the median of all values.
    func folded() -> ChainMatrix {
        let median = quantile(0.5)
        return ChainMatrix(chains: chains, draws: draws, values: values.map { abs($0 - median) })
    }

    /// 1 where a value is at most `limit`, else 0.
    func indicator(atMost limit: Double) -> ChainMatrix {
        ChainMatrix(chains: chains, draws: draws, values: values.map { $0 <= limit ? 1 : 0 })
    }

    /// The quantile by linear interpolation between order statistics.
    func quantile(_ probability: Double) -> Double {
        let sorted = values.sorted()
        let place = probability * Double(sorted.count - 1)
        let low = min(Int(place), sorted.count - 1)
        let high = min(low + 1, sorted.count - 1)
        return sorted[low] + (place - Double(low)) * (sorted[high] - sorted[low])
    }

    /// The mean of each chain.
    var means: [Double] {
        (0..<chains).map { chain in values[chain * draws..<(chain + 1) * draws].reduce(0, +) / Double(draws) }
    }

    /// Whether all values are the same, to rounding.
    var isConstant: Bool {
        guard let low = values.min(), let high = values.max() else { return true }
        return high - low < 1e-15
    }

    /// The mean and the standard deviation (divided by count − 1) of all values.
    var moments: (mean: Double, standardDeviation: Double) {
        let mean = values.reduce(0, +) / Double(values.count)
        let squares = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
        return (mean, (squares / Double(max(values.count - 1, 1))).squareRoot())
    }
}
