public import NumericalMethods

extension HiddenMarkovModel where Emissions == GaussianEmissions {
    /// A model to begin a fit with: states are clusters of the points, transitions those of the cluster labels.
    ///
    /// Every covariance is that of its cluster together with one observation's worth of the average variance of all
    /// points, and every transition has been seen once more than it was, so that nothing is impossible at the start.
    ///
    /// - Parameter seed: seeds the clustering (k-means from a k-means++ start).
    /// - Throws: ``InferenceError`` for no or empty sequences or unequal dimensions; `LearnerError` for points that are
    ///   not finite and for more states than points.
    public static func clustered(
        _ sequences: [Matrix], states: Int, covariances kind: GaussianEmissions.Kind, restarts: Int = 3,
        seed: UInt64 = 0
    ) throws -> HiddenMarkovModel {
        guard let dimension = sequences.first?.columns else {
            throw InferenceError.empty(what: "the list of sequences")
        }
        for (index, sequence) in sequences.enumerated() {
            guard sequence.rows > 0 else { throw InferenceError.empty(what: "sequence \(index)") }
            guard sequence.columns == dimension else {
                throw InferenceError.wrongShape(
                    what: "sequence \(index)", found: "\(sequence.rows) x \(sequence.columns)",
                    expected: "\(dimension) coordinates a row, as sequence 0")
            }
        }
        let points = Matrix(
            rows: sequences.reduce(0) { $0 + $1.rows }, columns: dimension, storage: sequences.flatMap(\.storage))
        let clusters = try KMeans(clusters: states, restarts: restarts, seed: seed).fit(points)
        let labels = clusters.predict(points)
        let spread =
            try Covariance(of: points, degreesOfFreedomLost: 0).matrix.diagonal.reduce(0, +) / Double(dimension)
        let prior = GaussianEmissions.Prior(variance: spread > 0 ? spread : 1, weight: 1)
        // One step of maximisation with each point wholly in its cluster.
        let unit = try GaussianEmissions(
            means: clusters.centroids, covariances: GaussianEmissions.Covariances(unit: kind, states: states, dimension)
        )
        var transition = Matrix(rows: states, columns: states, repeating: 1)
        var first = [Double](repeating: 1, count: states)
        let posterior = LaneBuffer(count: points.rows * unit.vectors, isZeroed: true)
        var row = 0
        for sequence in sequences {
            for time in 0..<sequence.rows {
                posterior.scalars[row * unit.vectors * 8 + labels[row]] = 1
                if time == 0 { first[labels[row]] += 1 } else { transition[labels[row - 1], labels[row]] += 1 }
                row += 1
            }
        }
        let sums = LaneBuffer(count: unit.statisticsCount, isZeroed: true)
        unit.accumulate(points, times: 0..<points.rows, posterior: posterior.start, into: sums.start)
        for state in 0..<states {
            let total = transition.row(state).reduce(0, +)
            for next in 0..<states { transition[state, next] /= total }
        }
        let total = first.reduce(0, +)
        return try HiddenMarkovModel(
            initial: first.map { $0 / total }, transition: transition,
            emissions: unit.maximised(sums.vectors, prior: prior))
    }
}

extension GaussianEmissions.Covariances {
    /// Unit covariances.
    init(unit kind: GaussianEmissions.Kind, states: Int, _ dimension: Int) {
        switch kind {
        case .full: self = .full([Matrix](repeating: .identity(dimension), count: states))
        case .diagonal: self = .diagonal(Matrix(rows: states, columns: dimension, repeating: 1))
        case .spherical: self = .spherical([Double](repeating: 1, count: states))
        case .tied: self = .tied(.identity(dimension))
        }
    }
}
