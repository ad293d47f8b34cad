internal import Foundation
public import NumericalMethods
public import Probability

/// A chain of hidden vectors that moves and is observed linearly, with normal noise; its matrices may change with time.
///
///     x₀ ~ N(m, P),   xₜ₊₁ = Fₜ xₜ + cₜ + N(0, Qₜ),   yₜ = Hₜ xₜ + dₜ + N(0, Rₜ)
///
/// ```swift
/// let model = try LinearGaussianModel(
///     initialMean: [0], initialCovariance: .identity(1),
///     transition: .init(matrix: .identity(1), noise: .identity(1) * 0.1),
///     observation: .init(matrix: .identity(1), noise: .identity(1)))
/// let smoothed = try model.smooth(series)
/// ```
///
/// Observations are a matrix `[times, outputs]`, one time a row; NaN marks a number that is missing. Times count from 0.
public struct LinearGaussianModel: Sendable, Equatable {
    /// How the state moves from one time to the next.
    public struct Transition: Sendable, Equatable {
        /// F, `[dimension, dimension]`.
        public var matrix: Matrix
        /// c, `[dimension]`.
        public var offset: [Double]
        /// Q, `[dimension, dimension]`, positive semi-definite.
        public var noise: Matrix

        /// - Parameter offset: nil for zeros.
        public init(matrix: Matrix, offset: [Double]? = nil, noise: Matrix) {
            self.matrix = matrix
            self.offset = offset ?? [Double](repeating: 0, count: matrix.rows)
            self.noise = noise
        }
    }

    /// How a state is seen.
    public struct Observation: Sendable, Equatable {
        /// H, `[outputs, dimension]`.
        public var matrix: Matrix
        /// d, `[outputs]`.
        public var offset: [Double]
        /// R, `[outputs, outputs]`, positive semi-definite.
        public var noise: Matrix

        /// - Parameter offset: nil for zeros.
        public init(matrix: Matrix, offset: [Double]? = nil, noise: Matrix) {
            self.matrix = matrix
            self.offset = offset ?? [Double](repeating: 0, count: matrix.rows)
            self.noise = noise
        }
    }

    /// m, `[dimension]`.
    public let initialMean: [Double]
    /// P, `[dimension, dimension]`.
    public let initialCovariance: Matrix
    /// One for all times, or one for each step from a time to the next.
    public let transitions: [Transition]
    /// One for all times, or one for each time.
    public let observations: [Observation]

    /// The length of a state.
    public var dimension: Int { initialMean.count }
    /// The length of an observation.
    public var outputs: Int { observations[0].matrix.rows }
    /// How many times the model has, where its matrices change; nil where it fits any number.
    public var length: Int? {
        if observations.count > 1 { return observations.count }
        return transitions.count > 1 ? transitions.count + 1 : nil
    }

    /// A model whose matrices stay the same.
    ///
    /// - Throws: ``InferenceError`` naming the part whose shape does not fit, that is not finite, or that is no covariance.
    public init(
        initialMean: [Double], initialCovariance: Matrix, transition: Transition, observation: Observation
    ) throws(InferenceError) {
        try self.init(
            initialMean: initialMean, initialCovariance: initialCovariance, transitions: [transition],
            observations: [observation])
    }

    /// A model whose matrices may change.
    ///
    /// - Parameters:
    ///   - transitions: one, or as many as there are steps.
    ///   - observations: one, or as many as there are times: one more than steps.
    /// - Throws: as the other initialiser.
    public init(
        initialMean: [Double], initialCovariance: Matrix, transitions: [Transition], observations: [Observation]
    ) throws(InferenceError) {
        let size = initialMean.count
        guard size > 0 else { throw .empty(what: "the initial mean") }
        guard !transitions.isEmpty else { throw .empty(what: "the list of transitions") }
        guard let outputs = observations.first?.matrix.rows else { throw .empty(what: "the list of observations") }
        guard outputs > 0 else { throw .empty(what: "the observation matrix") }
        if transitions.count > 1, observations.count > 1, observations.count != transitions.count + 1 {
            throw .wrongShape(
                what: "the list of observations", found: "of length \(observations.count)",
                expected: "\(transitions.count + 1), one more than transitions")
        }
        try Self.check(initialMean, count: size, name: "the initial mean")
        try CovarianceFactor.checkSemidefinite(initialCovariance, size: size, name: "the initial covariance")
        for (time, transition) in transitions.enumerated() {
            let place = transitions.count > 1 ? " of step \(time)" : ""
            try Self.check(transition.matrix, size, size, name: "the transition matrix\(place)")
            try Self.check(transition.offset, count: size, name: "the transition offset\(place)")
            try CovarianceFactor.checkSemidefinite(transition.noise, size: size, name: "the transition noise\(place)")
        }
        for (time, observation) in observations.enumerated() {
            let place = observations.count > 1 ? " of time \(time)" : ""
            try Self.check(observation.matrix, outputs, size, name: "the observation matrix\(place)")
            try Self.check(observation.offset, count: outputs, name: "the observation offset\(place)")
            try CovarianceFactor.checkSemidefinite(
                observation.noise, size: outputs, name: "the observation noise\(place)")
        }
        self.initialMean = initialMean
        self.initialCovariance = initialCovariance
        self.transitions = transitions
        self.observations = observations
    }

