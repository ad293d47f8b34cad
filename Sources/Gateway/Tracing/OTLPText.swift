import NIOCore
import Tracing

/// Spans as the OpenTelemetry protocol has them in JSON (OTLP 1.3: ids as hexadecimal digits, 64-bit numbers as
/// strings).
struct OTLPText: Sendable {
    private let resource: JSONTree

    /// - Parameters:
    ///   - service: what the gateway calls itself.
    ///   - instance: which of its processes this is.
    init(service: String, instance: String) {
        resource = [
            "attributes": .array([
                Self.attribute("service.name", .string(service)),
                Self.attribute("service.instance.id", .string(instance)),
                Self.attribute("telemetry.sdk.name", .string("cascade")),
                Self.attribute("telemetry.sdk.language", .string("swift")),
            ])
        ]
    }

    /// The body of a request that exports `spans`.
    func request(_ spans: [OTLPSpan.Finished]) -> ByteBuffer {
        let scope: JSONTree = ["scope": ["name": "cascade.gateway"], "spans": .array(spans.map(Self.span))]
        let tree: JSONTree = ["resourceSpans": [["resource": resource, "scopeSpans": .array([scope])]]]
        return tree.bytes
    }

    private static func span(_ span: OTLPSpan.Finished) -> JSONTree {
        .members([
            ("traceId", .string(span.place.traceID)), ("spanId", .string(span.place.spanID)),
            ("parentSpanId", span.parent == 0 ? nil : .string(TraceContext.hexadecimal(span.parent))),
            ("traceState", span.place.state.isEmpty ? nil : .string(span.place.state)),
            ("flags", .number(span.place.isSampled ? 1 : 0)), ("name", .string(span.name)),
            ("kind", .number(Double(number(span.kind)))),
            ("startTimeUnixNano", .string(String(span.start))), ("endTimeUnixNano", .string(String(span.end))),
            ("attributes", attributes(span.attributes)),
            ("events", span.events.isEmpty ? nil : .array(span.events.map(event))),
            ("links", span.links.isEmpty ? nil : .array(span.links.compactMap(link))),
            ("status", span.status.map(status)),
        ])
    }

    private static func number(_ kind: SpanKind) -> Int {
        switch kind {
        case .internal: 1
        case .server: 2
        case .client: 3
        case .producer: 4
        case .consumer: 5
        }
    }

    private static func status(_ status: SpanStatus) -> JSONTree {
        let code =
            switch status.code {
            case .ok: 1
            case .error: 2
            }
        return .members([("code", .number(Double(code))), ("message", status.message.map { .string($0) })])
    }

    private static func event(_ event: SpanEvent) -> JSONTree {
        [
            "timeUnixNano": .string(String(event.nanosecondsSinceEpoch)), "name": .string(event.name),
            "attributes": attributes(event.attributes),
        ]
    }

    private static func link(_ link: SpanLink) -> JSONTree? {
        guard let place = link.context.trace else { return nil }
        return [
            "traceId": .string(place.traceID), "spanId": .string(place.spanID),
            "attributes": attributes(link.attributes),
        ]
    }

    private static func attributes(_ attributes: SpanAttributes) -> JSONTree {
        var pairs: [(name: String, value: SpanAttribute)] = []
        attributes.forEach { pairs.append(($0, $1)) }
        return .array(pairs.sorted { $0.name < $1.name }.map { attribute($0.name, $0.value) })
    }

    private static func attribute(_ name: String, _ value: SpanAttribute) -> JSONTree {
        ["key": .string(name), "value": self.value(value)]
    }

    private static func value(_ value: SpanAttribute) -> JSONTree {
        func list<Value>(_ values: [Value], _ one: (Value) -> JSONTree) -> JSONTree {
            ["arrayValue": ["values": .array(values.map(one))]]
        }
        func text(_ text: String) -> JSONTree { ["stringValue": .string(text)] }
        func number(_ number: Double) -> JSONTree {
            // Numbers that JSON has no word for are strings in the protocol's JSON.
            number.isFinite
                ? ["doubleValue": .number(number)]
                : ["doubleValue": .string(number.isNaN ? "NaN" : number > 0 ? "Infinity" : "-Infinity")]
        }
        func whole(_ number: some BinaryInteger) -> JSONTree { ["intValue": .string(String(number))] }
        func flag(_ flag: Bool) -> JSONTree { ["boolValue": flag ? true : false] }
        return switch value {
        case .int32(let value): whole(value)
        case .int64(let value): whole(value)
        case .double(let value): number(value)
        case .bool(let value): flag(value)
        case .string(let value): text(value)
        case .int32Array(let values): list(values, whole)
        case .int64Array(let values): list(values, whole)
        case .doubleArray(let values): list(values, number)
        case .boolArray(let values): list(values, flag)
        case .stringArray(let values): list(values, text)
        case .stringConvertible(let value): text("\(value)")
        case .stringConvertibleArray(let values): list(values) { text("\($0)") }
        default: text("\(value)")
        }
    }
}
