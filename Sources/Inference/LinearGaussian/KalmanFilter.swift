internal import Foundation
public import NumericalMethods

/// The Kalman filter, one observation at a time.
///
/// Covariances are updated in Joseph's form, (I − K H) P (I − K H)ᵀ + K R Kᵀ: a sum of two matrices that can't lose their
/// sign to rounding.
///
/// - Source: R. Kalman, 1960; P. Joseph's form after R. Bucy and P. Joseph, 1968.
public struct KalmanFilter: Sendable {
    public let model: LinearGaussianModel

    public init(_ model: LinearGaussianModel) { self.model = model }

    /// What is known of the state of the present time before its observation is in.
    public struct State: Sendable, Equatable {
        /// The time of the next observation.
        public internal(set) var time: Int
        /// E[xₜ | y₀ … yₜ₋₁], `[dimension]`.
        public internal(set) var mean: [Double]
        /// `[dimension, dimension]`.
        public internal(set) var covariance: Matrix
    }

    /// What one observation brought.
    public struct Info: Sendable, Equatable {
        /// log p(yₜ | y₀ … yₜ₋₁) of the outputs that were seen, in nats; 0 where none was.
        public let logLikelihood: Double
        /// E[xₜ | y₀ … yₜ], `[dimension]`.
        public let mean: [Double]
        /// `[dimension, dimension]`.
        public let covariance: Matrix
        /// What the outputs differed from their prediction by, for those that were seen.
        public let innovation: [Double]
        /// The covariance of the innovation.
        public let innovationCovariance: Matrix
    }

    /// Before the first observation.
    public func start() -> State {
        State(time: 0, mean: model.initialMean, covariance: model.initialCovariance)
    }

    /// Takes in the observation of the state's time, `[outputs]` (NaN: missing), and goes on to the next time.
    ///
    /// - Throws: ``InferenceError`` for an observation of another length or infinite, and where the innovation's covariance
    ///   is singular, naming the time.
    public func step(_ state: inout State, observation: [Double]) throws -> Info {
        let time = state.time
        guard observation.count == model.outputs else {
            throw InferenceError.wrongShape(
                what: "the observation at time \(time)", found: "of length \(observation.count)",
                expected: "\(model.outputs)")
        }
        if let output = observation.firstIndex(where: { $0.isInfinite }) {
            throw InferenceError.nonFinite(
                what: "the observation", place: "time \(time), output \(output)", value: observation[output])
        }
        if let length = model.length, time >= length {
            throw InferenceError.wrongShape(
                what: "the series", found: "longer than \(length)", expected: "\(length) times, as the model has")
        }
        let info = try Self.update(
            mean: state.mean, covariance: state.covariance,
            with: SeenOutputs(model.observation(at: time), observation), time: time)
        state.time += 1
        if model.length.map({ time + 1 < $0 }) ?? true {
            let transition = model.transition(after: time)
            state.mean = add(transition.matrix * info.mean, transition.offset)
            state.covariance = transition.matrix.sandwich(info.covariance) + transition.noise
        } else {
            state.mean = info.mean
            state.covariance = info.covariance
        }
        return info
    }

    private static func update(
        mean: [Double], covariance: Matrix, with seen: SeenOutputs, time: Int
    ) throws -> Info {
        guard !seen.values.isEmpty else {
            return Info(
                logLikelihood: 0, mean: mean, covariance: covariance, innovation: [],
                innovationCovariance: Matrix(rows: 0, columns: 0))
        }
        let innovation = subtract(seen.values, seen.matrix * mean)
        let spread = seen.matrix.sandwich(covariance) + seen.noise
        let factor = try seen.factor(of: spread, what: "the covariance of the innovation at time \(time)")
        // K = P Hᵀ S⁻¹, found as the transpose of S⁻¹ (H P).
        let gain = factor.solve(seen.matrix * covariance).transposed
        let rest = Matrix.identity(mean.count) - gain * seen.matrix
        let count = Double(innovation.count)
        return Info(
            logLikelihood: -0.5
                * (factor.quadraticForm(innovation) + factor.logDeterminant + count * log(2 * Double.pi)),
            mean: add(mean, gain * innovation),
            covariance: rest.sandwich(covariance) + gain.sandwich(seen.noise),
            innovation: innovation, innovationCovariance: spread)
    }
}

/// The outputs of one time that are not missing, less their offset, and their rows of H and R.
struct SeenOutputs {
    let values: [Double]
    let matrix: Matrix
    let noise: Matrix
    /// Which outputs they are.
    let indices: [Int]

    init(_ observation: LinearGaussianModel.Observation, _ outputs: [Double]) {
        let seen = outputs.indices.filter { !outputs[$0].isNaN }
        indices = seen
        values = seen.map { outputs[$0] - observation.offset[$0] }
        if seen.count == outputs.count {
            matrix = observation.matrix
            noise = observation.noise
        } else {
            matrix = Matrix(
                rows: seen.count, columns: observation.matrix.columns,
                storage: seen.flatMap { Array(observation.matrix.row($0)) })
            noise = observation.noise.part(seen, seen)
        }
    }

    /// The factor of a covariance of the outputs.
    func factor(of covariance: Matrix, what: String) throws(InferenceError) -> Cholesky {
        do {
            return try Cholesky(covariance)
        } catch {
            throw .improperParameter(
                name: what, value: CovarianceFactor.describe(covariance),
                expected: "positive definite: give every output some noise of its own")
        }
    }
}

extension Matrix {
    /// The elements of some rows and columns.
    func part(_ rows: [Int], _ columns: [Int]) -> Matrix {
        Matrix(rows: rows.count, columns: columns.count, storage: rows.flatMap { i in columns.map { self[i, $0] } })
    }
}
