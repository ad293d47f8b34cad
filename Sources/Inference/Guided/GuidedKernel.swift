public import Cascades
internal import NumericalMethods

/// A Markov kernel κ paired with a backward map: the transformation rule of backward filtering, forward guiding.
///
/// Backward, ``pullBack(_:)`` turns a function g of the output into κ̃g, a function of the input, where κ̃ is κ or a
/// tractable stand-in, and leaves a message for the way forward. Forward, ``push(_:_:_:)`` moves under
///
///     κ°(x, dy) = g(y) κ(x, dy) / (κg)(x)    with log-weight    ln (κg)(x) − ln (κ̃g)(x)
///
/// which is 0 where κ̃ = κ. Continuous-time rules move under an equivalent law and return its likelihood ratio.
/// Over a whole graph, g(start) times the weights is an unbiased estimate of the likelihood of the observations, and the
/// weighted states are draws given them.
///
/// Rules compose in sequence and in parallel (``SequenceRule``, ``ParallelRule``, ``CopyRule``, ``EvidenceRule``): the
/// backward maps in reverse, as the two directions of an optic do.
///
/// - Source: van der Meulen and Schauer, 2020, Automatic backward filtering forward guiding, arXiv 2010.03509.
public protocol GuidedKernel: Sendable {
    /// The function of the input that comes back.
    associatedtype Before: GuidingFunction
    /// The function of the output that goes in.
    associatedtype After: GuidingFunction
    /// What the way forward needs of the way back.
    associatedtype Message: Sendable

    /// κ̃ applied to `after`.
    /// - Throws: `InferenceError` where `after` is impossible or doesn't fit.
    func pullBack(_ after: After) throws -> PulledBack<Before, Message>

    /// How many standard normal innovations one step forward takes.
    var innovationCount: Int { get }

    /// An output given `input` and `message`, a deterministic function of the innovations, with its log-weight.
    func push(_ input: Before.State, _ message: Message, _ innovations: inout InnovationReader) -> Weighted<After.State>
}

/// What a rule's backward map returns.
public struct PulledBack<Function: GuidingFunction, Message: Sendable>: Sendable {
    /// κ̃g, a function of the input.
    public var function: Function
    /// What the way forward needs.
    public var message: Message

    /// A pulled-back function and its message.
    public init(_ function: Function, _ message: Message) {
        self.function = function
        self.message = message
    }
}

/// Reads standard normal innovations one by one.
public struct InnovationReader {
    @usableFromInline var next: UnsafePointer<Double>

    /// Reads from `start`, which must hold as many as will be read.
    @inlinable
    public init(_ start: UnsafePointer<Double>) { next = start }

    /// The next standard normal number.
    @inlinable @inline(__always)
    public mutating func normal() -> Double {
        let value = next.pointee
        next += 1
        return value
    }

    /// A uniform number strictly between 0 and 1, from one innovation.
    public mutating func uniform() -> Double {
        min(max(normalCDF(normal()), 0x1p-60), 1 - 0x1p-53)
    }
}

/// Whatever makes a weighted output from standard normal innovations: a guided model with its observations.
public protocol GuidedTarget<Output>: Sendable {
    /// What is made.
    associatedtype Output: Sendable
    /// How many innovations a run takes.
    var innovationCount: Int { get }
    /// The output from `innovations`. Over them the mean of exp(log-weight) is the likelihood of the observations.
    func run(_ innovations: UnsafePointer<Double>) -> Weighted<Output>
}

/// A rule run from a fixed input under a pulled-back function.
public struct GuidedRun<Rule: GuidedKernel>: GuidedTarget where Rule.Before.State: Sendable {
    /// The rule.
    public let rule: Rule
    /// Where it starts.
    public let input: Rule.Before.State
    /// What is known of the future at the start.
    public let function: Rule.Before
    let message: Rule.Message

    /// Filters backward from `after`.
    /// - Throws: what the rule's backward map throws; `InferenceError.impossibleObservation` where `input` can't lead to
    ///   what was observed.
    public init(_ rule: Rule, from input: Rule.Before.State, to after: Rule.After) throws {
        let back = try rule.pullBack(after)
        let logValue = back.function.logValue(at: input)
        guard logValue < .infinity else {
            throw InferenceError.nonFinite(what: "the guiding function", place: "the start", value: logValue)
        }
        guard logValue > -.infinity else { throw InferenceError.impossibleObservation(place: "the end of the rule") }
        self.rule = rule
        self.input = input
        function = back.function
        message = back.message
    }

    public var innovationCount: Int { rule.innovationCount }

    public func run(_ innovations: UnsafePointer<Double>) -> Weighted<Rule.After.State> {
        var reader = InnovationReader(innovations)
        var output = rule.push(input, message, &reader)
        output.logWeight += function.logValue(at: input)
        return output
    }
}
