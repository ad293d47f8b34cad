import Tracing

/// Where a span stands: its trace, itself, and what is passed on with it (W3C Trace Context, level 1).
struct TraceContext: Sendable, Hashable {
    /// 16 bytes that name the trace; never all zero.
    var traceHigh: UInt64
    var traceLow: UInt64
    /// 8 bytes that name the span; never zero.
    var span: UInt64
    /// Whether the trace is recorded.
    var isSampled: Bool
    /// What other systems said of the trace, as it came.
    var state = ""

    init(traceHigh: UInt64, traceLow: UInt64, span: UInt64, isSampled: Bool, state: String = "") {
        self.traceHigh = traceHigh
        self.traceLow = traceLow
        self.span = span
        self.isSampled = isSampled
        self.state = state
    }

    /// The context that `traceparent` tells: `00-<32 hexadecimal digits>-<16>-<2>`. Nil where it tells none: then a new
    /// trace begins, as the standard wants it.
    init?(traceparent: String, state: String = "") {
        let bytes = Array(traceparent.utf8)
        func number(_ range: Range<Int>) -> UInt64? {
            var number: UInt64 = 0
            for byte in bytes[range] {
                switch byte {
                case UInt8(ascii: "0")...UInt8(ascii: "9"): number = number << 4 | UInt64(byte - UInt8(ascii: "0"))
                case UInt8(ascii: "a")...UInt8(ascii: "f"): number = number << 4 | UInt64(byte - UInt8(ascii: "a") + 10)
                default: return nil
                }
            }
            return number
        }
        let dash = UInt8(ascii: "-")
        guard bytes.count >= 55, bytes[2] == dash, bytes[35] == dash, bytes[52] == dash,
            let version = number(0..<2), version != 255, let high = number(3..<19), let low = number(19..<35),
            let span = number(36..<52), let flags = number(53..<55), high | low != 0, span != 0
        else { return nil }
        // Later versions may say more behind another dash; this one says nothing more.
        guard bytes.count == 55 || version > 0 && bytes[55] == dash else { return nil }
        self.init(traceHigh: high, traceLow: low, span: span, isSampled: flags & 1 == 1, state: state)
    }

    /// As a header field has it.
    var traceparent: String { "00-\(traceID)-\(spanID)-\(isSampled ? "01" : "00")" }
    /// 32 hexadecimal digits.
    var traceID: String { Self.hexadecimal(traceHigh) + Self.hexadecimal(traceLow) }
    /// 16 hexadecimal digits.
    var spanID: String { Self.hexadecimal(span) }

    static func hexadecimal(_ number: UInt64) -> String {
        String(unsafeUninitializedCapacity: 16) { bytes in
            for index in 0..<16 {
                let digit = UInt8(truncatingIfNeeded: number >> UInt64(60 - 4 * index)) & 15
                bytes[index] = digit < 10 ? 0x30 + digit : 0x57 + digit
            }
            return 16
        }
    }
}

extension InstrumentationContext {
    private enum TraceContextKey: InstrumentationContextKey {
        typealias Value = TraceContext
    }

    /// The span that this context stands in.
    var trace: TraceContext? {
        get { self[TraceContextKey.self] }
        set { self[TraceContextKey.self] = newValue }
    }
}