    /// How the state moves from `time` to the next.
    public func transition(after time: Int) -> Transition { transitions[transitions.count == 1 ? 0 : time] }

    /// How the state is seen at `time`.
    public func observation(at time: Int) -> Observation { observations[observations.count == 1 ? 0 : time] }

    private static func check(_ values: [Double], count: Int, name: String) throws(InferenceError) {
        guard values.count == count else {
            throw .wrongShape(what: name, found: "of length \(values.count)", expected: "\(count)")
        }
        if let index = values.firstIndex(where: { !$0.isFinite }) {
            throw .nonFinite(what: name, place: "element \(index)", value: values[index])
        }
    }

    private static func check(_ matrix: Matrix, _ rows: Int, _ columns: Int, name: String) throws(InferenceError) {
        guard matrix.rows == rows, matrix.columns == columns else {
            throw .wrongShape(what: name, found: "\(matrix.rows) x \(matrix.columns)", expected: "\(rows) x \(columns)")
        }
        if let index = matrix.storage.firstIndex(where: { !$0.isFinite }) {
            throw .nonFinite(
                what: name, place: "element (\(index / columns), \(index % columns))", value: matrix.storage[index])
        }
    }

    /// Throws where a series can't be this model's: empty, of other outputs, longer than the model, or infinite.
    func check(_ series: Matrix, name: String) throws(InferenceError) {
        guard series.rows > 0 else { throw .empty(what: name) }
        guard series.columns == outputs else {
            throw .wrongShape(
                what: name, found: "\(series.rows) x \(series.columns)", expected: "\(outputs) outputs a row")
        }
        if let length, length != series.rows {
            throw .wrongShape(what: name, found: "of \(series.rows) times", expected: "\(length), as the model has")
        }
        if let index = series.storage.firstIndex(where: { $0.isInfinite }) {
            throw .nonFinite(
                what: "the observation", place: "\(name), time \(index / outputs), output \(index % outputs)",
                value: series.storage[index])
        }
    }
}

/// A simulated series.
public struct LinearGaussianSample: Sendable, Equatable {
    /// `[times, dimension]`.
    public let states: Matrix
    /// `[times, outputs]`.
    public let observations: Matrix
}

extension LinearGaussianModel {
    /// Hidden states and what is seen of them.
    ///
    /// - Parameter length: at least 1, and the model's own length where it has one.
    public func simulate(length: Int, using random: inout Random) throws -> LinearGaussianSample {
        precondition(length > 0 && (self.length ?? length) == length, "the model has no series of length \(length)")
        var states = Matrix(rows: length, columns: dimension)
        var seen = Matrix(rows: length, columns: outputs)
        // The roots of covariances that stay the same are found once.
        let moves = try transitions.map { try CovarianceFactor.root($0.noise) }
        let views = try observations.map { try CovarianceFactor.root($0.noise) }
        var state = add(initialMean, try CovarianceFactor.root(initialCovariance) * Self.normals(dimension, &random))
        for time in 0..<length {
            if time > 0 {
                let transition = transition(after: time - 1)
                let root = moves[moves.count == 1 ? 0 : time - 1]
                state = add(
                    add(transition.matrix * state, transition.offset), root * Self.normals(dimension, &random))
            }
            let observation = observation(at: time)
            let root = views[views.count == 1 ? 0 : time]
            let output = add(
                add(observation.matrix * state, observation.offset), root * Self.normals(outputs, &random))
            for i in 0..<dimension { states[time, i] = state[i] }
            for i in 0..<outputs { seen[time, i] = output[i] }
        }
        return LinearGaussianSample(states: states, observations: seen)
    }

    static func normals(_ count: Int, _ random: inout Random) -> [Double] {
        var values = [Double](repeating: 0, count: count)
        values.withUnsafeMutableBufferPointer { random.fillNormal($0) }
        return values
    }
}

/// a + b.
func add(_ a: [Double], _ b: [Double]) -> [Double] { zip(a, b).map { $0 + $1 } }
/// a − b.
func subtract(_ a: [Double], _ b: [Double]) -> [Double] { zip(a, b).map { $0 - $1 } }
/// aᵀ b.
func dot(_ a: [Double], _ b: [Double]) -> Double { zip(a, b).reduce(0) { $0 + $1.0 * $1.1 } }

extension Matrix {
    /// A B Aᵀ for a symmetric B, symmetric to the last bit.
    func sandwich(_ inner: Matrix) -> Matrix {
        (self * inner).multiplied(by: self, transposingOther: true).symmetrised
    }

    /// The mean of the matrix and its transpose.
    var symmetrised: Matrix {
        var result = self
        for i in 0..<rows {
            for j in 0..<i {
                let mean = 0.5 * (self[i, j] + self[j, i])
                result[i, j] = mean
                result[j, i] = mean
            }
        }
        return result
    }
}
