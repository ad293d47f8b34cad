internal import Foundation
internal import NumericalMethods

/// A linear-chain conditional random field: weights on features of labels, their neighbours and what is observed.
///
/// `log p(y | x) = sum_t [ sum_k x_{t,k} u_{k, y_t} + v_{y_{t-1}, y_t} ] - log Z(x)`, with attribute values `x`, state weights
/// `u` and transition weights `v`; optionally transitions get weights per attribute too.
///
///     let train = try TaggedSequences.read(crfsuite: "train.txt")
///     let fit = try QuasiNewtonTraining(penalty: ElasticNet(squares: 1)).fit(train)
///     let test = try TaggedSequences.read(crfsuite: "test.txt")
///     let report = try fit.field.evaluate(on: test)
///     print(report.accuracy)
///
/// - Source: Lafferty, McCallum and Pereira 2001, "Conditional random fields"; Sutton and McCallum 2012, section 2.3.
public struct LinearChainField: Sendable {
    /// The names of the labels.
    public let labelNames: Alphabet
    /// The names of the attributes.
    public let attributeNames: Alphabet
    /// The features.
    public let features: ChainFeatures
    /// One weight a feature.
    public let weights: [Double]
    let tables: ChainTables
    let scores: ChainScores

    /// A field with given weights.
    /// - Throws: ``InferenceError`` where sizes don't fit or a weight is not finite.
    public init(
        labelNames: Alphabet, attributeNames: Alphabet, features: ChainFeatures, weights: [Double]
    ) throws(InferenceError) {
        guard labelNames.count == features.labelCount, attributeNames.count == features.attributeCount,
            weights.count == features.count
        else {
            throw .wrongShape(
                what: "a field's parts",
                found: "\(labelNames.count) labels, \(attributeNames.count) attributes, \(weights.count) weights",
                expected: "\(features.labelCount), \(features.attributeCount), \(features.count)")
        }
        self.labelNames = labelNames
        self.attributeNames = attributeNames
        self.features = features
        self.weights = weights
        tables = ChainTables(features)
        scores = try ChainScores(tables, weights)
    }

    /// `data` with this field's numbers of labels and attributes: unknown attributes left out, unknown labels unknown.
    public func prepared(_ data: TaggedSequences) -> TaggedSequences {
        data.renumbered(labelNames: labelNames, attributeNames: attributeNames)
    }

    /// The scores of all labellings of a sequence of prepared data: for probabilities, samples, the best few labellings, or
    /// the best one under constraints.
    /// - Throws: ``InferenceError/wrongShape(what:found:expected:)`` for data that are not prepared.
    public func potentials(of sequence: Int, in data: TaggedSequences) throws(InferenceError) -> ChainPotentials {
        try features.requireFit(data)
        return scores.potentials(of: sequence, tables, data)
    }

    /// The probabilities of labels in a sequence of prepared data.
    public func marginals(of sequence: Int, in data: TaggedSequences) throws(InferenceError) -> ChainMarginals {
        try potentials(of: sequence, in: data).marginals()
    }

    /// The most probable labelling of every sequence, one after another, by number: `[positions]`.
    ///
    /// `data` need not be prepared. Sequences are worked off on all cores.
    public func tag(_ data: TaggedSequences) throws(InferenceError) -> [Int32] {
        let data = prepared(data)
        var path = [Int32](repeating: 0, count: data.positionCount)
        let longest = data.longest
        let matrix = ChainScores.layOut(scores.transitions, features.labelCount, transposed: false)
        path.withUnsafeMutableBufferPointer { path in
            // Each range of sequences writes its own positions only.
            nonisolated(unsafe) let path = path
            Parallel.chunks(of: data.count, minimumChunk: 16) { sequences in
                let workspace = ChainWorkspace(labels: features.labelCount, capacity: longest)
                // Unused, and small, where all steps share one matrix.
                let steps = StepMatrices(labels: features.labelCount, longest: features.isConditioned ? longest : 1)
                for sequence in sequences { tag(sequence, data, matrix, workspace, steps, path) }
            }
        }
        return path
    }

    private func tag(
        _ sequence: Int, _ data: TaggedSequences, _ matrix: [SIMD4<Double>], _ workspace: borrowing ChainWorkspace,
        _ steps: borrowing StepMatrices, _ path: UnsafeMutableBufferPointer<Int32>
    ) {
        let positions = data.positions(of: sequence)
        let start = path.baseAddress! + positions.lowerBound
        workspace.clear(positions.count)
        ChainMemory.with(tables, data) { memory in
            scores.states.withUnsafeBufferPointer { weights in
                guard let weights = weights.baseAddress else { return }
                memory.addScores(positions, weights, to: workspace.states)
            }
        }
        if features.isConditioned {
            steps.fill(positions, scores, features, data)
            steps.layOutScores(positions.count - 1)
            workspace.runViterbi(positions.count, steps.matrix, stride: steps.stride, path: start)
        } else {
            matrix.withUnsafeBufferPointer { matrix in
                workspace.runViterbi(positions.count, matrix.baseAddress!, stride: 0, path: start)
            }
        }
    }

    /// The most probable labels by name, sequence by sequence.
    public func tags(for data: TaggedSequences) throws(InferenceError) -> [[String]] {
        let flat = try tag(data)
        return (0..<data.count).map { sequence in
            data.positions(of: sequence).map { labelNames.names[Int(flat[$0])] }
        }
    }

    /// How well the most probable labellings agree with the data's labels. Positions without a label don't count; labels
    /// that the field doesn't know count as missed.
    public func evaluate(on data: TaggedSequences) throws(InferenceError) -> TaggingReport {
        let predicted = try tags(for: data)
        return TaggingReport(predicted: predicted, expected: (0..<data.count).map { data.labelNames(of: $0) })
    }

    /// The sum over sequences of `log p(y | x)`, in nats.
    /// - Throws: ``InferenceError`` where a label is unknown to the field.
    public func logLikelihood(of data: TaggedSequences) throws(InferenceError) -> Double {
        let data = prepared(data)
        try data.requireLabels()
        let terms: [Double] = Parallel.map(count: data.count, minimumChunk: 8) { sequence in
            let potentials = scores.potentials(of: sequence, tables, data)
            let path = data.labels(of: sequence).map(Int.init)
            // Finite weights forbid nothing.
            return potentials.score(of: path) - ((try? potentials.logPartition()) ?? .nan)
        }
        return terms.reduce(0, +)
    }
}

extension LinearChainField: Equatable {
    public static func == (a: LinearChainField, b: LinearChainField) -> Bool {
        a.labelNames == b.labelNames && a.attributeNames == b.attributeNames && a.features == b.features
            && a.weights == b.weights
    }
}
