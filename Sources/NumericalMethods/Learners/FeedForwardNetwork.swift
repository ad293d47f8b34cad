/// A network of dense layers with rectified linear units between them, trained by minibatch Adam in `Float`.
///
/// Layer l computes max(0, W x + b); the last has no rectifier and gives the head's logits. Training draws a new order
/// of the rows each epoch, averages gradients over a batch, and decouples the weight decay from the gradient.
/// The same seed gives the same weights on any number of threads.
/// Source: Kingma and Ba, 2015, "Adam", algorithm 1; Loshchilov and Hutter, 2019, "Decoupled weight decay
/// regularization", algorithm 2; initial weights: He et al., 2015, "Delving deep into rectifiers", equation 10.
public struct FeedForwardNetwork: Codable, Sendable, Equatable {
    /// What the outputs mean.
    public enum Head: String, Codable, Sendable {
        /// A distribution over classes; trained by cross-entropy, in nats.
        case softmax
        /// Independent probabilities; trained by the sum of their log-losses, in nats.
        case bernoulli
        /// Numbers; trained by half the squared error.
        case linear
    }

    /// The loss of one row, as a function of its logits.
    ///
    /// It is given the row's index and logits, `[outputs]`, writes the gradient in the logits, `[outputs]`, and
    /// returns the loss. It runs on several threads.
    public typealias Loss =
        @Sendable (_ row: Int, _ logits: UnsafeBufferPointer<Float>, _ gradient: UnsafeMutableBufferPointer<Float>) ->
        Double

    /// The widths of all layers: inputs first, outputs last.
    public var widths: [Int]
    /// What the outputs mean.
    public var head: Head
    /// How often all rows are seen.
    public var epochs: Int
    /// The rows of a batch.
    public var batchSize: Int
    /// Adam's step length.
    public var learningRate: Double
    /// Whether the step length falls linearly to 0 over the training.
    public var decaysLearningRate: Bool
    /// The share of each weight (not bias) taken off in a step, divided by the step length.
    public var weightDecay: Double
    /// Seeds the initial weights and the order of rows.
    public var seed: UInt64

    /// A network of layers `widths`.
    public init(
        widths: [Int], head: Head, epochs: Int = 10, batchSize: Int = 128, learningRate: Double = 1e-3,
        decaysLearningRate: Bool = true, weightDecay: Double = 1e-4, seed: UInt64 = 0
    ) {
        self.widths = widths
        self.head = head
        self.epochs = epochs
        self.batchSize = batchSize
        self.learningRate = learningRate
        self.decaysLearningRate = decaysLearningRate
        self.weightDecay = weightDecay
        self.seed = seed
    }

    /// Trains on hard classes, `[rows]` from 0, with `inputs`, `[rows, inputs]` row-major.
    ///
    /// - Throws: as `fit(inputs:rows:loss:)`, and for a class outside the outputs.
    public func fit(inputs: [Float], classes: [Int]) throws -> FeedForwardModel {
        let outputs = widths.last ?? 0
        for (row, value) in classes.enumerated() where !(0..<outputs ~= value) {
            throw LearnerError.targetOutOfRange(
                row: row, value: Double(value), expected: "a class from 0 to \(outputs - 1)")
        }
        return try fit(inputs: inputs, rows: classes.count, loss: head.loss(classes: classes))
    }

    /// Trains on `targets`, `[rows, outputs]`: distributions, probabilities or numbers, as the head says.
    ///
    /// - Throws: as `fit(inputs:rows:loss:)`, and for targets that are not finite or not in the head's range.
    public func fit(features: Matrix, targets: Matrix) throws -> FeedForwardModel {
        try LearnerInput.check(features)
        try LearnerInput.check(count: targets.rows, of: "the rows of the targets", expected: features.rows)
        try LearnerInput.check(count: targets.columns, of: "the columns of the targets", expected: widths.last ?? 0)
        try LearnerInput.check(count: features.columns, of: "the columns of the features", expected: widths.first ?? 0)
        try LearnerInput.checkFinite(targets: targets.storage, columns: targets.columns)
        if head != .linear, let found = targets.storage.firstIndex(where: { !(0...1 ~= $0) }) {
            throw LearnerError.targetOutOfRange(
                row: found / targets.columns, value: targets.storage[found], expected: "from 0 to 1")
        }
        return try fit(
            inputs: features.storage.map { Float($0) }, rows: features.rows,
            loss: head.loss(targets: targets.storage.map { Float($0) }))
    }

    /// Trains on a loss of one's own.
    ///
    /// - Parameters:
    ///   - inputs: `[rows, inputs]` row-major, finite.
    ///   - start: weights to begin with, of the same widths; drawn from the seed if nil.
    ///   - loss: the loss of one row in its logits.
    /// - Throws: `LearnerError` for empty, mismatched or non-finite inputs, settings out of range, and a loss that
    ///   is no longer finite.
    public func fit(inputs: [Float], rows: Int, from start: FeedForwardModel? = nil, loss: @escaping Loss) throws
        -> FeedForwardModel
    {
        try check(inputs: inputs, rows: rows)
        var model = start ?? FeedForwardModel(widths: widths, head: head, seed: seed)
        try LearnerInput.check(
            count: model.parameters.count, of: "the starting weights", expected: FeedForwardModel.parameterCount(widths)
        )
        var adam = Adam(model: model, weightDecay: weightDecay)
        // The shuffles are a stream of their own, apart from the initial weights.
        var random = SplitMix64(seed: seed ^ 0x5DEE_CE66_D0B7_1E55)
        var order = Array(0..<rows)
        var losses: [Double] = []
        let gradient = FeedForwardGradient(widths: widths, batchSize: min(batchSize, rows))
        let steps = epochs * ((rows + batchSize - 1) / batchSize)
        var step = 0
        for _ in 0..<epochs {
            random.shuffle(&order)
            var sum = 0.0
            for first in stride(from: 0, to: rows, by: batchSize) {
                let batch = order[first..<min(first + batchSize, rows)]
                sum += gradient.evaluate(model.parameters, inputs: inputs, batch: batch, loss: loss)
                let rate = decaysLearningRate ? learningRate * (1 - Double(step) / Double(steps)) : learningRate
                adam.step(&model.parameters, gradient: gradient.total, rate: rate)
                step += 1
            }
            losses.append(sum / Double(rows))
            guard sum.isFinite else {
                throw LearnerError.notConverged(learner: "the network", iterations: losses.count, gradient: sum)
            }
        }
        model.losses = losses
        return model
    }

    private func check(inputs: [Float], rows: Int) throws(LearnerError) {
        guard rows > 0 else { throw .noRows }
        try LearnerInput.check(
            widths.count >= 2, "the number of widths", Double(widths.count), "at least 2: inputs and outputs")
        for width in widths { try LearnerInput.check(width > 0, "a layer's width", Double(width), "at least 1") }
        try LearnerInput.check(count: inputs.count, of: "the numbers in the inputs", expected: rows * widths[0])
        if let found = inputs.firstIndex(where: { !$0.isFinite }) {
            throw .infiniteFeature(row: found / widths[0], column: found % widths[0])
        }
        try LearnerInput.check(epochs > 0, "the number of epochs", Double(epochs), "at least 1")
        try LearnerInput.check(batchSize > 0, "the batch size", Double(batchSize), "at least 1")
        try LearnerInput.check(learningRate > 0 && learningRate.isFinite, "the learning rate", learningRate, "above 0")
        try LearnerInput.check(weightDecay >= 0 && weightDecay.isFinite, "the weight decay", weightDecay, "at least 0")
    }
}
