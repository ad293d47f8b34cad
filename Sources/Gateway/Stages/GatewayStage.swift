import Cascades
import NIOCore

/// A stage as the gateway knows it: what answers, how it is called there, and what it costs.
final class GatewayStage: Sendable {
    let name: String
    /// The model's name at the stage; nil leaves the client's.
    let model: String?
    /// The interfaces that it speaks.
    let interfaces: Set<WireAPI>
    let prices: PriceList
    /// Whether a stream is asked to count its tokens at its end.
    let countsStreams: Bool
    /// Whether it tells log-probabilities.
    let tellsTokens: Bool
    let client: any StageClient
    /// What guards it, where anything does.
    var guardian: StageGuard? { client as? StageGuard }

    init(
        name: String, model: String?, interfaces: Set<WireAPI>, prices: PriceList, countsStreams: Bool,
        tellsTokens: Bool, client: any StageClient
    ) {
        self.name = name
        self.model = model
        self.interfaces = interfaces
        self.prices = prices
        self.countsStreams = countsStreams
        self.tellsTokens = tellsTokens
        self.client = client
    }

    /// What an answer cost.
    func cost(_ counts: TokenCounts, seconds: Double) -> Cost {
        prices.priced(Cost(tokensIn: counts.read, tokensOut: counts.written, seconds: seconds))
    }
}
