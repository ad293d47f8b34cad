/// A parametric kernel that has a learner: one lesson is one step up the gradient of its log-density.
///
///     kernel.with(learnerParameters: learner.update(θ, x, toward: y)).parameters = θ + rate * d/dθ ln p(y | x)
///
/// The kernel's input and output are the learner's, and compositions go to compositions, so maximum likelihood is a
/// functor from statistical models to learners, the identity on objects: ``ProductKernel`` to ``ProductLearner``;
/// ``JointKernel``, where what passes between is observed, to ``JointLearner``; and ``MeanKernel`` with `meansThen`,
/// where it is not, to ``SequenceLearner``.
/// Source: Shiebler (2021), "Categorical stochastic processes and likelihood", arXiv 2005.04735.
public protocol MaximumLikelihoodModel<Input, Output>: ParametricKernel {
    associatedtype Learner: OpenLearner where Learner.Input == Input, Learner.Output == Output

    /// The learner whose update climbs the log-density by `rate` times its gradient.
    func learner(rate: Double) -> Learner

    /// The kernel's parameters as the learner holds them.
    var learnerParameters: Learner.Parameters { get }

    /// The same kernel with parameters as the learner holds them.
    func with(learnerParameters: Learner.Parameters) -> Self
}

extension MeanKernel: MaximumLikelihoodModel {
    @inlinable
    public func learner(rate: Double) -> GradientLearner<Map> { GradientLearner(map, family: family, rate: rate) }

    @inlinable public var learnerParameters: [Double] { parameters }

    @inlinable
    public func with(learnerParameters: [Double]) -> MeanKernel { with(parameters: learnerParameters) }
}

extension ProductKernel: MaximumLikelihoodModel where First: MaximumLikelihoodModel, Second: MaximumLikelihoodModel {
    @inlinable
    public func learner(rate: Double) -> ProductLearner<First.Learner, Second.Learner> {
        first.learner(rate: rate) *** second.learner(rate: rate)
    }

    @inlinable
    public var learnerParameters: Pair<First.Learner.Parameters, Second.Learner.Parameters> {
        Pair(first.learnerParameters, second.learnerParameters)
    }

    @inlinable
    public func with(
        learnerParameters: Pair<First.Learner.Parameters, Second.Learner.Parameters>
    ) -> ProductKernel {
        ProductKernel(
            first.with(learnerParameters: learnerParameters.first),
            second.with(learnerParameters: learnerParameters.second))
    }
}

extension JointKernel: MaximumLikelihoodModel where First: MaximumLikelihoodModel, Second: MaximumLikelihoodModel {
    @inlinable
    public func learner(rate: Double) -> JointLearner<First.Learner, Second.Learner> {
        JointLearner(first.learner(rate: rate), second.learner(rate: rate))
    }

    @inlinable
    public var learnerParameters: Pair<First.Learner.Parameters, Second.Learner.Parameters> {
        Pair(first.learnerParameters, second.learnerParameters)
    }

    @inlinable
    public func with(
        learnerParameters: Pair<First.Learner.Parameters, Second.Learner.Parameters>
    ) -> JointKernel {
        JointKernel(
            first.with(learnerParameters: learnerParameters.first),
            second.with(learnerParameters: learnerParameters.second))
    }
}

/// One learner after another, where what passes between them is observed: its target is part of the data, and the
/// second learns from that instead of from the first one's answer.
public struct JointLearner<First: OpenLearner, Second: OpenLearner>: OpenLearner where First.Output == Second.Input {
    public typealias Parameters = Pair<First.Parameters, Second.Parameters>
    public typealias Output = Pair<First.Output, Second.Output>

    /// What answers first.
    public var first: First
    /// What answers that answer, and learns from what it should have been.
    public var second: Second

    /// `first`, then `second`.
    @inlinable
    public init(_ first: First, _ second: Second) {
        self.first = first
        self.second = second
    }

    @inlinable
    public func implement(_ parameters: Parameters, _ input: First.Input) -> Output {
        let middle = first.implement(parameters.first, input)
        return Pair(middle, second.implement(parameters.second, middle))
    }

    @inlinable
    public func update(_ parameters: Parameters, _ input: First.Input, toward target: Output) -> Parameters {
        Pair(
            first.update(parameters.first, input, toward: target.first),
            second.update(parameters.second, target.first, toward: target.second))
    }

    @inlinable
    public func request(_ parameters: Parameters, _ input: First.Input, toward target: Output) -> First.Input {
        first.request(parameters.first, input, toward: target.first)
    }
}
