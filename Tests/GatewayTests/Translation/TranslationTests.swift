import Foundation
import NIOCore
import Probability
import Testing

@testable import Gateway

@Suite(.timeLimit(.minutes(5))) struct `translations into chat completions` {
    private func messages(_ text: String) throws -> String {
        String(buffer: try MessagesRequest.chat(ByteBuffer(string: text)))
    }

    private func responses(_ text: String) throws -> String {
        String(buffer: try ResponsesRequest.chat(ByteBuffer(string: text)))
    }

    @Test func `a conversation of the Messages interface with tools and images`() throws {
        let request = #"""
            {"model":"m","max_tokens":100,"system":[{"type":"text","text":"Be brief.","cache_control":{"type":"ephemeral"}}],
             "messages":[
              {"role":"user","content":[{"type":"text","text":"What is it?"},{"type":"image","source":{"type":"base64","media_type":"image/png","data":"AAAA"}}]},
              {"role":"assistant","content":[{"type":"thinking","thinking":"hm","signature":"x"},{"type":"text","text":"Let me look."},{"type":"tool_use","id":"t1","name":"look","input":{"depth":1.50,"nested":{"a":[1e0]}}}]},
              {"role":"user","content":[{"type":"tool_result","tool_use_id":"t1","content":[{"type":"text","text":"a cat"}],"is_error":false},{"type":"text","text":"So?"}]}],
             "tools":[{"name":"look","description":"Looks.","input_schema":{"type":"object","properties":{"depth":{"type":"number","maximum":1.50}}}}],
             "tool_choice":{"type":"any","disable_parallel_tool_use":true},"stop_sequences":["END"],"temperature":0.50,"metadata":{"user_id":"u"},"stream":true}
            """#
        let expected =
            #"{"model":"m","messages":[{"role":"system","content":"Be brief."},"#
            + #"{"role":"user","content":[{"type":"text","text":"What is it?"},{"type":"image_url","image_url":{"url":"data:image/png;base64,AAAA"}}]},"#
            + #"{"role":"assistant","content":"Let me look.","tool_calls":[{"id":"t1","type":"function","function":{"name":"look","arguments":"{\"depth\":1.50,\"nested\":{\"a\":[1e0]}}"}}]},"#
            + #"{"role":"tool","tool_call_id":"t1","content":"a cat"},{"role":"user","content":"So?"}],"#
            + #""max_tokens":100,"temperature":0.50,"stop":["END"],"user":"u","#
            + #""tools":[{"type":"function","function":{"name":"look","description":"Looks.","parameters":{"type":"object","properties":{"depth":{"type":"number","maximum":1.50}}}}}],"#
            + #""tool_choice":"required","parallel_tool_calls":false,"stream":true,"stream_options":{"include_usage":true}}"#
        #expect(try messages(request) == expected)
    }

    @Test(arguments: [
        (#"{"model":"m","messages":[]}"#, "max_tokens"),
        (#"{"model":"m","max_tokens":1,"messages":[],"thinking":{"type":"enabled","budget_tokens":9}}"#, "thinking"),
        (#"{"model":"m","max_tokens":1,"messages":[],"top_k":5}"#, "top_k"),
        (
            #"{"model":"m","max_tokens":1,"messages":[],"tools":[{"type":"bash_20250124","name":"bash"}]}"#,
            "tools.0.type"
        ),
        (
            #"{"model":"m","max_tokens":1,"messages":[{"role":"user","content":[{"type":"document"}]}]}"#,
            "messages.0.content.0"
        ),
        (
            #"{"model":"m","max_tokens":1,"messages":[{"role":"user","content":[{"type":"tool_result","tool_use_id":"a","content":[{"type":"image"}]}]}]}"#,
            "messages.0.content.0.content.0"
        ),
    ])
    func `what Messages say and chat can't is refused with its place`(_ request: String, _ place: String) throws {
        let error = #expect(throws: TranslationError.self) { try messages(request) }
        #expect(error?.place == place)
    }

    @Test func `a request of the Responses interface`() throws {
        let request = #"""
            {"model":"m","instructions":"Be brief.","input":[
              {"role":"user","content":[{"type":"input_text","text":"What?"},{"type":"input_image","image_url":"http://x/y.png","detail":"low"}]},
              {"type":"message","role":"assistant","content":[{"type":"output_text","text":"One moment.","annotations":[]}]},
              {"type":"function_call","call_id":"c1","name":"f","arguments":"{}"},{"type":"function_call","call_id":"c2","name":"f","arguments":"{\"a\":1}"},
              {"type":"function_call_output","call_id":"c1","output":"one"},{"type":"function_call_output","call_id":"c2","output":"two"}],
             "tools":[{"type":"function","name":"f","parameters":{"type":"object"},"strict":true}],"tool_choice":{"type":"function","name":"f"},
             "text":{"format":{"type":"json_schema","name":"s","schema":{"type":"object"},"strict":true}},"max_output_tokens":9,"store":false}
            """#
        let expected =
            #"{"model":"m","messages":[{"role":"system","content":"Be brief."},"#
            + #"{"role":"user","content":[{"type":"text","text":"What?"},{"type":"image_url","image_url":{"url":"http://x/y.png","detail":"low"}}]},"#
            + #"{"role":"assistant","content":"One moment.","tool_calls":[{"id":"c1","type":"function","function":{"name":"f","arguments":"{}"}},{"id":"c2","type":"function","function":{"name":"f","arguments":"{\"a\":1}"}}]},"#
            + #"{"role":"tool","tool_call_id":"c1","content":"one"},{"role":"tool","tool_call_id":"c2","content":"two"}],"#
            + #""max_tokens":9,"tools":[{"type":"function","function":{"name":"f","parameters":{"type":"object"},"strict":true}}],"#
            + #""tool_choice":{"type":"function","function":{"name":"f"}},"#
            + #""response_format":{"type":"json_schema","json_schema":{"name":"s","schema":{"type":"object"},"strict":true}}}"#
        #expect(try responses(request) == expected)
        #expect(
            try responses(#"{"model":"m","input":"Hi"}"#)
                == #"{"model":"m","messages":[{"role":"user","content":"Hi"}]}"#)
    }

    @Test(arguments: [
        (#"{"model":"m","input":"a","previous_response_id":"r"}"#, "previous_response_id"),
        (#"{"model":"m","input":"a","background":true}"#, "background"),
        (#"{"model":"m","input":"a","tools":[{"type":"web_search"}]}"#, "tools.0.type"),
        (#"{"model":"m","input":[{"type":"item_reference","id":"x"}]}"#, "input.0.type"), (#"{"model":"m"}"#, "input"),
    ])
    func `what Responses say and chat can't is refused with its place`(_ request: String, _ place: String) throws {
        let error = #expect(throws: TranslationError.self) { try responses(request) }
        #expect(error?.place == place)
    }

    @Test func `JSON trees keep order and spelling`() throws {
        var source = RandomJSON(random: Random(seed: 8))
        for _ in 0..<500 {
            let text = source.value(4)
            let tree = try JSONTree(ByteBuffer(string: text))
            let written = String(buffer: tree.bytes)
            #expect(try JSONTree(ByteBuffer(string: written)) == tree)
            func plain(_ text: String) throws -> NSObject {
                try JSONSerialization.jsonObject(with: Data(text.utf8), options: .fragmentsAllowed) as! NSObject
            }
            if !text.contains("\\ud83e"), !text.contains("\\udd8a"), let expected = try? plain(text) {
                #expect(try plain(written) == expected)
            }
        }
        let numbers = "[1.0,1e5,-0,12345678901234567890]"
        #expect(String(buffer: try JSONTree(ByteBuffer(string: numbers)).bytes) == numbers)
    }
}

@Suite(.timeLimit(.minutes(5))) struct `translations of answers` {
    private static let toolAnswer =
        #"{"id":"c","model":"up","choices":[{"index":0,"message":{"role":"assistant","content":"Hm.","tool_calls":[{"id":"t1","type":"function","function":{"name":"f","arguments":"{\"a\": 1.0}"}}]},"finish_reason":"tool_calls"}],"usage":{"prompt_tokens":10,"completion_tokens":5,"prompt_tokens_details":{"cached_tokens":4}}}"#

    private static let pieces = [
        #"{"id":"c","model":"up","choices":[{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":null}]}"#,
        #"{"id":"c","model":"up","choices":[{"index":0,"delta":{"content":"H"},"finish_reason":null}]}"#,
        #"{"id":"c","model":"up","choices":[{"index":0,"delta":{"content":"m."},"finish_reason":null}]}"#,
        #"{"id":"c","model":"up","choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"id":"t1","type":"function","function":{"name":"f","arguments":""}}]},"finish_reason":null}]}"#,
        #"{"id":"c","model":"up","choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"arguments":"{\"a\":"}}]},"finish_reason":null}]}"#,
        #"{"id":"c","model":"up","choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"arguments":" 1.0}"}}]},"finish_reason":null}]}"#,
        #"{"id":"c","model":"up","choices":[{"index":0,"delta":{},"finish_reason":"tool_calls"}]}"#,
        #"{"id":"c","model":"up","choices":[],"usage":{"prompt_tokens":10,"completion_tokens":5,"prompt_tokens_details":{"cached_tokens":4}}}"#,
        "[DONE]",
    ]

    /// The events that `translator` makes of a stream cut into pieces of `length` bytes.
    private func events(_ translator: some AnswerTranslator, length: Int) throws -> [JSONTree] {
        var translator = translator
        var whole = ByteBuffer(string: Self.pieces.map { "data: \($0)\n\n" }.joined())
        var said = ByteBuffer()
        while whole.readableBytes > 0 {
            try translator.stream(whole.readSlice(length: min(length, whole.readableBytes))!, into: &said)
        }
        try translator.end(into: &said)
        var splitter = EventSplitter()
        splitter.append(said)
        var events: [JSONTree] = []
        while let event = splitter.next() {
            let tree = try JSONTree(event.data!)
            // The name of an event is also in its data.
            #expect(tree["type"]?.text == event.name)
            events.append(tree)
        }
        return events
    }

    @Test func `a whole message`() throws {
        let said = try MessagesTranslator(id: "msg_1").whole(ByteBuffer(string: Self.toolAnswer))
        #expect(
            String(buffer: said)
                == #"{"id":"msg_1","type":"message","role":"assistant","model":"up","content":[{"type":"text","text":"Hm."},{"type":"tool_use","id":"t1","name":"f","input":{"a":1.0}}],"stop_reason":"tool_use","stop_sequence":null,"usage":{"input_tokens":6,"cache_creation_input_tokens":0,"cache_read_input_tokens":4,"output_tokens":5}}"#
        )
    }

    @Test(arguments: [1, 7, 100_000]) func `a streamed message`(_ length: Int) throws {
        let events = try events(MessagesTranslator(id: "msg_1"), length: length)
        #expect(
            events.map { $0["type"]!.text! } == [
                "message_start", "content_block_start", "content_block_delta", "content_block_delta",
                "content_block_stop", "content_block_start", "content_block_delta", "content_block_delta",
                "content_block_stop", "message_delta", "message_stop",
            ])
        let text = events.compactMap { $0["delta"]?["text"]?.text }.joined()
        let input = events.compactMap { $0["delta"]?["partial_json"]?.text }.joined()
        #expect(text == "Hm." && input == #"{"a": 1.0}"#)
        #expect(events[5]["content_block"]?["name"]?.text == "f" && events[5]["index"]?.number == 1)
        #expect(events[9]["delta"]?["stop_reason"]?.text == "tool_use")
        #expect(events[9]["usage"]?["output_tokens"]?.number == 5 && events[9]["usage"]?["input_tokens"]?.number == 6)
    }

    @Test func `a whole response`() throws {
        let translator = ResponsesTranslator(
            id: "1", request: ByteBuffer(string: #"{"model":"m","input":"a","temperature":0.50}"#))
        let tree = try JSONTree(try translator.whole(ByteBuffer(string: Self.toolAnswer)))
        #expect(tree["status"]?.text == "completed" && tree["temperature"] == .literal("0.50"))
        let output = try #require(tree["output"]?.elements)
        #expect(output[0]["content"]?.elements?[0]["text"]?.text == "Hm.")
        #expect(output[1]["call_id"]?.text == "t1" && output[1]["arguments"]?.text == #"{"a": 1.0}"#)
        #expect(tree["usage"]?["total_tokens"]?.number == 15)
    }

    @Test(arguments: [1, 7, 100_000]) func `a streamed response`(_ length: Int) throws {
        let translator = ResponsesTranslator(id: "1", request: ByteBuffer(string: #"{"model":"m","input":"a"}"#))
        let events = try events(translator, length: length)
        #expect(
            events.map { $0["type"]!.text!.replacing("response.", with: "") } == [
                "created", "in_progress", "output_item.added", "content_part.added", "output_text.delta",
                "output_text.delta", "output_text.done", "content_part.done", "output_item.done", "output_item.added",
                "function_call_arguments.delta", "function_call_arguments.delta", "function_call_arguments.done",
                "output_item.done", "completed",
            ])
        #expect(events.map { $0["sequence_number"]!.number! } == (0..<15).map(Double.init))
        // What is streamed is what the whole says.
        let whole = try JSONTree(try translator.whole(ByteBuffer(string: Self.toolAnswer)))
        #expect(events.last?["response"]?["output"] == whole["output"])
        #expect(events.last?["response"]?["usage"] == whole["usage"])
    }

    @Test func `calls whose pieces are mixed are a bad reply`() throws {
        func call(_ index: Int) -> String {
            "data: {\"choices\":[{\"index\":0,\"delta\":{\"tool_calls\":[{\"index\":\(index),\"id\":\"t\",\"function\":{\"name\":\"f\",\"arguments\":\"x\"}}]}}]}\n\n"
        }
        var translator = MessagesTranslator(id: "msg_1")
        var said = ByteBuffer()
        try translator.stream(ByteBuffer(string: call(0) + call(1)), into: &said)
        #expect(throws: StageError.self) { try translator.stream(ByteBuffer(string: call(0)), into: &said) }
    }
}

@Suite(.timeLimit(.minutes(5))) struct `other interfaces at the door` {
    private static let message = #"{"model":"small","max_tokens":9,"messages":[{"role":"user","content":"Hi"}]"#

    @Test func `Messages and Responses are answered by a stage that speaks chat completions`() async throws {
        try await ScriptedUpstream.run { request in
            request.body.contains("\"stream\":true")
                ? .stream(["a", "b"], tokens: (3, 2)) : .completion("ab", tokens: (3, 2))
        } _: { upstream in
            try await RunningGateway.run(RunningGateway.configuration(["small": upstream])) { gateway in
                let message = try await gateway.post("/v1/messages", Self.message + "}")
                #expect(message.status == 200 && message("x-cascade-cost") == "7")
                #expect(message.body.contains(#""content":[{"type":"text","text":"ab"}]"#))
                let stream = try await gateway.post("/v1/messages", Self.message + #","stream":true}"#)
                #expect(stream.body.contains("event: message_start\n") && stream.body.contains("event: message_stop\n"))
                #expect(stream.body.contains(#""output_tokens":2"#))
                let response = try await gateway.post("/v1/responses", #"{"model":"small","input":"Hi"}"#)
                #expect(response.body.contains(#""type":"output_text","text":"ab""#))
                let events = try await gateway.post("/v1/responses", #"{"model":"small","input":"Hi","stream":true}"#)
                #expect(events.body.contains("event: response.completed\n"))
                #expect(upstream.requests.allSatisfy { $0.path == "/v1/chat/completions" })
                let refused = try await gateway.post(
                    "/v1/messages", Self.message + #","thinking":{"type":"enabled","budget_tokens":5}}"#)
                #expect(refused.status == 400 && refused.body.contains(#""type":"invalid_request_error""#))
                #expect(refused.body.hasPrefix(#"{"type":"error""#))
            }
        }
    }

    @Test func `an error in a stream of Responses has the next number`() async throws {
        try await ScriptedUpstream.run { _ in
            .stream(["a", "b"], isWhole: false) + [.wait(.milliseconds(50)), .close]
        } _: { upstream in
            try await RunningGateway.run(RunningGateway.configuration(["small": upstream])) { gateway in
                let reply = try await gateway.post("/v1/responses", #"{"model":"small","input":"Hi","stream":true}"#)
                let events = try reply.body.components(separatedBy: "\n\n").filter { !$0.isEmpty }.map { event in
                    let data = try #require(event.split(separator: "\n").last { $0.hasPrefix("data: ") })
                    return try JSONTree(ByteBuffer(string: String(data.dropFirst(6))))
                }
                #expect(events.last?["type"]?.text == "error" && events.count > 3)
                #expect(events.map { $0["sequence_number"]?.number } == events.indices.map { Double($0) })
            }
        }
    }

    @Test func `a stage that speaks them gets them whole`() async throws {
        let answer = #"{"id":"m","type":"message","content":[],"usage":{"input_tokens":3,"output_tokens":2}}"#
        let events = [
            #"{"type":"message_start","message":{"usage":{"input_tokens":3,"output_tokens":1}}}"#,
            #"{"type":"content_block_delta","delta":{"text":"a"}}"#,
            #"{"type":"message_delta","usage":{"output_tokens":2}}"#, #"{"type":"message_stop"}"#,
        ]
        try await ScriptedUpstream.run { request in
            request.body.contains("\"stream\":true")
                ? .events(events, isWhole: false) + [.send("0\r\n\r\n")] : .json(answer)
        } _: { upstream in
            var configuration = try RunningGateway.configuration(["small": upstream])
            configuration.stages[0].interfaces = [.messages]
            try await RunningGateway.run(configuration) { gateway in
                let more = #","top_k":5,"thinking":{"type":"enabled"}"#
                let whole = try await gateway.post("/v1/messages", Self.message + more + "}")
                #expect(whole.body == answer && whole("x-cascade-cost") == "7")
                #expect(
                    upstream.requests[0].body == Self.message.replacing("\"small\"", with: "\"small-model\"") + more
                        + "}")
                let stream = try await gateway.post("/v1/messages", Self.message + #","stream":true}"#)
                #expect(stream.events == events)
                #expect(gateway.server.core.metrics.counts.calls["small"]?.money == 14)
            }
        }
    }
}
