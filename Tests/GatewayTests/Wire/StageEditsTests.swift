import Cascades
import NIOCore
import Probability
import Testing

@testable import Gateway

@Suite(.timeLimit(.minutes(5))) struct `requests edited in place` {
    private struct Silent: StageClient {
        func send(_ request: StageRequest) async throws(StageError) -> StageReply { throw .cancelled }
    }

    private func stage(_ model: String?, countsStreams: Bool = false, tellsTokens: Bool = true) -> GatewayStage {
        GatewayStage(
            name: "small", model: model, interfaces: [.chatCompletions], prices: PriceList(),
            countsStreams: countsStreams, tellsTokens: tellsTokens, client: Silent())
    }

    private func edited(
        _ text: String, _ stage: GatewayStage, alternatives: Int? = nil, api: WireAPI = .chatCompletions
    ) throws -> String {
        let body = ByteBuffer(string: text)
        let edits = StageEdits(body, try RequestFields(body), api: api, stage: stage, alternatives: alternatives)
        return String(buffer: edits.body)
    }

    @Test func `all but the model's name stays byte by byte, whatever stands around it`() throws {
        var source = RandomJSON(random: Random(seed: 3))
        for _ in 0..<2000 {
            let names = ["\"messages\"", "\"tools\"", "\"temperature\"", "\"x_unknown\"", "\"model2\"", "\"metadata\""]
            var members = (0..<source.below(6)).map { _ in (name: source.pick(names), value: source.value(4)) }
            let place = source.below(members.count + 1)
            members.insert((source.pick(["\"model\"", "\"m\\u006fdel\""]), "\"virtual-name\""), at: place)
            // The same spaces, twice.
            var first = source
            let text = first.space() + first.object(members)
            members[place].value = "\"real \\\"name\\\"\""
            let expected = source.space() + source.object(members)
            source = first
            #expect(try edited(text, stage("real \"name\"")) == expected)
        }
    }

    @Test func `without a name of its own a stage gets the request as it came`() throws {
        let text = "{ \"model\" : \"a\", \"n\": 1.0e0 }"
        #expect(try edited(text, stage(nil)) == text)
    }

    @Test(arguments: [
        (#"{"model":"v","n":1}"#, #"{"top_logprobs":5,"logprobs":true,"model":"m","n":1}"#),
        (#"{"logprobs":false,"model":"v"}"#, #"{"top_logprobs":5,"logprobs":true,"model":"m"}"#),
        (#"{"model":"v","logprobs":true,"top_logprobs":2}"#, #"{"model":"m","logprobs":true,"top_logprobs":5}"#),
        (#"{"model":"v","logprobs":true,"top_logprobs":20}"#, #"{"model":"m","logprobs":true,"top_logprobs":20}"#),
    ])
    func `log-probabilities are asked for where a policy reads them`(_ text: String, _ expected: String) throws {
        let found = try edited(text, stage("m"), alternatives: 5)
        // Inserts come at one place; their order is of no matter.
        let other = found.replacing(#""logprobs":true,"top_logprobs":5,"#, with: #""top_logprobs":5,"logprobs":true,"#)
        #expect(found == expected || other == expected)
        #expect(
            try edited(text, stage("m", tellsTokens: false), alternatives: 5) == text.replacing("\"v\"", with: "\"m\""))
    }

    @Test(arguments: [
        (#"{"model":"v","stream":true}"#, #"{"stream_options":{"include_usage":true},"model":"m","stream":true}"#),
        (
            #"{"model":"v","stream":true,"stream_options":null}"#,
            #"{"model":"m","stream":true,"stream_options":{"include_usage":true}}"#
        ),
        (
            #"{"model":"v","stream":true,"stream_options":{}}"#,
            #"{"model":"m","stream":true,"stream_options":{"include_usage":true}}"#
        ),
        (
            #"{"model":"v","stream":true,"stream_options":{"x":1}}"#,
            #"{"model":"m","stream":true,"stream_options":{"include_usage":true,"x":1}}"#
        ),
        (
            #"{"model":"v","stream":true,"stream_options":{"include_usage":false}}"#,
            #"{"model":"m","stream":true,"stream_options":{"include_usage":true}}"#
        ),
        (
            #"{"model":"v","stream":true,"stream_options":{"include_usage":true}}"#,
            #"{"model":"m","stream":true,"stream_options":{"include_usage":true}}"#
        ),
        (
            #"{"model":"v","stream":true,"stream_options":"x{y"}"#,
            #"{"model":"m","stream":true,"stream_options":"x{y"}"#
        ),
        (#"{"model":"v","stream":false}"#, #"{"model":"m","stream":false}"#),
    ])
    func `streams are asked to count their tokens`(_ text: String, _ expected: String) throws {
        #expect(try edited(text, stage("m", countsStreams: true)) == expected)
    }

    @Test(arguments: [
        #"{"messages":[]}"#, #"{"model":1}"#, #"{"model":"a","model":"b"}"#, #"{"model":"a","\u006dodel":"b"}"#, "[]",
        "\"model\"", #"{"model":"a"}{"model":"b"}"#, #"{"model":"a","stream":true,"stream":false}"#, "",
    ])
    func `a request that can be read in two ways is refused`(_ text: String) {
        #expect(throws: DoorError.self) { try RequestFields(ByteBuffer(string: text)) }
    }

    @Test func `bytes that are no UTF-8 are refused`() {
        var body = ByteBuffer(string: #"{"model":"a","x":""#)
        body.writeBytes([0xC3, 0x28])
        body.writeString("\"}")
        let error = #expect(throws: DoorError.self) { try RequestFields(body) }
        #expect(error?.code == "invalid_utf8")
    }

    @Test func `the last words of a user are found in texts and parts`() throws {
        let text =
            #"{"model":"a","messages":[{"role":"user","content":"first"},{"role":"assistant","content":"no"},{"content":[{"type":"image_url","image_url":{"url":"x"}},{"type":"text","text":"sec\u006fnd"}],"role":"user"},{"role":"tool","content":"no"}]}"#
        let body = ByteBuffer(string: text)
        let fields = try RequestFields(body)
        let place = try #require(fields.lastText)
        #expect(String(buffer: body.getSlice(at: place.lowerBound, length: place.count)!) == "sec\\u006fnd")
        #expect(fields.lastTextIsEscaped && !fields.hasTools)
    }

    @Test func `edits to bytes are those of a naive replacement`() {
        var random = Random(seed: 5)
        for _ in 0..<500 {
            let count = Int(random.uniform() * 40)
            let bytes = (0..<count).map { _ in UInt8(97 + Int(random.uniform() * 26)) }
            var edits = ByteEdits()
            var expected: [UInt8] = []
            var position = 0
            while position < count {
                let length = Int(random.uniform() * 4)
                let end = min(count, position + length)
                if random.uniform() < 0.4 {
                    let text = ["", "X", "YZ"][Int(random.uniform() * 3)]
                    edits.replace(position..<end, with: text)
                    expected += Array(text.utf8)
                } else {
                    expected += bytes[position..<end]
                }
                expected += bytes[end..<min(count, end + 1)]
                position = end + 1
            }
            // A reader index that is not 0 must not matter.
            var buffer = ByteBuffer(string: "skip")
            buffer.writeBytes(bytes)
            buffer.moveReaderIndex(forwardBy: 4)
            #expect(Array(edits.applied(to: buffer).readableBytesView) == expected)
        }
    }
}
