internal import Foundation
internal import NumericalMethods

/// The negative log-likelihood of labelled sequences as a function of a chain's weights, with its gradient.
///
/// `-log p(y | x)` summed over sequences, in nats, without a penalty; convex in the weights. Its gradient is the expected
/// less the observed number of times that each feature is seen. Sequences are worked off in blocks whose boundaries depend
/// on the data alone, on all cores, so that the sums come out the same on any number of threads.
///
/// - Source: Sutton and McCallum 2012, section 5.1.
public struct ChainLikelihood: Sendable {
    typealias Vector = SIMD4<Double>

    /// The features.
    public let features: ChainFeatures
    /// The sequences.
    public let data: TaggedSequences
    let tables: ChainTables
    /// How often each feature occurs in the data, weighted, `[features]`.
    public let observed: [Double]
    /// The sequences of each block.
    private let blocks: [Range<Int>]
    /// Each block's sums.
    private var sums: [BlockSums]

    /// The likelihood of `data`, whose labels are all known and numbered as in the features.
    /// - Throws: ``InferenceError`` for data without sequences, with labels unknown, or of other alphabets.
    public init(_ data: TaggedSequences, features: ChainFeatures) throws(InferenceError) {
        guard !data.isEmpty else { throw .empty(what: "the training data") }
        try data.requireLabels()
        try features.requireFit(data)
        self.data = data
        self.features = features
        tables = ChainTables(features)
        observed = features.counts(in: data)
        // Every block clears and adds a table of all weights: as many blocks as that is worth, up to 16.
        let work = (data.attributes.count + data.positionCount * features.labelCount) * features.labelCount
        let count = max(1, min(16, data.count, work / (4 * max(1, features.count))))
        blocks = data.blocks(count)
        let longest = data.longest
        let (size, labels, conditioned) = (tables.size, features.labelCount, features.conditionedPairs.count)
        sums = blocks.map { _ in
            BlockSums(size: size, labels: labels, conditioned: conditioned, longest: longest)
        }
    }

    /// The negative log-likelihood at `weights`; writes its gradient, `[features]`.
    /// - Throws: ``InferenceError/nonFinite(what:place:value:)`` for a weight that is not finite.
    public mutating func evaluate(_ weights: [Double], gradient: inout [Double]) throws(InferenceError) -> Double {
        let scores = try ChainScores(tables, weights)
        let (blocks, tables, data) = (blocks, tables, data)
        sums.withUnsafeMutableBufferPointer { sums in
            // Each block writes its own element only.
            nonisolated(unsafe) let sums = sums
            Parallel.forEach(count: blocks.count) { block in
                sums[block].run(blocks[block], scores, tables, data)
            }
        }
        var logPartition = 0.0
        for sum in sums { logPartition += sum.logPartition }
        gather(into: &gradient)
        var score = 0.0
        for k in weights.indices { score += weights[k] * observed[k] }
        return logPartition - score
    }

    /// Adds up the blocks, from first to last, and takes the observed counts off.
    private func gather(into gradient: inout [Double]) {
        if gradient.count != features.count { gradient = [Double](repeating: 0, count: features.count) }
        gradient.withUnsafeMutableBufferPointer { gradient in
            guard let gradient = gradient.baseAddress else { return }
            for k in 0..<features.count { gradient[k] = -observed[k] }
            for sum in sums {
                sum.states.withUnsafeBufferPointer { states in
                    guard let numbers = states.baseAddress?.scalars else { return }
                    for (k, slot) in tables.slots.enumerated() { gradient[k] += numbers[Int(slot)] }
                }
                for (k, pair) in features.transitions.enumerated() {
                    gradient[features.transitionBase + k] += sum.pairs[Int(pair)]
                }
                for (k, value) in sum.conditioned.enumerated() { gradient[features.conditionedBase + k] += value }
            }
        }
    }
}

