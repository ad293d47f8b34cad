import Probability
import Synchronization
public import Tracing

/// A tracer whose spans go to a collector that speaks OTLP over HTTP.
///
/// A trace that comes with a request is recorded where its sender records it; a new one with the chance of
/// ``TracingOptions/share``, decided by its id, so that all parts of it are recorded or none.
public final class OTLPTracer: Tracer {
    public typealias Span = OTLPSpan

    let exporter: SpanExporter
    private let share: Double
    private let random: Random
    private let count = Atomic<UInt64>(0)

    init(_ exporter: SpanExporter, share: Double, seed: UInt64 = .random(in: .min ... .max)) {
        self.exporter = exporter
        self.share = share
        random = Random(seed: seed)
    }

    public func startSpan<Instant: TracerInstant>(
        _ operationName: String, context: @autoclosure () -> InstrumentationContext, ofKind kind: SpanKind,
        at instant: @autoclosure () -> Instant, function: String, file fileID: String, line: UInt
    ) -> OTLPSpan {
        var context = context()
        let parent = context.trace
        let place = child(of: parent)
        context.trace = place
        return OTLPSpan(
            OTLPSpan.Finished(
                place: place, parent: parent?.span ?? 0, name: operationName, kind: kind,
                start: place.isSampled ? instant().nanosecondsSinceEpoch : 0),
            context: context
        ) { [exporter] in exporter.add($0) }
    }

    private func child(of parent: TraceContext?) -> TraceContext {
        var random = random.split(count.wrappingAdd(1, ordering: .relaxed).oldValue)
        let span = max(1, random.next())
        if var place = parent {
            place.span = span
            return place
        }
        let (high, low) = (random.next(), max(1, random.next()))
        // The ratio sampler of OpenTelemetry: a trace is in if the last 56 bits of its id are below the share.
        let isSampled = Double(low & 0xFF_FFFF_FFFF_FFFF) < share * 0x1p56
        return TraceContext(traceHigh: high, traceLow: low, span: span, isSampled: isSampled)
    }

    public func extract<Carrier, Extract: Extractor>(
        _ carrier: Carrier, into context: inout InstrumentationContext, using extractor: Extract
    ) where Extract.Carrier == Carrier {
        guard let parent = extractor.extract(key: "traceparent", from: carrier) else { return }
        context.trace = TraceContext(
            traceparent: parent, state: extractor.extract(key: "tracestate", from: carrier) ?? "")
    }

    public func inject<Carrier, Inject: Injector>(
        _ context: InstrumentationContext, into carrier: inout Carrier, using injector: Inject
    ) where Inject.Carrier == Carrier {
        guard let place = context.trace else { return }
        injector.inject(place.traceparent, forKey: "traceparent", into: &carrier)
        if !place.state.isEmpty { injector.inject(place.state, forKey: "tracestate", into: &carrier) }
    }

    /// Spans are sent as they come; ``SpanExporter/close()`` waits for the last.
    public func forceFlush() {}
}
