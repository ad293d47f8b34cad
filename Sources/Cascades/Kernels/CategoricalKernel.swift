import NumericalMethods
public import Probability

/// A choice from finitely many, given one of finitely many: a softmax a row.
///
///     p(j | i) = exp(w_ij) / sum_k exp(w_ik)
///
/// With one row it serves as a gate without input (``init(constant:)``); with rows, as a Markov chain's transition.
public struct CategoricalKernel<Input>: ChoiceKernel, ParametricKernel {
    public typealias Output = Int

    /// How many outputs there are.
    public let outputCount: Int
    /// Log-weights, `[rows, outputs]`, not normalised.
    public let parameters: [Double]
    /// The row of an input.
    @usableFromInline let row: @Sendable (Input) -> Int
    /// `ln sum_k exp(w_ik)`, `[rows]`.
    @usableFromInline let logTotals: [Double]

    /// A kernel with the log-weights `logWeights`, `[rows, outputs]`, whose input is looked up by `row`.
    /// - Throws: `WeightError` where a row has no possible output, or a weight is `NaN` or +infinity.
    public init(
        logWeights: [Double], outputs: Int, row: @escaping @Sendable (Input) -> Int
    ) throws(WeightError) {
        precondition(
            outputs > 0 && !logWeights.isEmpty && logWeights.count.isMultiple(of: outputs),
            "log-weights are [rows, outputs]")
        var judge = Random(seed: 0)
        for start in stride(from: 0, to: logWeights.count, by: outputs) {
            _ = try judge.choose(logWeights: Array(logWeights[start..<start + outputs]))
        }
        self.init(checked: logWeights, outputs: outputs, row: row)
    }

    /// A choice that does not look at its input, with the log-weights `constant`, `[outputs]`.
    /// - Throws: `WeightError` where no output is possible, or a weight is `NaN` or +infinity.
    public init(constant: [Double]) throws(WeightError) {
        try self.init(logWeights: constant, outputs: constant.count) { _ in 0 }
    }

    private init(checked logWeights: [Double], outputs: Int, row: @escaping @Sendable (Input) -> Int) {
        outputCount = outputs
        parameters = logWeights
        self.row = row
        logTotals = stride(from: 0, to: logWeights.count, by: outputs).map { start in
            logSumExp(logWeights.span.extracting(start..<start + outputs))
        }
    }

    @inlinable public var parameterCount: Int { parameters.count }

    public func with(parameters: [Double]) -> CategoricalKernel {
        precondition(parameters.count == self.parameters.count, "a kernel was given a wrong number of parameters")
        return CategoricalKernel(checked: parameters, outputs: outputCount, row: row)
    }

    @inlinable
    public func choose<Source: ChoiceSource>(_ input: Input, using source: inout Source) throws(WeightError) -> Int {
        let start = row(input) * outputCount
        return try source.choose(logWeights: parameters.span.extracting(start..<start + outputCount))
    }

    @inlinable
    public func logDensity(of output: Int, given input: Input) -> Double {
        guard (0..<outputCount).contains(output) else { return -.infinity }
        let row = row(input)
        return parameters[row * outputCount + output] - logTotals[row]
    }

    /// `d/dw_ij ln p(y | i) = [j = y] - p(j | i)`.
    @inlinable
    public func addGradient(
        of output: Int, given input: Input, scale: Double, to gradient: inout [Double], at offset: Int
    ) {
        let row = row(input)
        let start = row * outputCount
        for index in 0..<outputCount {
            let probability = exponential(parameters[start + index] - logTotals[row])
            gradient[offset + start + index] += scale * ((index == output ? 1 : 0) - probability)
        }
    }
}

extension CategoricalKernel where Input == Int {
    /// The transition of a Markov chain with the log-weights `transitions`, `[inputs, outputs]`.
    /// - Throws: `WeightError` where a row has no possible output, or a weight is `NaN` or +infinity.
    public init(transitions: [[Double]]) throws(WeightError) {
        precondition(
            transitions.allSatisfy { $0.count == transitions[0].count },
            "every row of a transition has the same outputs")
        try self.init(logWeights: transitions.flatMap { $0 }, outputs: transitions.first?.count ?? 0) { $0 }
    }
}
