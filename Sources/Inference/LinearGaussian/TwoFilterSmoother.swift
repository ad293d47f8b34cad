internal import Foundation
public import NumericalMethods

/// Smoothing by two filters that meet: one carries what the past says of each state, one what the future says.
///
/// The backward filter holds p(yₜ₊₁ … | xₜ) as a function of xₜ, which need not be a density, so it is kept in
/// information form; it takes any transition noise, singular or not. The forward one is an ``InformationFilter``.
///
/// - Source: D. Fraser and J. Potter, 1969.
public struct TwoFilterSmoother: Sendable {
    public let model: LinearGaussianModel
    private let forward: InformationFilter

    /// - Throws: as ``InformationFilter/init(_:)``.
    public init(_ model: LinearGaussianModel) throws(InferenceError) {
        self.model = model
        forward = try InformationFilter(model)
    }

    /// The posterior of each state.
    public struct Result: Sendable, Equatable {
        /// log p(y), in nats; nil for a start without knowledge.
        public let logLikelihood: Double?
        /// E[xₜ | y], `[times, dimension]`.
        public let means: Matrix
        /// `[times]` of `[dimension, dimension]`.
        public let covariances: [Matrix]
    }

    /// Smooths a series, `[times, outputs]` (NaN: missing).
    ///
    /// - Parameter start: the law of the first state; nil for the model's own.
    /// - Throws: ``InferenceError`` as the filters do, and where the series leaves a direction of a state unknown.
    public func smooth(_ series: Matrix, from start: InformationState? = nil) throws -> Result {
        try model.check(series, name: "the series")
        var state = try start ?? forward.start()
        let future = try backward(series)
        var means = Matrix(rows: series.rows, columns: model.dimension)
        var covariances: [Matrix] = []
        var logLikelihood: Double? = 0
        for time in 0..<series.rows {
            let info = try forward.step(&state, time: time, observation: Array(series.row(time)))
            logLikelihood = info.logLikelihood.flatMap { step in logLikelihood.map { $0 + step } }
            let both = InformationState(
                matrix: info.filtered.matrix + future[time].information.matrix,
                vector: add(info.filtered.vector, future[time].information.vector))
            guard let moments = both.moments else {
                throw InferenceError.unsupported(
                    what: "smoothing a state that the series does not determine", place: "time \(time)",
                    remedy: "Start from a proper law.")
            }
            for i in 0..<model.dimension { means[time, i] = moments.mean[i] }
            covariances.append(moments.covariance)
        }
        return Result(logLikelihood: logLikelihood, means: means, covariances: covariances)
    }

    /// log p(y) by the backward filter alone, in nats.
    ///
    /// - Throws: as ``smooth(_:from:)``.
    public func backwardLogLikelihood(_ series: Matrix) throws -> Double {
        try model.check(series, name: "the series")
        let future = try backward(series)
        let first = try ObservationEvidence(model, time: 0, outputs: Array(series.row(0)))
        let message = BackwardMessage(
            information: first.added(to: future[0].information), constant: future[0].constant + first.constant)
        let unit = LinearGaussianModel.Transition(
            matrix: Matrix(rows: model.dimension, columns: model.dimension), offset: model.initialMean,
            noise: model.initialCovariance)
        // With F = 0 what is left of the message is its constant.
        return try message.pulledBack(through: unit).constant
    }

    /// p(yₜ₊₁ … | xₜ) for each time, as exp(constant − ½ xᵀ Λ x + ηᵀ x).
    private func backward(_ series: Matrix) throws -> [BackwardMessage] {
        var messages = [BackwardMessage(information: .diffuse(model.dimension), constant: 0)]
        for time in (1..<max(1, series.rows)).reversed() {
            let evidence = try ObservationEvidence(model, time: time, outputs: Array(series.row(time)))
            let message = BackwardMessage(
                information: evidence.added(to: messages.last!.information),
                constant: messages.last!.constant + evidence.constant)
            messages.append(try message.pulledBack(through: model.transition(after: time - 1)))
        }
        return messages.reversed()
    }
}

/// A function exp(constant − ½ xᵀ Λ x + ηᵀ x) of a state.
struct BackwardMessage {
    let information: InformationState
    let constant: Double

    /// Its expectation over the next state, as a function of the present one.
    ///
    /// With Q = C Cᵀ and S = I + Cᵀ Λ C: Λ′ = Fᵀ (Λ − Λ C S⁻¹ Cᵀ Λ) F, which needs no inverse of Q.
    func pulledBack(through transition: LinearGaussianModel.Transition) throws -> BackwardMessage {
        let root = try CovarianceFactor.root(transition.noise)
        let (matrix, vector) = (information.matrix, information.vector)
        let spread = matrix * root
        let inner =
            Matrix.identity(vector.count) + root.multiplied(by: spread, transposingSelf: true).symmetrised
        let factor = try Cholesky(inner)
        let half = factor.lower.solvingTriangular(.lower, spread.transposed)
        let reduced = (matrix - half.multiplied(by: half, transposingSelf: true)).symmetrised
        let projected = root.multiplied(by: vector, transposingSelf: true)
        let shrunk = subtract(vector, spread * factor.solve(projected))
        let offset = transition.offset
        let moved = subtract(shrunk, reduced * offset)
        return BackwardMessage(
            information: InformationState(
                matrix: transition.matrix.transposed.sandwich(reduced),
                vector: transition.matrix.multiplied(by: moved, transposingSelf: true)),
            constant: constant + 0.5 * factor.quadraticForm(projected) - 0.5 * factor.logDeterminant
                + dot(shrunk, offset) - 0.5 * dot(offset, reduced * offset))
    }
}
