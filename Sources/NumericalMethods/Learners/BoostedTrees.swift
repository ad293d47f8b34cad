/// Gradient-boosted decision trees, grown by XGBoost and read back into flat arrays of our own.
///
/// XGBoost grows the trees (histograms); the gradients are computed here and rounded to a grid on which XGBoost's
/// `Double` sums are exact, so that a seed gives the same trees on any number of threads. Boosting starts from the
/// best constant. Missing features (NaN) are handled by the trees.
/// Source: Chen and Guestrin, 2016, "XGBoost: a scalable tree boosting system", equations 5 to 7.
public struct BoostedTrees: Codable, Sendable, Equatable {
    /// What is minimised.
    public var objective: BoostingObjective
    /// The most rounds, each of one tree an output.
    public var rounds: Int
    /// The most splits from root to leaf.
    public var depth: Int
    /// The learning rate η, from 0 to 1.
    public var learningRate: Double
    /// The squared penalty λ on leaf values.
    public var lambda: Double
    /// The least gain γ of a split.
    public var minimumGain: Double
    /// The least sum of curvatures in a child (rows, for squared error).
    public var minimumChildWeight: Double
    /// The share of rows that each round sees, from 0 (exclusive) to 1.
    public var subsample: Double
    /// The share of features that each tree sees, from 0 (exclusive) to 1.
    public var columnSubsample: Double
    /// The most histogram bins of a feature.
    public var bins: Int
    /// Rounds without improvement on the validation set after which training ends, if there is such a set.
    public var patience: Int
    /// Seeds the subsamples.
    public var seed: UInt64
    /// Threads to use; if nil, one for small tables and all cores for large ones. Changes nothing but time.
    public var threads: Int?

    /// Boosted trees with defaults for tables of some thousand rows.
    public init(
        objective: BoostingObjective, rounds: Int = 100, depth: Int = 4, learningRate: Double = 0.1,
        lambda: Double = 1, minimumGain: Double = 0, minimumChildWeight: Double = 1, subsample: Double = 1,
        columnSubsample: Double = 1, bins: Int = 256, patience: Int = 20, seed: UInt64 = 0, threads: Int? = nil
    ) {
        self.objective = objective
        self.rounds = rounds
        self.depth = depth
        self.learningRate = learningRate
        self.lambda = lambda
        self.minimumGain = minimumGain
        self.minimumChildWeight = minimumChildWeight
        self.subsample = subsample
        self.columnSubsample = columnSubsample
        self.bins = bins
        self.patience = patience
        self.seed = seed
        self.threads = threads
    }

    /// Rows that training does not see, on which it decides when to end.
    public struct Validation: Sendable {
        /// `[rows, features]`.
        public var features: Matrix
        /// `[rows]`, as for training.
        public var targets: [Double]
        /// `[rows]`; all 1 if nil.
        public var weights: [Double]?

        /// A validation set.
        public init(features: Matrix, targets: [Double], weights: [Double]? = nil) {
            self.features = features
            self.targets = targets
            self.weights = weights
        }
    }

    /// The trees that fit `targets`, `[rows]`, to `features`, `[rows, features]` (NaN: missing).
    ///
    /// With `validation` the model keeps the rounds up to the least validation loss.
    /// - Throws: `LearnerError` for empty, mismatched or non-finite input, targets outside the objective's range, one
    ///   class only, settings out of range, and whatever XGBoost complains of.
    public func fit(
        features: Matrix, targets: [Double], weights: [Double]? = nil, validation: Validation? = nil
    ) throws -> BoostedTreesModel {
        try fitWithMargins(features: features, targets: targets, weights: weights, validation: validation).model
    }

