import Synchronization
public import Tracing

/// A span that is exported when it ends.
public final class OTLPSpan: Tracing.Span {
    /// What a span says, once it has ended.
    struct Finished: Sendable {
        var place: TraceContext
        /// The span that it is part of; zero where it begins a trace.
        var parent: UInt64
        var name: String
        var kind: SpanKind
        /// Nanoseconds since 1970.
        var start: UInt64
        var end: UInt64 = 0
        var attributes = SpanAttributes()
        var events: [SpanEvent] = []
        var links: [SpanLink] = []
        var status: SpanStatus?
    }

    private struct State {
        var said: Finished
        var hasEnded = false
    }

    public let context: InstrumentationContext
    public let isRecording: Bool
    private let state: Mutex<State>
    private let export: @Sendable (Finished) -> Void

    init(
        _ begun: Finished, context: InstrumentationContext, export: @escaping @Sendable (Finished) -> Void
    ) {
        self.context = context
        isRecording = begun.place.isSampled
        state = Mutex(State(said: begun))
        self.export = export
    }

    public var operationName: String {
        get { state.withLock { $0.said.name } }
        set { change { $0.name = newValue } }
    }

    public var attributes: SpanAttributes {
        get { state.withLock { $0.said.attributes } }
        set { change { $0.attributes = newValue } }
    }

    public func setStatus(_ status: SpanStatus) { change { $0.status = status } }

    public func addEvent(_ event: SpanEvent) { change { $0.events.append(event) } }

    public func addLink(_ link: SpanLink) { change { $0.links.append(link) } }

    public func recordError<Instant: TracerInstant>(
        _ error: any Error, attributes: SpanAttributes, at instant: @autoclosure () -> Instant
    ) {
        var attributes = attributes
        attributes["exception.type"] = String(describing: type(of: error))
        attributes["exception.message"] = String(describing: error)
        addEvent(SpanEvent(name: "exception", at: instant(), attributes: attributes))
    }

    public func end<Instant: TracerInstant>(at instant: @autoclosure () -> Instant) {
        guard isRecording else { return }
        let end = instant().nanosecondsSinceEpoch
        let finished: Finished? = state.withLock { state in
            if state.hasEnded { return nil }
            state.hasEnded = true
            state.said.end = max(end, state.said.start)
            return state.said
        }
        if let finished { export(finished) }
    }

    private func change(_ body: (inout Finished) -> Void) {
        guard isRecording else { return }
        state.withLock { state in
            if !state.hasEnded { body(&state.said) }
        }
    }
}
