/// A supervised learner whose ends are open: it learns from a target for its output, and gives its input a target.
///
///     implement: P x A -> B       what it answers
///     update:    P x A x B -> P   its parameters after seeing what it should have answered
///     request:   P x A x B -> A   the input that it would rather have had
///
/// The request is what makes learners compose: with `>>>` the second one's request is the first one's target; with `***`
/// they stand side by side. Both are associative with ``IdentityLearner`` as unit, up to the brackets of the parameters.
/// ``GradientLearner`` is the learner of a smooth map, and ``LearnerGame`` the open game of a learner.
/// Source: Fong, Spivak and Tuyéras (2019), "Backprop as functor", arXiv 1711.10455.
public protocol OpenLearner<Input, Output>: Sendable {
    associatedtype Parameters
    associatedtype Input
    associatedtype Output

    /// The answer to `input`.
    func implement(_ parameters: Parameters, _ input: Input) -> Output

    /// The parameters after having seen that `target` is right for `input`.
    func update(_ parameters: Parameters, _ input: Input, toward target: Output) -> Parameters

    /// The input to ask for when `target` is right for `input`.
    func request(_ parameters: Parameters, _ input: Input, toward target: Output) -> Input

    /// Update and request at once, where `context` says what should have been answered instead of an answer.
    ///
    /// The same as answering, asking the context once, and then ``update(_:_:toward:)`` and ``request(_:_:toward:)``,
    /// which is the default; compositions do it in one pass over their parts.
    func learn(
        _ parameters: Parameters, _ input: Input, in context: (_ output: Output) -> Output
    ) -> Lesson<Parameters, Input>
}

/// What a learner makes of one example.
public struct Lesson<Parameters, Input> {
    /// The next parameters.
    public var parameters: Parameters
    /// What it asks of whoever gave the input.
    public var request: Input

    /// A lesson.
    @inlinable
    public init(parameters: Parameters, request: Input) {
        self.parameters = parameters
        self.request = request
    }
}

extension Lesson: Sendable where Parameters: Sendable, Input: Sendable {}
extension Lesson: Equatable where Parameters: Equatable, Input: Equatable {}

extension OpenLearner {
    @inlinable
    public func learn(
        _ parameters: Parameters, _ input: Input, in context: (_ output: Output) -> Output
    ) -> Lesson<Parameters, Input> {
        let target = context(implement(parameters, input))
        return Lesson(
            parameters: update(parameters, input, toward: target), request: request(parameters, input, toward: target))
    }
}

/// The type with one value: the parameters of what has none, the utility of who plays for nothing.
public struct Trivial: Sendable, Hashable, Codable {
    /// The value.
    @inlinable public init() {}
}

/// The learner that gives its input and asks for its target: the unit of `>>>`.
public struct IdentityLearner<Value>: OpenLearner {
    /// The identity.
    @inlinable public init() {}

    @inlinable public func implement(_ parameters: Trivial, _ input: Value) -> Value { input }
    @inlinable public func update(_ parameters: Trivial, _ input: Value, toward target: Value) -> Trivial { parameters }
    @inlinable public func request(_ parameters: Trivial, _ input: Value, toward target: Value) -> Value { target }
}

/// A learner given by its three functions.
public struct FunctionLearner<Parameters, Input, Output>: OpenLearner {
    /// What it answers.
    public var implementation: @Sendable (Parameters, Input) -> Output
    /// Its parameters after a target.
    public var updating: @Sendable (Parameters, Input, Output) -> Parameters
    /// The input that it would rather have had.
    public var requesting: @Sendable (Parameters, Input, Output) -> Input

    /// A learner of three functions.
    @inlinable
    public init(
        implement: @escaping @Sendable (Parameters, Input) -> Output,
        update: @escaping @Sendable (Parameters, Input, Output) -> Parameters,
        request: @escaping @Sendable (Parameters, Input, Output) -> Input
    ) {
        implementation = implement
        updating = update
        requesting = request
    }

    @inlinable
    public func implement(_ parameters: Parameters, _ input: Input) -> Output { implementation(parameters, input) }

    @inlinable
    public func update(_ parameters: Parameters, _ input: Input, toward target: Output) -> Parameters {
        updating(parameters, input, target)
    }

    @inlinable
    public func request(_ parameters: Parameters, _ input: Input, toward target: Output) -> Input {
        requesting(parameters, input, target)
    }
}