    /// Also gives XGBoost's own margins of the training rows, `[rows, outputs]`, for the comparison with ours.
    func fitWithMargins(
        features: Matrix, targets: [Double], weights: [Double]? = nil, validation: Validation? = nil
    ) throws -> (model: BoostedTreesModel, margins: [Double]) {
        try checkSettings()
        let threads = threadCount(features)
        let training = try Rows(features, targets, weights, objective, threads: threads)
        let base = try objective.baseMargins(targets, weights: training.weights)
        let booster = try XGBoostBooster(table: training.table, settings: settings(threads: threads))
        var monitor: Monitor? = nil
        if let validation {
            try LearnerInput.check(
                count: validation.features.columns, of: "the features of the validation set", expected: features.columns
            )
            monitor = Monitor(
                rows: try Rows(
                    validation.features, validation.targets, validation.weights, objective, threads: threads))
        }
        var random = SplitMix64(seed: seed)
        var margins = [Float](repeating: 0, count: features.rows * objective.outputs)
        var grown = 0
        for round in 0..<rounds {
            var (gradients, hessians) = slopes(training, margins: margins, base: base, random: &random)
            try booster.boost(training.table, gradients: &gradients, hessians: &hessians)
            try booster.margins(training.table, into: &margins)
            grown = round + 1
            if try monitor?.isOver(after: round, booster, base: base, objective, patience: patience) ?? false { break }
        }
        var kept = grown
        var loss: Double?
        if let monitor {
            kept = monitor.bestRound + 1
            loss = monitor.bestLoss
        }
        let ensemble = try TreeEnsemble(
            features: features.columns, outputs: objective.outputs,
            trees: XGBoostDocument.trees(booster.document(), limit: kept * objective.outputs))
        let model = BoostedTreesModel(
            objective: objective, baseMargins: base, ensemble: ensemble, validationLoss: loss)
        let outputs = objective.outputs
        return (model, margins.indices.map { base[$0 % outputs] + Double(margins[$0]) })
    }

    /// On small tables XGBoost's threads would wait for each other longer than they work.
    private func threadCount(_ features: Matrix) -> Int {
        threads ?? (features.storage.count < 1_000_000 ? 1 : Parallel.threads)
    }

    private func settings(threads: Int) -> [(String, String)] {
        // The gradients come from here; XGBoost's objective only says how many outputs there are.
        var settings = [
            ("objective", "reg:squarederror"), ("base_score", "0"), ("tree_method", "hist"), ("verbosity", "0"),
            ("max_depth", "\(depth)"), ("eta", "\(learningRate)"), ("lambda", "\(lambda)"), ("gamma", "\(minimumGain)"),
            ("min_child_weight", "\(minimumChildWeight)"), ("colsample_bytree", "\(columnSubsample)"),
            ("max_bin", "\(bins)"), ("seed", "\(seed & 0x7FFF_FFFF)"), ("nthread", "\(threads)"),
        ]
        if case .softmax(let classes) = objective {
            settings[0].1 = "multi:softprob"
            settings.append(("num_class", "\(classes)"))
        }
        return settings
    }

    private func checkSettings() throws(LearnerError) {
        if case .softmax(let classes) = objective, classes < 2 { throw .oneClass }
        try LearnerInput.check(rounds > 0, "the number of rounds", Double(rounds), "at least 1")
        try LearnerInput.check(1...16 ~= depth, "the depth", Double(depth), "from 1 to 16")
        try LearnerInput.check(
            learningRate > 0 && learningRate <= 1, "the learning rate", learningRate, "above 0, at most 1")
        try LearnerInput.check(lambda >= 0 && lambda.isFinite, "lambda", lambda, "at least 0")
        try LearnerInput.check(minimumGain >= 0, "the minimum gain", minimumGain, "at least 0")
        try LearnerInput.check(minimumChildWeight >= 0, "the minimum child weight", minimumChildWeight, "at least 0")
        try LearnerInput.check(subsample > 0 && subsample <= 1, "the subsample", subsample, "above 0, at most 1")
        try LearnerInput.check(
            columnSubsample > 0 && columnSubsample <= 1, "the column subsample", columnSubsample, "above 0, at most 1")
        try LearnerInput.check(2...65_536 ~= bins, "the number of bins", Double(bins), "from 2 to 65536")
        try LearnerInput.check(patience > 0, "the patience", Double(patience), "at least 1")
        try LearnerInput.check((threads ?? 1) > 0, "the number of threads", Double(threads ?? 1), "at least 1")
    }

