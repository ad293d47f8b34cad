import Foundation
import NIOCore

/// Turns the reply to a generation request, streamed or whole, into events: a pure state machine over its bytes.
struct CompletionReader: ReplyReader {
    /// What it must know of the request.
    struct Expectation: Sendable {
        var request: GenerationRequest
        /// The model's name there, and the names under which it may answer.
        var model: String
        var aliases: Set<String>
        /// Takes the key out of what errors repeat of a reply, before anything of it is cut.
        var hide: @Sendable (String) -> String = { $0 }
    }

    private let expectation: Expectation
    private let yield: @Sendable (GenerationEvent) -> Void
    private let start: ContinuousClock.Instant
    /// The most tokens that one reply can count.
    private static let mostTokens = 1_000_000_000
    private var isStreamed = true
    private var parser = ServerSentEventParser()
    /// The body of a reply that comes whole.
    private var body: [UInt8] = []
    private var assembler: TokenAssembler
    private var calls: [Int: ToolCall] = [:]
    private var reason: FinishReason?
    private var usage = GenerationUsage()
    private var told: ReplyFields.Usage?
    private var tokenCount = 0
    /// The text as it came, where it must be a JSON document.
    private var document: String?
    private(set) var hasHandedOn = false
    private(set) var isComplete = false

    init(
        _ expectation: Expectation, start: ContinuousClock.Instant,
        yield: @escaping @Sendable (GenerationEvent) -> Void
    ) {
        self.expectation = expectation
        self.start = start
        self.yield = yield
        assembler = TokenAssembler(stops: expectation.request.stops)
        if case .jsonSchema = expectation.request.constraint { document = "" }
    }

    mutating func begin(contentType: String) throws(EndpointFailure) {
        isStreamed = contentType.lowercased().hasPrefix("text/event-stream")
    }

    mutating func read(_ bytes: ByteBufferView) throws(EndpointFailure) {
        guard !isComplete else { return }
        guard isStreamed else {
            body += bytes
            guard body.count <= 64 << 20 else { throw .unreadable(reason: "it is longer than 64 MB") }
            return
        }
        for event in try parser.read(bytes) {
            if event.data == "[DONE]" { return try finish() }
            try take(try decoded(Data(event.data.utf8)))
            if assembler.isStopped { return try finish() }
        }
    }

    mutating func end() throws(EndpointFailure) {
        guard !isComplete else { return }
        if !isStreamed { try take(try decoded(Data(body))) }
        guard reason != nil else {
            throw isStreamed
                ? .brokenOff(reason: "the connection ended without the reply's end")
                : .unreadable(reason: "it holds no finished choice")
        }
        try finish()
    }

    private func decoded(_ data: Data) throws(EndpointFailure) -> ReplyFields {
        do { return try JSONDecoder().decode(ReplyFields.self, from: data) } catch {
            let start = excerpt(String(decoding: data.prefix(4096), as: UTF8.self)).prefix(80)
            throw .unreadable(reason: data.isEmpty ? "it is empty" : "it is no completion, it begins \"\(start)\"")
        }
    }

    private func excerpt(_ text: String) -> String { ErrorReply.shortened(expectation.hide(text)) }

    private mutating func take(_ reply: ReplyFields) throws(EndpointFailure) {
        if let error = reply.error { throw .refused(status: error.code ?? 200, message: excerpt(error.message)) }
        if let answered = reply.model, !answered.isEmpty {
            guard Self.isSame(answered, as: expectation.model, aliases: expectation.aliases) else {
                throw .otherModel(asked: expectation.model, answered: excerpt(answered))
            }
        }
        if let usage = reply.usage { told = usage }
        guard let choice = reply.choices?.first(where: { ($0.index ?? 0) == 0 }) else { return }
        let message = choice.delta ?? choice.message
        let text = message?.content ?? choice.text ?? ""
        let entries = choice.logprobs?.entries ?? []
        if !text.isEmpty || !entries.isEmpty { write(text, entries) }
        for (place, call) in (message?.toolCalls ?? []).enumerated() { take(call, at: call.index ?? place) }
        if let word = choice.finishReason {
            reason =
                switch word {
                case "length": .length
                case "content_filter": .filtered
                case "tool_calls", "function_call": .toolCalls
                default: .stop
                }
        }
    }

    /// Whether a reply of `answered` is one of `asked`: the same name, an alias, or a dated version of the same name.
    static func isSame(_ answered: String, as asked: String, aliases: Set<String>) -> Bool {
        if answered == asked || aliases.contains(answered) { return true }
        guard answered.hasPrefix(asked + "-") else { return false }
        let version = answered.dropFirst(asked.count + 1)
        return version.count >= 4 && version.allSatisfy { $0.isASCII && $0.isNumber || $0 == "-" }
    }

    private mutating func write(_ text: String, _ entries: [LogProbabilities.Entry]) {
        document?.append(text)
        // Each token gets its own text where they add up; else the first has all of it.
        let areWhole = entries.count > 1 && entries.map(\.token).joined() == text
        for place in 0..<max(1, entries.count) {
            guard !assembler.isStopped else { return }
            let piece = areWhole ? entries[place].token : place == 0 ? text : ""
            tokenCount += 1
            let token = place < entries.count ? GeneratedToken(entries[place]) : GeneratedToken(text: "")
            for ready in assembler.add(token, text: piece.utf8) { hand(.token(ready)) }
        }
    }

    private mutating func take(_ call: ReplyFields.Call, at place: Int) {
        var known = calls[place] ?? ToolCall(id: "", name: "", arguments: "")
        if let id = call.id, !id.isEmpty { known.id = id }
        known.name += call.function?.name ?? ""
        known.arguments += call.function?.arguments ?? ""
        calls[place] = known
    }

    private mutating func hand(_ event: GenerationEvent) {
        if !hasHandedOn { usage.firstTokenSeconds = start.duration(to: .now) / .seconds(1) }
        hasHandedOn = true
        yield(event)
    }

    private mutating func finish() throws(EndpointFailure) {
        if reason == nil, assembler.isStopped { reason = .stop }
        guard var reason else { throw .unreadable(reason: "it ends without a choice") }
        if assembler.isStopped { reason = .stop }
        if let document, reason == .stop, calls.isEmpty,
            (try? JSONSerialization.jsonObject(with: Data(document.utf8), options: .fragmentsAllowed)) == nil
        {
            throw .unreadable(
                reason: "the text is no JSON although a schema was asked for; the endpoint ignores schemas")
        }
        for rest in assembler.finish() { hand(.token(rest)) }
        for place in calls.keys.sorted() {
            guard let call = calls[place], !call.name.isEmpty else {
                throw .unreadable(reason: "it calls a tool without a name")
            }
            hand(.toolCall(call))
        }
        if !calls.isEmpty, reason == .stop { reason = .toolCalls }
        usage.seconds = start.duration(to: .now) / .seconds(1)
        // Counts that no answer can have are taken for none: they are added up later, and paid for.
        if let prompt = told?.promptTokens, let completion = told?.completionTokens,
            (0...Self.mostTokens).contains(prompt), (0...Self.mostTokens).contains(completion)
        {
            usage.promptTokens = prompt
            usage.completionTokens = completion
            usage.cachedTokens = min(prompt, max(0, told?.promptDetails?.cachedTokens ?? 0))
        } else {
            // Four bytes a token is about right for English; what was written is counted.
            usage.promptTokens = (expectation.request.prompt.wholeText.utf8.count + 3) / 4
            usage.completionTokens = tokenCount
            usage.isEstimated = true
        }
        isComplete = true
        yield(.finished(reason, usage))
    }
}
