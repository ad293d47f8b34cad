public import Cascades
import Foundation
import NIOCore

/// A language model behind an OpenAI-compatible endpoint.
///
///     let endpoint = RemoteEndpoint("https://api.openai.com/v1", key: .environment("OPENAI_API_KEY"))
///     let model = RemoteLanguageModel(
///         "gpt-4o-mini", client: try RemoteClient(endpoint),
///         prices: PriceList(perMillionTokensIn: 0.15, perMillionTokensOut: 0.6))
///     let text = try await model.generate(GenerationRequest(.chat([.user("Name a colour.")])))
///
/// A conversation goes to `chat/completions`, a plain text to `completions`; both are streamed. Entropy and margin of a token
/// come from the likeliest tokens that the endpoint tells, all others counted as one: the entropy is a lower bound. Its
/// tokens have no numbers, and given texts can't be scored.
///
/// Requests wait for their turn and for the endpoint's limits, and are sent again after passing faults, but never once a
/// token has been handed on. Cancelling the reading task closes the connection.
public struct RemoteLanguageModel: LanguageModel {
    public let name: String
    public var prices: PriceList
    public var capabilities: ModelCapabilities
    /// The model's name at the endpoint.
    public let model: String
    /// Other names under which it may answer; a dated version of its own name always may.
    public var aliases: Set<String> = []
    /// What the endpoint calls the most tokens to write: newer models of OpenAI want `max_completion_tokens`.
    public var lengthParameter = "max_tokens"
    let client: RemoteClient
    /// What is unwise about how the endpoint's key is kept or sent, for people to read.
    public var warnings: [String] { client.warnings }

    /// A model behind an endpoint.
    /// - Parameters:
    ///   - model: its name there.
    ///   - name: how logs and users call it; by default as it is called there.
    ///   - tells: how much it is asked to tell of its tokens: ``ModelCapabilities/Probabilities/topTokens(_:)`` of 20 at most.
    ///   - holdsConversations: false for one that only goes on from plain text.
    public init(
        _ model: String, client: RemoteClient, name: String? = nil, prices: PriceList = PriceList(),
        tells: ModelCapabilities.Probabilities = .topTokens(5), holdsConversations: Bool = true,
        callsTools: Bool = true
    ) {
        self.model = model
        self.client = client
        self.name = name ?? model
        self.prices = prices
        // No endpoint tells more than twenty.
        capabilities = ModelCapabilities(
            probabilities: min(tells, .topTokens(20)), scoresText: false, callsTools: callsTools && holdsConversations,
            holdsConversations: holdsConversations, embedsText: true, completesText: !holdsConversations)
    }

    public func events(_ request: GenerationRequest) -> AsyncThrowingStream<GenerationEvent, any Error> {
        EventStream.of { yield in try await write(request, yield) }
    }

    private func write(
        _ request: GenerationRequest, _ yield: @escaping @Sendable (GenerationEvent) -> Void
    ) async throws {
        try request.check(for: self)
        let start = ContinuousClock.now
        let body = try RequestBody(request, for: self)
        let expectation = CompletionReader.Expectation(
            request: request, model: model, aliases: aliases, hide: client.hidden)
        let tokens = Double(body.text.utf8.count / 4) + Double(request.maximumTokens)
        _ = try await client.post(body.path, body.text, tokens: tokens, model: name) {
            CompletionReader(expectation, start: start, yield: yield)
        }
    }

    public func score(_ continuation: String, after prompt: Prompt) async throws -> [GeneratedToken] {
        try require(.scoring)
        return []
    }

    public func embeddings(of texts: [String]) async throws -> [[Double]] {
        try require(.embeddings)
        guard !texts.isEmpty else { return [] }
        let body = OrderedJSON.object([
            OrderedJSON.Member(name: "model", value: .string(model)),
            OrderedJSON.Member(name: "input", value: .array(texts.map(OrderedJSON.string))),
            OrderedJSON.Member(name: "encoding_format", value: .string("float")),
        ]).text
        let reader = EmbeddingReader(model: model, aliases: aliases, count: texts.count, hide: client.hidden)
        return try await client.post("/embeddings", body, tokens: Double(body.utf8.count / 4), model: name) { reader }
            .vectors
    }
}

/// Reads vectors.
private struct EmbeddingReader: ReplyReader {
    private struct Reply: Decodable {
        struct Row: Decodable {
            var index: Int?
            var embedding: [Double]
        }
        var model: String?
        var data: [Row]
    }

    let model: String
    let aliases: Set<String>
    let count: Int
    let hide: @Sendable (String) -> String
    private var body: [UInt8] = []
    private(set) var vectors: [[Double]] = []
    let hasHandedOn = false
    let isComplete = false

    init(model: String, aliases: Set<String>, count: Int, hide: @escaping @Sendable (String) -> String) {
        self.model = model
        self.aliases = aliases
        self.count = count
        self.hide = hide
    }

    func begin(contentType: String) {}

    mutating func read(_ bytes: ByteBufferView) throws(EndpointFailure) {
        body += bytes
        guard body.count <= 256 << 20 else { throw .unreadable(reason: "it is longer than 256 MB") }
    }

    mutating func end() throws(EndpointFailure) {
        guard let reply = try? JSONDecoder().decode(Reply.self, from: Data(body)) else {
            let start = ErrorReply.shortened(hide(String(decoding: body.prefix(4096), as: UTF8.self))).prefix(80)
            throw .unreadable(reason: "it holds no vectors, it begins \"\(start)\"")
        }
        if let answered = reply.model, !answered.isEmpty {
            guard CompletionReader.isSame(answered, as: model, aliases: aliases) else {
                throw .otherModel(asked: model, answered: ErrorReply.shortened(hide(answered)))
            }
        }
        var rows = [[Double]?](repeating: nil, count: count)
        for (place, row) in reply.data.enumerated() {
            guard rows.indices.contains(row.index ?? place) else {
                throw .unreadable(reason: "it has a vector for text \(row.index ?? place) of \(count)")
            }
            rows[row.index ?? place] = row.embedding
        }
        vectors = rows.compactMap(\.self)
        guard vectors.count == count else {
            throw .unreadable(reason: "it has \(vectors.count) vectors for \(count) texts")
        }
    }
}
