import Cascades
import NIOCore

/// A host and a port.
struct ServerPlace: Sendable, Hashable {
    var host: String
    var port: Int?
}

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
    /// How it is asked to go on with a conversation's last message; nil where it can't.
    let continuation: Continuation.Form?
    let client: any StageClient
    /// Where it listens, where it is an endpoint.
    let serverPlace: ServerPlace?
    /// What guards it, where anything does.
    var guardian: StageGuard? { client as? StageGuard }

    init(
        name: String, model: String?, interfaces: Set<WireAPI>, prices: PriceList, countsStreams: Bool,
        tellsTokens: Bool, continuation: Continuation.Form? = nil, client: any StageClient,
        serverPlace: ServerPlace? = nil
    ) {
        self.name = name
        self.model = model
        self.interfaces = interfaces
        self.prices = prices
        self.countsStreams = countsStreams
        self.tellsTokens = tellsTokens
        self.continuation = continuation
        self.client = client
        self.serverPlace = serverPlace
    }

    /// What an answer cost.
    func cost(_ counts: TokenCounts, seconds: Double) -> Cost {
        prices.priced(Cost(tokensIn: counts.read, tokensOut: counts.written, seconds: seconds))
    }
}
