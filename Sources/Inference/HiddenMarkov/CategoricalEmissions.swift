internal import Foundation
public import NumericalMethods
public import Probability

/// Each state shows one of finitely many symbols.
///
/// Observations are symbols, `0 ..< symbols`.
public struct CategoricalEmissions: EmissionModel {
    /// As if each symbol that a state can show had been seen that many times more.
    public struct Prior: Sendable, Equatable {
        public var pseudoCount: Double

        public init(pseudoCount: Double = 0) { self.pseudoCount = pseudoCount }

        /// Maximum likelihood.
        public static let none = Prior()
    }

    /// `[states, symbols]`; each row sums to 1.
    public let probabilities: Matrix
    /// `[symbols, vectors]`.
    private let logs: [StateVector]
    private let likelihoods: [StateVector]
    private let logScales: [Double]

    public var states: Int { probabilities.rows }
    /// The number of symbols.
    public var symbols: Int { probabilities.columns }
    public var statisticsCount: Int { symbols * vectors }

    /// - Throws: ``InferenceError`` unless each row is a distribution (to 1e-8); rows are then made to sum to 1.
    public init(probabilities: Matrix) throws(InferenceError) {
        guard probabilities.rows > 0, probabilities.columns > 0 else {
            throw .empty(what: "the matrix of emission probabilities")
        }
        let (states, symbols) = (probabilities.rows, probabilities.columns)
        let vectors = (states + 7) / 8
        var normalised = probabilities
        for state in 0..<states {
            let row = try ProbabilityRow.normalised(
                Array(probabilities.row(state)), name: "the emission probabilities of state \(state)")
            for symbol in 0..<symbols { normalised[state, symbol] = row[symbol] }
        }
        var (logs, likelihoods, logScales): ([StateVector], [StateVector], [Double]) = ([], [], [])
        for symbol in 0..<symbols {
            let column = normalised.column(symbol)
            logs += StateVector.packed(column.map { log($0) }, vectors: vectors, padding: -.infinity)
            let largest = column.max() ?? 0
            likelihoods += StateVector.packed(column.map { largest > 0 ? $0 / largest : 0 }, vectors: vectors)
            logScales.append(log(largest))
        }
        self.probabilities = normalised
        self.logs = logs
        self.likelihoods = likelihoods
        self.logScales = logScales
    }

    public static func length(of observations: [Int]) -> Int { observations.count }

    public func check(_ observations: [Int], name: String) throws(InferenceError) {
        guard !observations.isEmpty else { throw .empty(what: name) }
        for (time, symbol) in observations.enumerated() where symbol < 0 || symbol >= symbols {
            throw .improperParameter(
                name: "the observation at \(name), time \(time)", value: "\(symbol)",
                expected: "a symbol in 0 ..< \(symbols)")
        }
    }

    public func writeLogDensities(
        of observations: [Int], times: Range<Int>, into target: UnsafeMutablePointer<StateVector>
    ) {
        let vectors = vectors
        for (row, time) in times.enumerated() {
            let start = observations[time] * vectors
            for vector in 0..<vectors { target[row * vectors + vector] = logs[start + vector] }
        }
    }

    public func writeLikelihoods(
        of observations: [Int], times: Range<Int>, into target: UnsafeMutablePointer<StateVector>,
        logScales: UnsafeMutablePointer<Double>
    ) {
        let vectors = vectors
        for (row, time) in times.enumerated() {
            let symbol = observations[time]
            logScales[row] = self.logScales[symbol]
            for vector in 0..<vectors { target[row * vectors + vector] = likelihoods[symbol * vectors + vector] }
        }
    }

    public func accumulate(
        _ observations: [Int], times: Range<Int>, posterior: UnsafePointer<StateVector>,
        into statistics: UnsafeMutablePointer<StateVector>
    ) {
        let vectors = vectors
        for (row, time) in times.enumerated() {
            let start = observations[time] * vectors
            for vector in 0..<vectors { statistics[start + vector] += posterior[row * vectors + vector] }
        }
    }

    public func maximised(_ statistics: [StateVector], prior: Prior) throws(InferenceError) -> CategoricalEmissions {
        guard prior.pseudoCount >= 0, prior.pseudoCount < .infinity else {
            throw .improperParameter(
                name: "the pseudo-count of the emissions", value: "\(prior.pseudoCount)",
                expected: "a finite number of at least 0")
        }
        var result = probabilities
        for state in 0..<states {
            let counts = (0..<symbols).map { symbol in
                statistics.lane(state, row: symbol, vectors: vectors)
                    + (probabilities[state, symbol] > 0 ? prior.pseudoCount : 0)
            }
            let total = counts.reduce(0, +)
            guard total > 0 else { continue }
            for symbol in 0..<symbols { result[state, symbol] = counts[symbol] / total }
        }
        return try CategoricalEmissions(probabilities: result)
    }

    public func logPrior(_ prior: Prior) -> Double {
        guard prior.pseudoCount > 0 else { return 0 }
        return probabilities.storage.reduce(0) { $1 > 0 ? $0 + prior.pseudoCount * log($1) : $0 }
    }

    public func simulate(_ path: [Int], using random: inout Random) -> [Int] {
        path.map { state in ProbabilityRow.draw(probabilities.storage, state * symbols, symbols, using: &random) }
    }
}