    /// Checked rows with their table in XGBoost.
    private struct Rows: ~Copyable {
        let table: XGBoostTable
        let targets: [Double]
        let weights: [Double]

        init(
            _ features: Matrix, _ targets: [Double], _ weights: [Double]?, _ objective: BoostingObjective, threads: Int
        ) throws(LearnerError) {
            try LearnerInput.check(features, weights: weights)
            try LearnerInput.check(count: targets.count, of: "the targets", expected: features.rows)
            try objective.check(targets, weights: weights)
            let narrow = features.storage.map { Float($0) }
            if let found = narrow.firstIndex(where: { $0.isInfinite }) {
                throw .infiniteFeature(row: found / features.columns, column: found % features.columns)
            }
            table = try XGBoostTable(narrow, rows: features.rows, columns: features.columns, threads: threads)
            self.targets = targets
            self.weights = weights ?? [Double](repeating: 1, count: features.rows)
        }
    }

    /// The weighted gradients and Hessians of a round, `[rows, outputs]`; rows outside the subsample have none.
    private func slopes(
        _ rows: borrowing Rows, margins: [Float], base: [Double], random: inout SplitMix64
    ) -> (gradients: [Float], hessians: [Float]) {
        let outputs = objective.outputs
        var gradients = [Double](repeating: 0, count: margins.count)
        var hessians = gradients
        withUnsafeTemporaryAllocation(of: Double.self, capacity: outputs) { row in
            for index in 0..<rows.table.rows {
                if subsample < 1 && random.uniform() >= subsample { continue }
                for output in 0..<outputs { row[output] = base[output] + Double(margins[index * outputs + output]) }
                objective.transform(row)
                for output in 0..<outputs {
                    let (slope, curvature) = objective.slope(row, output: output, target: rows.targets[index])
                    gradients[index * outputs + output] = rows.weights[index] * slope
                    hessians[index * outputs + output] = rows.weights[index] * curvature
                }
            }
        }
        return (Self.onGrid(gradients), Self.onGrid(hessians))
    }

    /// Rounds to multiples of the largest magnitude's power of two times 2⁻²³: each value fits a `Float`, and sums
    /// of up to 2²⁹ of them are exact in `Double`, in whatever order the threads add them.
    private static func onGrid(_ values: [Double]) -> [Float] {
        let largest = values.reduce(0) { max($0, abs($1)) }
        guard largest > 0 else { return [Float](repeating: 0, count: values.count) }
        let unit = largest.binade * 0x1p-22
        return values.map { Float(($0 / unit).rounded() * unit) }
    }

    /// Follows the loss on the validation set.
    private struct Monitor: ~Copyable {
        let rows: Rows
        var bestRound = -1
        var bestLoss = Double.infinity

        init(rows: consuming Rows) { self.rows = rows }

        mutating func isOver(
            after round: Int, _ booster: borrowing XGBoostBooster, base: [Double], _ objective: BoostingObjective,
            patience: Int
        ) throws(LearnerError) -> Bool {
            let outputs = objective.outputs
            var margins = [Float](repeating: 0, count: rows.table.rows * outputs)
            try booster.margins(rows.table, into: &margins)
            var sum = 0.0
            withUnsafeTemporaryAllocation(of: Double.self, capacity: outputs) { row in
                for index in 0..<rows.table.rows {
                    for output in 0..<outputs { row[output] = base[output] + Double(margins[index * outputs + output]) }
                    sum += rows.weights[index] * objective.loss(row, target: rows.targets[index])
                }
            }
            let loss = sum / rows.weights.reduce(0, +)
            if loss < bestLoss {
                bestLoss = loss
                bestRound = round
            }
            return round - bestRound >= patience
        }
    }
}
