internal import Foundation
public import NumericalMethods

/// A normal density as exp(−½ xᵀ Λ x + ηᵀ x), up to a factor; Λ may be singular, even zero: then nothing is known.
public struct InformationState: Sendable, Equatable {
    /// Λ, `[dimension, dimension]`.
    public var matrix: Matrix
    /// η, `[dimension]`.
    public var vector: [Double]

    public init(matrix: Matrix, vector: [Double]) {
        self.matrix = matrix
        self.vector = vector
    }

    /// Nothing known of `dimension` numbers.
    public static func diffuse(_ dimension: Int) -> InformationState {
        InformationState(
            matrix: Matrix(rows: dimension, columns: dimension), vector: [Double](repeating: 0, count: dimension))
    }

    /// The state of a normal law.
    ///
    /// - Throws: `NumericalError` for a singular covariance.
    public init(mean: [Double], covariance: Matrix) throws(NumericalError) {
        let factor = try Cholesky(covariance)
        matrix = factor.inverse.symmetrised
        vector = factor.solve(mean)
    }

    /// The mean and the covariance; nil while some direction is unknown.
    public var moments: (mean: [Double], covariance: Matrix)? {
        guard let factor = try? Cholesky(matrix) else { return nil }
        return (factor.solve(vector), factor.inverse.symmetrised)
    }
}

/// The Kalman filter on precisions instead of covariances: it can begin with no knowledge at all.
///
/// The transition's noise has to be positive definite, and so has the observation's.
public struct InformationFilter: Sendable {
    public let model: LinearGaussianModel
    private let transitions: [LinearGaussianModel.Transition]
    /// Q⁻¹ of each transition.
    private let precisions: [Matrix]

    /// - Throws: ``InferenceError/unsupported(what:place:remedy:)`` for a singular transition noise.
    public init(_ model: LinearGaussianModel) throws(InferenceError) {
        self.model = model
        transitions = model.transitions
        var precisions: [Matrix] = []
        for (time, transition) in model.transitions.enumerated() {
            do {
                precisions.append(try Cholesky(transition.noise).inverse.symmetrised)
            } catch {
                throw .unsupported(
                    what: "an information filter with a singular transition noise", place: "step \(time)",
                    remedy: "Use KalmanFilter, which takes any covariance.")
            }
        }
        self.precisions = precisions
    }

    /// Before the first observation: the model's own law of the first state.
    ///
    /// - Throws: ``InferenceError/unsupported(what:place:remedy:)`` where that law's covariance is singular.
    public func start() throws(InferenceError) -> InformationState {
        do {
            return try InformationState(mean: model.initialMean, covariance: model.initialCovariance)
        } catch {
            throw .unsupported(
                what: "an information filter with a singular initial covariance", place: "time 0",
                remedy: "Use KalmanFilter, which takes any covariance.")
        }
    }

    /// What one observation brought.
    public struct Info: Sendable, Equatable {
        /// log p(yₜ | y₀ … yₜ₋₁), in nats; nil while the state before was not fully known.
        public let logLikelihood: Double?
        /// The state of the observation's own time, the observation included.
        public let filtered: InformationState
    }

    /// Takes in the observation of `time`, `[outputs]` (NaN: missing), and moves the state to the next time.
    ///
    /// - Throws: ``InferenceError`` for infinite or too few numbers, a singular observation noise, and a state that the
    ///   transition would leave undefined.
    public func step(_ state: inout InformationState, time: Int, observation: [Double]) throws -> Info {
        let evidence = try ObservationEvidence(model, time: time, outputs: observation)
        let filtered = evidence.added(to: state)
        let info = Info(logLikelihood: evidence.logLikelihood(before: state, after: filtered), filtered: filtered)
        state = filtered
        if model.length.map({ time + 1 < $0 }) ?? true { state = try predict(filtered, after: time) }
        return info
    }

    /// Λ′ = Q⁻¹ − Q⁻¹ F (Λ + Fᵀ Q⁻¹ F)⁻¹ Fᵀ Q⁻¹, as a sum of two matrices that keeps its sign.
    private func predict(_ state: InformationState, after time: Int) throws(InferenceError) -> InformationState {
        let transition = model.transition(after: time)
        let precision = precisions[precisions.count == 1 ? 0 : time]
        let weighted = precision * transition.matrix
        let joint = state.matrix + transition.matrix.multiplied(by: weighted, transposingSelf: true).symmetrised
        let factor: Cholesky
        do {
            factor = try Cholesky(joint)
        } catch {
            throw .unsupported(
                what: "moving a state of which a direction is unknown through a singular transition",
                place: "time \(time)", remedy: "Start from a proper law.")
        }
        // L = Q⁻¹ F B⁻¹.
        let gain = factor.solve(weighted.transposed).transposed
        let rest =
            Matrix.identity(model.dimension) - gain.multiplied(by: transition.matrix, transposingOther: true)
        let matrix = rest.sandwich(precision) + gain.sandwich(state.matrix)
        return InformationState(matrix: matrix, vector: add(gain * state.vector, matrix * transition.offset))
    }
}

/// What the outputs of one time say of its state, as exp(constant − ½ xᵀ Λ x + ηᵀ x).
struct ObservationEvidence {
    let information: InformationState
    let constant: Double

    init(_ model: LinearGaussianModel, time: Int, outputs: [Double]) throws(InferenceError) {
        guard outputs.count == model.outputs else {
            throw .wrongShape(
                what: "the observation at time \(time)", found: "of length \(outputs.count)",
                expected: "\(model.outputs)")
        }
        if let output = outputs.firstIndex(where: { $0.isInfinite }) {
            throw .nonFinite(what: "the observation", place: "time \(time), output \(output)", value: outputs[output])
        }
        let seen = SeenOutputs(model.observation(at: time), outputs)
        guard !seen.values.isEmpty else {
            information = .diffuse(model.dimension)
            constant = 0
            return
        }
        let factor = try seen.factor(of: seen.noise, what: "the observation noise at time \(time)")
        let weighted = factor.solve(seen.matrix)
        information = InformationState(
            matrix: seen.matrix.multiplied(by: weighted, transposingSelf: true).symmetrised,
            vector: weighted.multiplied(by: seen.values, transposingSelf: true))
        constant =
            -0.5
            * (factor.quadraticForm(seen.values) + factor.logDeterminant
                + Double(seen.values.count) * log(2 * Double.pi))
    }

    func added(to state: InformationState) -> InformationState {
        InformationState(
            matrix: state.matrix + information.matrix, vector: add(state.vector, information.vector))
    }

    /// The ratio of the normalisers of two states; nil where one has none.
    func logLikelihood(before: InformationState, after: InformationState) -> Double? {
        guard let first = try? Cholesky(before.matrix), let second = try? Cholesky(after.matrix) else { return nil }
        return constant + 0.5 * (first.logDeterminant - second.logDeterminant)
            + 0.5 * (second.quadraticForm(after.vector) - first.quadraticForm(before.vector))
    }
}
