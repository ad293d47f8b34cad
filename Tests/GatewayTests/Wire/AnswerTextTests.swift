import NIOCore
import Testing

@testable import Gateway

@Suite(.timeLimit(.minutes(5))) struct `the text of an answer` {
    private func text(_ events: [String], isStream: Bool) throws -> String {
        var scanner = AnswerScanner(wants: ReplyFields.Wants(text: true))
        var pass = ByteBuffer()
        if isStream {
            scanner.stream(ByteBuffer(string: events.map { "data: \($0)\n\n" }.joined()), into: &pass)
            scanner.end(into: &pass)
        } else {
            _ = try scanner.whole(ByteBuffer(string: events[0]))
        }
        return scanner.text
    }

    @Test func `is read where each interface has it`() throws {
        for body in [
            #"{"choices":[{"index":0,"message":{"content":"It is"}},{"index":1,"message":{"content":"no"}}]}"#,
            #"{"choices":[{"index":0,"text":"It is"}]}"#,
            #"{"type":"message","content":[{"type":"text","text":"It "},{"type":"tool_use","input":{"text":"x"}},{"type":"text","text":"is"}]}"#,
            #"{"object":"response","output":[{"type":"reasoning","summary":[{"text":"hm"}]},{"type":"message","content":[{"type":"output_text","text":"It is"}]}]}"#,
        ] {
            #expect(try text([body], isStream: false) == "It is", "\(body)")
        }
    }

    @Test func `is read in streams, and arguments of tools are none`() throws {
        let messages = [
            #"{"type":"message_start","message":{"content":[],"usage":{"input_tokens":1,"output_tokens":0}}}"#,
            #"{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"It "}}"#,
            #"{"type":"content_block_delta","index":1,"delta":{"type":"input_json_delta","partial_json":"{\"text\""}}"#,
            #"{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"is"}}"#,
            #"{"type":"message_stop"}"#,
        ]
        let responses = [
            #"{"type":"response.output_text.delta","delta":"It "}"#,
            #"{"type":"response.function_call_arguments.delta","delta":"{}"}"#,
            #"{"delta":"is","type":"response.output_text.delta"}"#,
            #"{"type":"response.output_text.done","text":"It is"}"#,
            #"{"type":"response.completed","response":{"output":[{"content":[{"text":"It is"}]}]}}"#,
        ]
        #expect(try text(messages, isStream: true) == "It is")
        #expect(try text(responses, isStream: true) == "It is")
    }
}
