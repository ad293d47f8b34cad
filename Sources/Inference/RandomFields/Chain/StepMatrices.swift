internal import NumericalMethods

/// The transition matrices of one sequence where they differ from step to step, in the layout of ``ChainWorkspace``.
struct StepMatrices: ~Copyable {
    typealias Vector = SIMD4<Double>

    let labels: Int
    /// Vectors a matrix.
    let stride: Int
    /// Scores `[steps, labels, labels]`, row-major.
    private let scores: UnsafeMutablePointer<Double>
    private let capacity: Int
    let matrix: UnsafeMutablePointer<Vector>
    let transposed: UnsafeMutablePointer<Vector>

    init(labels: Int, longest: Int) {
        self.labels = labels
        stride = labels * ChainWorkspace.width(of: labels)
        capacity = max(1, longest - 1)
        scores = .allocate(capacity: capacity * labels * labels)
        matrix = .allocate(capacity: capacity * stride)
        transposed = .allocate(capacity: capacity * stride)
        scores.initialize(repeating: 0, count: capacity * labels * labels)
        matrix.initialize(repeating: .zero, count: capacity * stride)
        transposed.initialize(repeating: .zero, count: capacity * stride)
    }

    deinit {
        scores.deallocate()
        matrix.deallocate()
        transposed.deallocate()
    }

    /// Fills in the scores of a sequence's steps.
    func fill(_ positions: Range<Int>, _ weights: ChainScores, _ features: ChainFeatures, _ data: TaggedSequences) {
        let square = labels * labels
        for (step, position) in positions.dropFirst().enumerated() {
            let row = scores + step * square
            for pair in 0..<square { row[pair] = weights.transitions[pair] }
            for k in data.attributeStarts[position]..<data.attributeStarts[position + 1] {
                let attribute = Int(data.attributes[k])
                for c in features.conditionedStarts[attribute]..<features.conditionedStarts[attribute + 1] {
                    row[Int(features.conditionedPairs[c])] +=
                        data.values[k] * weights.conditioned[weights.conditioned.startIndex + c]
                }
            }
        }
    }

    /// Lays the scores out for the search of the best labelling.
    func layOutScores(_ steps: Int) {
        for step in 0..<steps {
            ChainWorkspace.layOut(
                scores + step * labels * labels, labels: labels, transposed: false, padding: -.infinity,
                into: matrix + step * stride)
        }
    }

    /// Lays out exponentials relative to each step's largest; returns the sum of those.
    func layOutExponentials(_ steps: Int) -> Double {
        let square = labels * labels
        var total = 0.0
        for step in 0..<steps {
            let row = scores + step * square
            var most = row[0]
            for pair in 1..<max(1, square) where row[pair] > most { most = row[pair] }
            for pair in 0..<square { row[pair] -= most }
            total += most
        }
        let all = UnsafeMutableBufferPointer(start: scores, count: steps * square)
        VectorFunctions.exp(UnsafeBufferPointer(all), into: all)
        for step in 0..<steps {
            let row = scores + step * square
            ChainWorkspace.layOut(row, labels: labels, transposed: false, padding: 0, into: matrix + step * stride)
            ChainWorkspace.layOut(row, labels: labels, transposed: true, padding: 0, into: transposed + step * stride)
        }
        return total
    }
}
