/// Both learners side by side, each on its part of the input.
@inlinable
public func *** <First: OpenLearner, Second: OpenLearner>(
    _ first: First, _ second: Second
) -> ProductLearner<First, Second> { ProductLearner(first, second) }

/// Two learners side by side.
public struct ProductLearner<First: OpenLearner, Second: OpenLearner>: OpenLearner {
    public typealias Parameters = Pair<First.Parameters, Second.Parameters>
    public typealias Input = Pair<First.Input, Second.Input>
    public typealias Output = Pair<First.Output, Second.Output>

    /// What answers the first part.
    public var first: First
    /// What answers the second part.
    public var second: Second

    /// `first` beside `second`.
    @inlinable
    public init(_ first: First, _ second: Second) {
        self.first = first
        self.second = second
    }

    @inlinable
    public func implement(_ parameters: Parameters, _ input: Input) -> Output {
        Pair(first.implement(parameters.first, input.first), second.implement(parameters.second, input.second))
    }

    @inlinable
    public func update(_ parameters: Parameters, _ input: Input, toward target: Output) -> Parameters {
        Pair(
            first.update(parameters.first, input.first, toward: target.first),
            second.update(parameters.second, input.second, toward: target.second))
    }

    @inlinable
    public func request(_ parameters: Parameters, _ input: Input, toward target: Output) -> Input {
        Pair(
            first.request(parameters.first, input.first, toward: target.first),
            second.request(parameters.second, input.second, toward: target.second))
    }
}
