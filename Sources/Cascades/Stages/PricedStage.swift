public import Probability

/// A stage whose answers cost what a price list asks for their tokens and seconds.
///
///     let model = remote.priced(PriceList(perMillionTokensIn: 0.15, perMillionTokensOut: 0.6))
public struct PricedStage<Base: Stage>: Stage {
    /// The stage that answers.
    public let base: Base
    /// The prices.
    public let prices: PriceList

    /// `base` at the prices of `prices`.
    public init(_ base: Base, prices: PriceList) {
        self.base = base
        self.prices = prices
    }

    public var name: String { base.name }
    public var evidenceNames: [String] { base.evidenceNames }

    public func answer(_ input: Base.Input) async throws -> Answer<Base.Output> {
        var answer = try await base.answer(input)
        answer.cost = prices.priced(answer.cost)
        return answer
    }

    public func run(_ input: Base.Input, using random: inout Random) async throws -> Run<Base.Output> {
        var run = try await base.run(input, using: &random)
        run.cost = prices.priced(run.cost)
        return run
    }
}

extension Stage {
    /// This stage at the prices of `prices`.
    public func priced(_ prices: PriceList) -> PricedStage<Self> { PricedStage(self, prices: prices) }
}
