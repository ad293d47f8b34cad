import Cascades
import HTTPTypes
import Tracing

/// The spans of one request: one for the request itself and one for each stage that is asked, named and described as
/// OpenTelemetry's conventions for generative AI have it.
///
/// A stage gets the trace with its own span as the parent, so that its spans hang below it. Spans end with the record,
/// which knows how long everything took.
struct RequestTrace: Sendable {
    private let tracer: any Tracer
    private let context: InstrumentationContext
    let span: any Tracing.Span

    /// Begins the span of a request that came with `fields`, as part of the trace that it names.
    init(_ tracer: any Tracer, _ head: HTTPRequest, api: WireAPI, at time: Double) {
        self.tracer = tracer
        var context = InstrumentationContext.topLevel
        tracer.extract(head.headerFields, into: &context, using: FieldsExtractor())
        span = tracer.startSpan(
            api.operationName, context: context, ofKind: .server, at: Self.instant(time))
        self.context = span.context
        guard span.isRecording else { return }
        span.updateAttributes { attributes in
            attributes["gen_ai.operation.name"] = api.operationName
            attributes["http.request.method"] = head.method.rawValue
            attributes["url.path"] = head.path.map { String($0.prefix { $0 != "?" }) } ?? "/"
        }
    }

    /// The trace's id, for logs.
    var id: String? { context.trace?.traceID }

    /// Begins the span of a call of `stage`.
    func begin(_ stage: GatewayStage, _ api: WireAPI, model: String, at time: Double) -> any Tracing.Span {
        let model = stage.model ?? model
        let span = tracer.startSpan(
            "\(api.operationName) \(model)", context: context, ofKind: .client, at: Self.instant(time))
        guard span.isRecording else { return span }
        span.updateAttributes { attributes in
            attributes["gen_ai.operation.name"] = api.operationName
            // A model in this process is nobody else's.
            let isEmbedded = stage.serverPlace == nil
            attributes["gen_ai.provider.name"] = isEmbedded ? "cascade" : api == .messages ? "anthropic" : "openai"
            attributes["gen_ai.request.model"] = model
            attributes["cascade.stage"] = stage.name
            if let place = stage.serverPlace {
                attributes["server.address"] = place.host
                if let port = place.port { attributes["server.port"] = port }
            }
        }
        return span
    }

    /// `headers` with the place of `span` in them instead of the client's.
    func headers(_ headers: [(name: String, value: String)], for span: any Tracing.Span) -> [(
        name: String, value: String
    )] {
        var headers = headers
        tracer.inject(span.context, into: &headers, using: PairsInjector())
        return headers
    }

    /// Ends all spans, with what `record` says of them.
    func end(_ record: RequestRecord) {
        for choice in record.choices {
            guard let span = choice.span else { continue }
            if span.isRecording {
                span.updateAttributes { attributes in
                    attributes["gen_ai.usage.input_tokens"] = Int(bounding: choice.cost.tokensIn)
                    attributes["gen_ai.usage.output_tokens"] = Int(bounding: choice.cost.tokensOut)
                    attributes["cascade.cost.dollars"] = choice.cost.money
                    if choice.isEstimated { attributes["cascade.tokens.estimated"] = true }
                    if choice.failure != nil { attributes["error.type"] = choice.failureKind ?? "failed" }
                }
                if choice.failure != nil { span.setStatus(SpanStatus(code: .error, message: choice.failureKind)) }
            }
            span.end(at: Self.instant(record.time + choice.start + choice.duration))
        }
        if span.isRecording {
            span.operationName = "\(record.api.operationName) \(record.model)"
            span.updateAttributes { attributes in
                attributes["gen_ai.request.model"] = record.model
                attributes["gen_ai.usage.input_tokens"] = Int(bounding: record.cost.tokensIn)
                attributes["gen_ai.usage.output_tokens"] = Int(bounding: record.cost.tokensOut)
                attributes["http.response.status_code"] = record.status
                attributes["cascade.request.id"] = record.id
                attributes["cascade.decision"] = record.decision.rawValue
                attributes["cascade.cost.dollars"] = record.cost.money
                attributes["cascade.asked"] = record.choices.map(\.name)
                if let policy = record.policy { attributes["cascade.policy"] = policy }
                if let stage = record.answeredBy { attributes["cascade.stage"] = stage }
                if record.status >= 500 { attributes["error.type"] = "\(record.status)" }
            }
            if record.status >= 500 { span.setStatus(SpanStatus(code: .error, message: record.decision.rawValue)) }
        }
        span.end(at: Self.instant(record.time + record.seconds))
    }

    /// Ends the span of a request that was refused at the door.
    func end(refused status: Int, at time: Double) {
        if span.isRecording {
            span.updateAttributes { attributes in
                attributes["http.response.status_code"] = status
                if status >= 500 { attributes["error.type"] = "\(status)" }
            }
        }
        span.end(at: Self.instant(time))
    }

    private static func instant(_ seconds: Double) -> DefaultTracerClock.Timestamp {
        DefaultTracerClock.Timestamp(nanosecondsSinceEpoch: UInt64(bounding: seconds * 1e9))
    }

    private struct FieldsExtractor: Extractor {
        func extract(key: String, from fields: HTTPFields) -> String? {
            HTTPField.Name(key).flatMap { fields[$0] }
        }
    }

    private struct PairsInjector: Injector {
        func inject(_ value: String, forKey key: String, into pairs: inout [(name: String, value: String)]) {
            if let place = pairs.firstIndex(where: { $0.name == key }) {
                pairs[place].value = value
            } else {
                pairs.append((key, value))
            }
        }
    }
}

extension WireAPI {
    /// What is done, in the words of the conventions where they have one.
    var operationName: String {
        switch self {
        case .chatCompletions, .responses, .messages: "chat"
        case .completions: "text_completion"
        case .embeddings: "embeddings"
        case .rank: "rank"
        case .classify: "classify"
        }
    }
}
