internal import Foundation
public import Probability

/// Training of linear chains one sequence at a time: stochastic gradient descent with averaged weights.
///
/// With N sequences and penalty factor c2 it descends on `-log p(y | x) + lambda / 2 |w|²`, `lambda = 2 c2 / N`, by steps
/// `1 / (lambda (t + t0))`. The first step is calibrated: on a sample of the sequences, every doubling and halving of it
/// is tried that still lowers the sample's loss. Weights are averaged from the second epoch on, which removes most of the
/// noise of the last steps.
///
/// - Source: Sutton and McCallum 2012, section 5.2; Bottou 2010, "Large-scale machine learning with stochastic gradient
///   descent"; Polyak and Juditsky 1992 for averaging; Xu 2011, arXiv 1107.2490, for doing so on sparse data.
public struct StochasticTraining: Sendable {
    /// The factor of the squares; above 0.
    public var squares: Double
    /// The features to use.
    public var features: ChainFeatureOptions
    /// How often all sequences are gone through.
    public var epochs: Int
    /// The sequences that the first step is calibrated on, at most.
    public var calibrationSize: Int
    /// Whether the weights are averaged.
    public var averages: Bool

    /// Training.
    public init(
        squares: Double = 1, features: ChainFeatureOptions = .init(), epochs: Int = 30, calibrationSize: Int = 1000,
        averages: Bool = true
    ) {
        self.squares = squares
        self.features = features
        self.epochs = epochs
        self.calibrationSize = calibrationSize
        self.averages = averages
    }

    /// Where training stands.
    public struct State: Sendable {
        var weights: DecayingWeights
        /// Single steps taken.
        public internal(set) var steps = 0
        /// Epochs done.
        public internal(set) var epochs = 0
        let likelihood: ChainLikelihood
        /// The offset of the step sizes, from calibration.
        let offset: Double
        let decay: Double
    }

    /// What one epoch did.
    public struct Info: Sendable, Equatable {
        /// The mean of `-log p(y | x)` over the sequences, each taken before its own step.
        public let runningLoss: Double
        /// The size of the last step.
        public let stepSize: Double
    }

    /// Calibrates the first step.
    /// - Throws: ``InferenceError`` for bad data or settings.
    public func start(_ data: TaggedSequences, using random: inout Random) throws(InferenceError) -> State {
        guard squares > 0, squares.isFinite else {
            throw .improperParameter(name: "squares", value: "\(squares)", expected: "a finite number above 0")
        }
        guard epochs >= 1, calibrationSize >= 1 else {
            throw .improperParameter(
                name: "epochs or calibrationSize", value: "\(min(epochs, calibrationSize))", expected: "at least 1")
        }
        let features = try ChainFeatures(of: data, features)
        if features.isConditioned {
            throw .unsupported(
                what: "stochastic training of transitions conditioned on attributes", place: "the feature options",
                remedy: "Use QuasiNewtonTraining, or leave the conditioning out.")
        }
        let likelihood = try ChainLikelihood(data, features: features)
        let decay = 2 * squares / Double(data.count)
        let sample = Array(random.permutation(of: data.count).prefix(calibrationSize))
        let step = calibrate(likelihood, sample, decay)
        return State(
            weights: DecayingWeights(likelihood.tables), likelihood: likelihood, offset: 1 / (decay * step),
            decay: decay)
    }

    /// One epoch: every sequence once, in a new random order.
    public func step(_ state: inout State, using random: inout Random) -> Info {
        let order = random.permutation(of: state.likelihood.data.count)
        let pass = StochasticPass(state.likelihood)
        var sum = 0.0
        var size = 0.0
        for sequence in order {
            size = 1 / (state.decay * (state.offset + Double(state.steps)))
            let mean = averages && state.epochs >= 1 ? 1 / Double(state.steps - order.count + 1) : 1
            sum += pass.descend(sequence, &state.weights, step: size, decay: state.decay, averaging: mean)
            state.steps += 1
        }
        state.epochs += 1
        return Info(runningLoss: sum / Double(order.count), stepSize: size)
    }

    /// Runs all epochs.
    /// - Parameter observe: told the epoch's number and the mean loss of its sequences; returns false to stop.
    public func fit(
        _ data: TaggedSequences, using random: inout Random, observe: (Int, Double) -> Bool = { _, _ in true }
    ) throws(InferenceError) -> ChainFit {
        var state = try start(data, using: &random)
        var losses: [Double] = []
        while state.epochs < epochs {
            let info = step(&state, using: &random)
            losses.append(info.runningLoss)
            if !observe(state.epochs, info.runningLoss) { break }
        }
        let weights = state.weights.averaged()
        var gradient: [Double] = []
        var likelihood = state.likelihood
        let loss = try likelihood.evaluate(weights, gradient: &gradient)
        return ChainFit(
            field: try LinearChainField(
                labelNames: data.labelNames, attributeNames: data.attributeNames,
                features: likelihood.features, weights: weights),
            loss: loss + ElasticNet(squares: squares).value(of: weights), losses: losses, passes: state.epochs,
            isConverged: false)
    }

    /// The first step size that lowers the sample's loss most after one pass over it, among powers of two times 0.1.
    private func calibrate(_ likelihood: ChainLikelihood, _ sample: [Int], _ decay: Double) -> Double {
        func loss(after step: Double) -> Double {
            // A step that takes more than half of every weight away is no descent.
            if step * decay > 0.5 { return .infinity }
            var weights = DecayingWeights(likelihood.tables)
            let pass = StochasticPass(likelihood)
            let offset = 1 / (decay * step)
            for (t, sequence) in sample.enumerated() {
                let size = 1 / (decay * (offset + Double(t)))
                _ = pass.descend(sequence, &weights, step: size, decay: decay, averaging: 1)
            }
            let final = weights.current()
            let penalty = decay / 2 * Double(sample.count) * final.reduce(0) { $0 + $1 * $1 }
            let sum = sample.reduce(0.0) { $0 + pass.loss($1, weights) }
            let total = sum + penalty
            return total.isFinite ? total : .infinity
        }
        let first = min(0.1, 0.25 / decay)
        var best = (step: first, loss: loss(after: first))
        for factor in [2.0, 0.5] {
            // Where doubling helped, halving can't.
            if factor < 1, best.step > first { break }
            var step = best.step * factor
            for _ in 0..<20 {
                let value = loss(after: step)
                guard value < best.loss else { break }
                best = (step, value)
                step *= factor
            }
        }
        return best.step
    }
}
