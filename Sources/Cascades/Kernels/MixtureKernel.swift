public import NumericalMethods
public import Probability

extension Array where Element: Kernel {
    /// One of these kernels, chosen by `gate`, whose output is an index into them.
    @inlinable
    public func mixed<Gate: Kernel>(by gate: Gate) -> MixtureKernel<Gate, Element>
    where Gate.Input == Element.Input, Gate.Output == Int {
        MixtureKernel(gate: gate, experts: self)
    }
}

/// One of several kernels (experts), chosen by a gate that sees the same input.
///
///     p(y | x) = sum_k g(k | x) p_k(y | x)
///
/// Parameters are the gate's, then the experts' in order. Source of the gradient: Jordan and Jacobs (1994),
/// "Hierarchical mixtures of experts and the EM algorithm": each part's gradient times its responsibility.
public struct MixtureKernel<Gate: Kernel, Expert: Kernel>: Kernel
where Gate.Input == Expert.Input, Gate.Output == Int {
    /// Chooses the expert.
    public var gate: Gate
    /// The kernels to choose from; not empty.
    public var experts: [Expert]

    /// `experts` chosen by `gate`.
    @inlinable
    public init(gate: Gate, experts: [Expert]) {
        precondition(!experts.isEmpty, "a mixture needs one expert at least")
        self.gate = gate
        self.experts = experts
    }

    @inlinable
    public func sample(_ input: Expert.Input, using random: inout Random) -> Expert.Output {
        experts[gate.sample(input, using: &random)].sample(input, using: &random)
    }
}

extension MixtureKernel: DensityKernel where Gate: DensityKernel, Expert: DensityKernel {
    @inlinable
    public func logDensity(of output: Expert.Output, given input: Expert.Input) -> Double {
        var total = -Double.infinity
        for index in experts.indices { total = logSumExp(total, term(index, output, input)) }
        return total
    }

    /// `ln g(k | x) + ln p_k(y | x)`.
    @inlinable
    func term(_ index: Int, _ output: Expert.Output, _ input: Expert.Input) -> Double {
        let logGate = gate.logDensity(of: index, given: input)
        // An expert that can't be chosen may have an infinite density here; nothing times it is nothing.
        return logGate == -.infinity ? -.infinity : logGate + experts[index].logDensity(of: output, given: input)
    }
}

extension MixtureKernel: ParametricKernel where Gate: ParametricKernel, Expert: ParametricKernel {
    @inlinable
    public var parameterCount: Int { experts.reduce(gate.parameterCount) { $0 + $1.parameterCount } }

    @inlinable
    public var parameters: [Double] { experts.reduce(gate.parameters) { $0 + $1.parameters } }

    @inlinable
    public func with(parameters: [Double]) -> MixtureKernel {
        precondition(parameters.count == parameterCount, "a mixture was given a wrong number of parameters")
        var next = gate.parameterCount
        let head = gate.with(parameters: Array(parameters[..<next]))
        let rest = experts.map { expert in
            let start = next
            next += expert.parameterCount
            return expert.with(parameters: Array(parameters[start..<next]))
        }
        return MixtureKernel(gate: head, experts: rest)
    }

    @inlinable
    public func addGradient(
        of output: Expert.Output, given input: Expert.Input, scale: Double, to gradient: inout [Double], at offset: Int
    ) {
        let total = logDensity(of: output, given: input)
        // Where the density is zero no part has a share in it: the gradient is left at zero.
        if total == -.infinity { return }
        var next = offset + gate.parameterCount
        for index in experts.indices {
            let share = scale * exponential(term(index, output, input) - total)
            if share != 0 {
                gate.addGradient(of: index, given: input, scale: share, to: &gradient, at: offset)
                experts[index].addGradient(of: output, given: input, scale: share, to: &gradient, at: next)
            }
            next += experts[index].parameterCount
        }
    }
}

extension MixtureKernel: ChoiceKernel where Gate: ChoiceKernel, Expert: ChoiceKernel {
    @inlinable
    public func choose<Source: ChoiceSource>(
        _ input: Expert.Input, using source: inout Source
    ) throws(WeightError) -> Expert.Output {
        let index = try gate.choose(input, using: &source)
        return try experts[index].choose(input, using: &source)
    }
}
