/// `first`, then `second` on what it gave.
@inlinable
public func >>> <First: OpenLearner, Second: OpenLearner>(
    _ first: First, _ second: Second
) -> SequenceLearner<First, Second> where First.Output == Second.Input { SequenceLearner(first, second) }

/// One learner after another: what the second requests is what the first should have answered.
public struct SequenceLearner<First: OpenLearner, Second: OpenLearner>: OpenLearner
where First.Output == Second.Input {
    public typealias Parameters = Pair<First.Parameters, Second.Parameters>

    /// What answers first.
    public var first: First
    /// What answers that answer.
    public var second: Second

    /// `first`, then `second`.
    @inlinable
    public init(_ first: First, _ second: Second) {
        self.first = first
        self.second = second
    }

    @inlinable
    public func implement(_ parameters: Parameters, _ input: First.Input) -> Second.Output {
        second.implement(parameters.second, first.implement(parameters.first, input))
    }

    @inlinable
    public func update(_ parameters: Parameters, _ input: First.Input, toward target: Second.Output) -> Parameters {
        let middle = first.implement(parameters.first, input)
        let asked = second.request(parameters.second, middle, toward: target)
        return Pair(
            first.update(parameters.first, input, toward: asked),
            second.update(parameters.second, middle, toward: target))
    }

    @inlinable
    public func request(_ parameters: Parameters, _ input: First.Input, toward target: Second.Output) -> First.Input {
        let middle = first.implement(parameters.first, input)
        let asked = second.request(parameters.second, middle, toward: target)
        return first.request(parameters.first, input, toward: asked)
    }

    /// The second learner in its context is the context of the first: one pass, however the brackets are set.
    @inlinable
    public func learn(
        _ parameters: Parameters, _ input: First.Input, in context: (_ output: Second.Output) -> Second.Output
    ) -> Lesson<Parameters, First.Input> {
        var next = parameters.second
        let lesson = first.learn(parameters.first, input) { middle in
            let lesson = second.learn(parameters.second, middle, in: context)
            next = lesson.parameters
            return lesson.request
        }
        return Lesson(parameters: Pair(lesson.parameters, next), request: lesson.request)
    }
}
