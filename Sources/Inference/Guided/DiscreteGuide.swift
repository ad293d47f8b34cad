internal import Foundation
public import Cascades
internal import NumericalMethods

/// A guiding function on finitely many states: a table.
public struct TableFunction: GuidingFunction, Equatable {
    /// ln g by state, `[states]`.
    public let logValues: [Double]

    /// The function with these logarithms.
    /// - Throws: `InferenceError.empty`; `.nonFinite` for NaN or +infinity; `.impossibleObservation` for −infinity alone.
    public init(logValues: [Double]) throws {
        guard !logValues.isEmpty else { throw InferenceError.empty(what: "the table") }
        if let state = logValues.firstIndex(where: { !($0 < .infinity) }) {
            throw InferenceError.nonFinite(
                what: "the log-likelihood", place: "state \(state)", value: logValues[state])
        }
        guard logValues.contains(where: { $0 > -.infinity }) else {
            throw InferenceError.impossibleObservation(place: "every state of a table")
        }
        self.logValues = logValues
    }

    /// 1 everywhere.
    public static func flat(_ states: Int) throws -> TableFunction {
        try TableFunction(logValues: .init(repeating: 0, count: states))
    }

    /// 1 at `state`, 0 elsewhere.
    public static func at(_ state: Int, of states: Int) throws -> TableFunction {
        try TableFunction(logValues: (0..<states).map { $0 == state ? 0 : -.infinity })
    }

    public func logValue(at state: Int) -> Double { logValues[state] }

    public func fused(with other: TableFunction) throws -> TableFunction {
        guard logValues.count == other.logValues.count else {
            throw InferenceError.wrongShape(
                what: "a table to be fused", found: "\(other.logValues.count) states", expected: "\(logValues.count)")
        }
        return try TableFunction(logValues: zip(logValues, other.logValues).map { $0 + $1 })
    }
}

/// A transition between finitely many states: exact, or guided by a stand-in matrix.
public struct DiscreteGuide: GuidedKernel {
    /// P(output | input), `[inputs, outputs]`.
    public let transition: [Double]
    /// The matrix that the backward map uses, `[inputs, outputs]`.
    public let auxiliary: [Double]
    /// The number of inputs.
    public let inputs: Int
    /// The number of outputs.
    public let outputs: Int

    /// A transition with the matrix `transition`, guided by `auxiliary`, or exactly. What the auxiliary forbids and the
    /// transition allows would be missed without a trace, so ``pullBack(_:)`` refuses it.
    /// - Throws: `InferenceError.wrongShape`, `.improperParameter` for a row that is not a distribution.
    public init(transition: [Double], inputs: Int, auxiliary: [Double]? = nil) throws {
        guard inputs > 0, transition.count >= inputs, transition.count % inputs == 0 else {
            throw InferenceError.wrongShape(
                what: "the transition matrix", found: "\(transition.count) numbers",
                expected: "a multiple of \(inputs) rows")
        }
        let auxiliary = auxiliary ?? transition
        guard auxiliary.count == transition.count else {
            throw InferenceError.wrongShape(
                what: "the auxiliary matrix", found: "\(auxiliary.count) numbers", expected: "\(transition.count)")
        }
        outputs = transition.count / inputs
        for (name, matrix) in [("transition", transition), ("auxiliary", auxiliary)] {
            for row in 0..<inputs {
                let values = matrix[row * outputs..<(row + 1) * outputs]
                let sum = values.reduce(0, +)
                guard values.allSatisfy({ $0 >= 0 }), abs(sum - 1) < 1e-9 else {
                    throw InferenceError.improperParameter(
                        name: "row \(row) of the \(name) matrix", value: "\(Array(values))",
                        expected: "numbers from 0 up that add up to 1")
                }
            }
        }
        self.transition = transition
        self.auxiliary = auxiliary
        self.inputs = inputs
    }

    /// Guided transitions by input: cumulative probabilities, and log-weights.
    public struct Message: Sendable {
        let cumulative: [Double]
        let logWeights: [Double]
    }

    public var innovationCount: Int { 1 }

    public func pullBack(_ after: TableFunction) throws -> PulledBack<TableFunction, Message> {
        guard after.logValues.count == outputs else {
            throw InferenceError.wrongShape(
                what: "the table of outputs", found: "\(after.logValues.count) states", expected: "\(outputs)")
        }
        let largest = after.logValues.max()!
        let values = after.logValues.map { exp($0 - largest) }
        func applied(_ matrix: [Double], _ row: Int) -> Double {
            var sum = 0.0
            for output in 0..<outputs { sum += matrix[row * outputs + output] * values[output] }
            return log(sum) + largest
        }
        let before = (0..<inputs).map { applied(auxiliary, $0) }
        var (cumulative, logWeights): ([Double], [Double]) = ([], [])
        for row in 0..<inputs {
            let logTotal = applied(transition, row)
            guard before[row] > -.infinity || logTotal == -.infinity else {
                throw InferenceError.improperParameter(
                    name: "row \(row) of the auxiliary matrix", value: "zero where the transition is possible",
                    expected: "a chance of every observed future that the transition has a chance of")
            }
            logWeights.append(logTotal == -.infinity ? -.infinity : logTotal - before[row])
            var sum = 0.0
            for output in 0..<outputs {
                sum += transition[row * outputs + output] * values[output]
                cumulative.append(sum)
            }
        }
        return PulledBack(try TableFunction(logValues: before), Message(cumulative: cumulative, logWeights: logWeights))
    }

    public func push(_ input: Int, _ message: Message, _ innovations: inout InnovationReader) -> Weighted<Int> {
        let start = input * outputs
        let target = innovations.uniform() * message.cumulative[start + outputs - 1]
        var output = 0
        while output < outputs - 1, message.cumulative[start + output] <= target { output += 1 }
        return Weighted(output, logWeight: message.logWeights[input])
    }
}
