import Testing

@testable import Gateway

@Suite(.timeLimit(.minutes(5))) struct `trace context` {
    static let trace = "0af7651916cd43dd8448eb211c80319c"
    static let span = "b7ad6b7169203331"

    @Test func `is read as it is written`() throws {
        for flags in ["00", "01"] {
            let text = "00-\(Self.trace)-\(Self.span)-\(flags)"
            let context = try #require(TraceContext(traceparent: text, state: "a=b"))
            #expect(context.traceparent == text)
            #expect(context.isSampled == (flags == "01"))
            #expect(context.traceID == Self.trace && context.spanID == Self.span && context.state == "a=b")
        }
        // Other flags are not ours to pass on.
        #expect(TraceContext(traceparent: "00-\(Self.trace)-\(Self.span)-ff")?.traceparent.hasSuffix("-01") == true)
        // A later version may say more behind another dash.
        #expect(TraceContext(traceparent: "01-\(Self.trace)-\(Self.span)-01-more") != nil)
    }

    @Test(arguments: [
        "", "00", "00-\(trace)-\(span)", "00-\(trace)-\(span)-0", "ff-\(trace)-\(span)-01", "00-\(trace)-\(span)-01-x",
        "00-\(trace)-\(span)-01x", "01-\(trace)-\(span)-01x", "00_\(trace)-\(span)-01",
        "00-00000000000000000000000000000000-\(span)-01", "00-\(trace)-0000000000000000-01",
        "00-0AF7651916CD43DD8448EB211C80319C-\(span)-01", "00-\(trace.dropLast())g-\(span)-01",
        "00-\(trace)-\(span)-0g", String(repeating: "é", count: 60),
    ])
    func `what is none begins a new trace`(_ text: String) { #expect(TraceContext(traceparent: text) == nil) }
}

@Suite(.timeLimit(.minutes(5))) struct `batches of spans` {
    @Test func `are whole, in order, and drop what finds no place`() {
        var batches = SpanBatches<Int>(capacity: 5, size: 2)
        #expect(batches.add(1) == false)
        #expect(batches.add(2) == true, "a batch is full")
        #expect(batches.add(3) == false && batches.add(4) == false && batches.add(5) == false)
        #expect(batches.add(6) == false)
        #expect(batches.dropped == 1 && batches.count == 5)
        #expect(
            batches.next() == [1, 2] && batches.next() == [3, 4] && batches.next() == [5] && batches.next().isEmpty)
        #expect(batches.add(7) == false && batches.next() == [7])
    }

    @Test func `are sent again where that may help`() {
        typealias Batches = SpanBatches<Int>
        for status in [429, 502, 503, 504] {
            #expect(Batches.pause(attempt: 1, status: status, retryAfter: nil) == 0.5)
            #expect(Batches.pause(attempt: 3, status: status, retryAfter: nil) == 2)
            #expect(Batches.pause(attempt: 5, status: status, retryAfter: nil) == nil)
        }
        #expect(Batches.pause(attempt: 1, status: nil, retryAfter: nil) == 0.5)
        #expect(Batches.pause(attempt: 1, status: 503, retryAfter: 3) == 3)
        #expect(Batches.pause(attempt: 1, status: 503, retryAfter: 1e9) == 30)
        for status in [400, 401, 404, 413, 500] {
            #expect(Batches.pause(attempt: 1, status: status, retryAfter: nil) == nil)
        }
    }
}