/// Everything about the weights that the recursions need, made once for all blocks.
struct ChainScores: Sendable {
    let states: [SIMD4<Double>]
    /// `[labels, labels]`.
    let transitions: [Double]
    let largest: Double
    /// Exponentials of transitions less the largest, in column blocks, and the same transposed.
    let matrix: [SIMD4<Double>]
    let transposed: [SIMD4<Double>]
    /// The conditioned weights.
    let conditioned: ArraySlice<Double>

    init(_ tables: ChainTables, _ weights: [Double]) throws(InferenceError) {
        let features = tables.features
        precondition(weights.count == features.count, "there is one weight a feature")
        if let k = weights.firstIndex(where: { !$0.isFinite }) {
            throw .nonFinite(what: "a weight", place: "feature \(k)", value: weights[k])
        }
        states = tables.laidOut(weights)
        transitions = tables.transitionScores(weights)
        largest = transitions.max() ?? 0
        conditioned = weights[features.conditionedBase...]
        let (labels, most) = (features.labelCount, largest)
        let powers = transitions.map { exp($0 - most) }
        matrix = Self.layOut(powers, labels, transposed: false)
        transposed = Self.layOut(powers, labels, transposed: true)
    }

    static func layOut(_ matrix: [Double], _ labels: Int, transposed: Bool) -> [SIMD4<Double>] {
        var blocks = [SIMD4<Double>](repeating: .zero, count: labels * ChainWorkspace.width(of: labels))
        matrix.withUnsafeBufferPointer { matrix in
            blocks.withUnsafeMutableBufferPointer { blocks in
                ChainWorkspace.layOut(
                    matrix.baseAddress!, labels: labels, transposed: transposed, padding: 0,
                    into: blocks.baseAddress!)
            }
        }
        return blocks
    }
}

extension TaggedSequences {
    /// The positions of the longest sequence.
    var longest: Int { (0..<count).map { positions(of: $0).count }.max() ?? 0 }

    /// Consecutive ranges of sequences with about equally many positions.
    func blocks(_ count: Int) -> [Range<Int>] {
        var result: [Range<Int>] = []
        var start = 0
        for block in 1...count {
            let goal = positionCount * block / count
            var end = start
            while end < self.count, sequenceStarts[end + 1] <= goal || block == count { end += 1 }
            if end > start { result.append(start..<end) }
            start = end
        }
        return result
    }
}

extension ChainFeatures {
    /// Throws where the data's alphabets have other sizes than the features.
    func requireFit(_ data: TaggedSequences) throws(InferenceError) {
        guard data.labelNames.count == labelCount, data.attributeNames.count == attributeCount else {
            throw .wrongShape(
                what: "the data's alphabets",
                found: "\(data.labelNames.count) labels and \(data.attributeNames.count) attributes",
                expected: "\(labelCount) and \(attributeCount)")
        }
    }

    /// How often each feature occurs in the data, weighted.
    func counts(in data: TaggedSequences) -> [Double] {
        var counts = [Double](repeating: 0, count: count)
        var transitionPlaces = [Int](repeating: -1, count: labelCount * labelCount)
        for (k, pair) in transitions.enumerated() { transitionPlaces[Int(pair)] = transitionBase + k }
        for sequence in 0..<data.count {
            let positions = data.positions(of: sequence)
            for position in positions {
                let label = data.labels[position]
                let pair =
                    position > positions.lowerBound ? data.labels[position - 1] * Int32(labelCount) + label : -1
                if pair >= 0, transitionPlaces[Int(pair)] >= 0 { counts[transitionPlaces[Int(pair)]] += 1 }
                for k in data.attributeStarts[position]..<data.attributeStarts[position + 1] {
                    let attribute = Int(data.attributes[k])
                    for feature in stateStarts[attribute]..<stateStarts[attribute + 1]
                    where stateLabels[feature] == label {
                        counts[feature] += data.values[k]
                    }
                    guard pair >= 0 else { continue }
                    for feature in conditionedStarts[attribute]..<conditionedStarts[attribute + 1]
                    where conditionedPairs[feature] == pair {
                        counts[conditionedBase + feature] += data.values[k]
                    }
                }
            }
        }
        return counts
    }
}
