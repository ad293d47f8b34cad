public import Cascades

/// One rule after another: forward first then second, backward second then first.
public struct SequenceRule<First: GuidedKernel, Second: GuidedKernel>: GuidedKernel where First.After == Second.Before {
    /// The rule that moves first.
    public let first: First
    /// The rule that moves second.
    public let second: Second

    /// `first`, then `second`.
    public init(_ first: First, _ second: Second) {
        self.first = first
        self.second = second
    }

    public var innovationCount: Int { first.innovationCount + second.innovationCount }

    public func pullBack(_ after: Second.After) throws -> PulledBack<First.Before, Pair<First.Message, Second.Message>>
    {
        let late = try second.pullBack(after)
        let early = try first.pullBack(late.function)
        return PulledBack(early.function, Pair(early.message, late.message))
    }

    public func push(
        _ input: First.Before.State, _ message: Pair<First.Message, Second.Message>,
        _ innovations: inout InnovationReader
    ) -> Weighted<Second.After.State> {
        let middle = first.push(input, message.first, &innovations)
        var output = second.push(middle.value, message.second, &innovations)
        output.logWeight += middle.logWeight
        return output
    }
}

/// Two rules side by side on a pair of states.
public struct ParallelRule<First: GuidedKernel, Second: GuidedKernel>: GuidedKernel {
    /// The rule on the first state.
    public let first: First
    /// The rule on the second state.
    public let second: Second

    /// `first` beside `second`.
    public init(_ first: First, _ second: Second) {
        self.first = first
        self.second = second
    }

    public var innovationCount: Int { first.innovationCount + second.innovationCount }

    public func pullBack(
        _ after: PairFunction<First.After, Second.After>
    ) throws -> PulledBack<PairFunction<First.Before, Second.Before>, Pair<First.Message, Second.Message>> {
        let (one, two) = (try first.pullBack(after.first), try second.pullBack(after.second))
        return PulledBack(PairFunction(one.function, two.function), Pair(one.message, two.message))
    }

    public func push(
        _ input: Pair<First.Before.State, Second.Before.State>, _ message: Pair<First.Message, Second.Message>,
        _ innovations: inout InnovationReader
    ) -> Weighted<Pair<First.After.State, Second.After.State>> {
        let one = first.push(input.first, message.first, &innovations)
        let two = second.push(input.second, message.second, &innovations)
        return Weighted(Pair(one.value, two.value), logWeight: one.logWeight + two.logWeight)
    }
}

/// A branching: the state goes on twice. Backward, what the branches know is fused.
public struct CopyRule<Function: GuidingFunction>: GuidedKernel {
    /// A branching.
    public init() {}

    public var innovationCount: Int { 0 }

    public func pullBack(_ after: PairFunction<Function, Function>) throws -> PulledBack<Function, Never?> {
        PulledBack(try after.first.fused(with: after.second), nil)
    }

    public func push(_ input: Function.State, _ message: Never?, _ innovations: inout InnovationReader) -> Weighted<
        Pair<Function.State, Function.State>
    > {
        Weighted(Pair(input, input), logWeight: 0)
    }
}

/// An observation on the way: the state goes on as it is. Backward, what is observed is fused with what comes later.
public struct EvidenceRule<Function: GuidingFunction>: GuidedKernel {
    /// The likelihood of the observation as a function of the state.
    public let evidence: Function

    /// An observation.
    public init(_ evidence: Function) { self.evidence = evidence }

    public var innovationCount: Int { 0 }

    public func pullBack(_ after: Function) throws -> PulledBack<Function, Never?> {
        PulledBack(try after.fused(with: evidence), nil)
    }

    public func push(_ input: Function.State, _ message: Never?, _ innovations: inout InnovationReader) -> Weighted<
        Function.State
    > {
        Weighted(input, logWeight: 0)
    }
}
