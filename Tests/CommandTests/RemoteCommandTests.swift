import Cascades
import EndpointTesting
import Foundation
import Synchronization
import Testing

@Suite(.timeLimit(.minutes(3))) struct `commands on models behind endpoints` {
    let folder: TemporaryFolder
    let environment: [String: String]

    init() throws {
        folder = try TemporaryFolder()
        environment = [
            "CASCADE_MODELS_FILE": folder.path("config/models.json"), "CASCADE_MODELS": folder.path("models"),
            "PIP_NO_INDEX": "1", "FAR_KEY": "sk-far-0123456789",
        ]
    }

    private func run(_ arguments: String..., input: String? = nil) throws -> CascadeRun {
        try Cascade.run(arguments, environment: environment, input: input)
    }

    /// A server that adds the two numbers of a question; `fails` says which requests it refuses for good.
    private func adder(
        fails: @escaping @Sendable (ScriptedServer.Request) -> Bool = { _ in false }
    ) async throws -> ScriptedServer {
        try await ScriptedServer { request in
            if fails(request) { return [.reply(400, #"{"error":{"message":"not today"}}"#)] }
            let messages = request.body.split(separator: "\"content\":\"")
            let numbers = (messages.last ?? "").split { !$0.isNumber }.prefix(2).compactMap { Int($0) }
            return CompletionPiece.answer(["\(numbers.reduce(0, +))", "."], prompt: 10)
        }
    }

    @Test func `a model gets a name, is listed, asked and forgotten`() async throws {
        let server = try await adder()
        defer { server.stop() }
        let add = try run(
            "models", "add", "far", "--endpoint", server.address, "--model", "m", "--key-env", "FAR_KEY", "--price",
            "100/1000")
        #expect(add.status == 0 && add.output == "far: m at \(server.address)\n", "\(add.errors)")
        let twice = try run("models", "add", "far", "--endpoint", server.address)
        #expect(twice.status == 64 && twice.errors.contains("--replace"))
        let list = try run("models", "list")
        #expect(list.status == 0 && list.output.contains("far"))
        #expect(try run("models", "list", "--json").output.contains("\"endpoint\": \"\(server.address)\""))
        let info = try run("models", "info", "far")
        #expect(info.status == 0 && info.output.contains("5 likeliest") && info.output.contains("FAR_KEY"))

        let ask = try run("ask", "2 plus 3", "--model", "far", "--json")
        #expect(ask.status == 0, "\(ask.errors)")
        #expect(ask.json["answer"] as? String == "5." && ask.json["model"] as? String == "far")
        // 10 tokens at $100 a million and 2 at $1000.
        let money = (ask.json["cost"] as? [String: Double])?["money"] ?? 0
        #expect(abs(money - 0.003) < 1e-12)
        // What the endpoint did not tell is missing.
        #expect((ask.json["evidence"] as? [String: Any])?["meanEntropy"] is NSNull)
        let shown = try run("ask", "2 plus 3", "--model", "far", "--explain")
        #expect(shown.output.hasPrefix("5.\n") && shown.errors.contains("$0.003"), "\(shown.errors)")
        #expect(server.counts.requests.last?.headers["authorization"] == "Bearer sk-far-0123456789")
        let score = try run("score", "-", "--model", "far", input: "text\n")
        #expect(score.status == 65 && score.errors.contains("log-probabilities of given texts"), "\(score.errors)")
        for text in [add, list, info, ask, shown, score] {
            #expect(!(text.output + text.errors).contains("0123456789"))
        }
        #expect(try !String(contentsOfFile: folder.path("config/models.json"), encoding: .utf8).contains("0123456"))

        #expect(try run("models", "remove", "far").status == 0)
        let gone = try run("ask", "2 plus 3", "--model", "far")
        #expect(gone.status == 64 && gone.errors.contains("no model is called \"far\""), "\(gone.errors)")
    }

    @Test func `labels that an endpoint can't weigh are written`() async throws {
        let server = try await adder()
        defer { server.stop() }
        for name in ["near", "far"] {
            #expect(try run("models", "add", name, "--endpoint", server.address, "--model", "m").status == 0)
        }
        let tasks = try folder.write(
            #"""
            {"task": "sums", "system": "Add.", "labels": ["5", "6"]}
            {"id": "a", "input": "2 plus 3", "answer": "5"}
            {"id": "b", "input": "2 plus 4", "answer": "5"}
            """#, "sums.jsonl")
        let log = folder.path("log.jsonl")
        let record = try run("record", tasks, "--models", "near,far", "-o", log)
        #expect(
            record.status == 0 && record.errors.contains("near can't say how likely a label is"), "\(record.errors)")
        let made = try OutcomeLog.read(from: log)
        #expect(made.quality == [1, 1, 0, 0] && made.answers[0][0] == "5.")
        #expect(made.schema.stages[0].evidence.contains("meanLogProbability"))
    }

    @Test func `an endpoint is asked without a name, and a chat remembers`() async throws {
        let server = try await adder()
        defer { server.stop() }
        let ask = try run("ask", "4 plus 4", "--endpoint", server.address, "--model", "m", "--key-env", "FAR_KEY")
        #expect(ask.status == 0 && ask.output == "8.\n" && ask.errors.contains("no money"), "\(ask.errors)")
        let chat = try run(
            "chat", "--endpoint", server.address, "--model", "m", input: "1 plus 1\n2 plus 2\n/reset\n3 plus 3\n")
        #expect(chat.output == "2.\n4.\n6.\n", "\(chat.errors)")
        let bodies = server.counts.requests.suffix(3).map(\.body)
        #expect(bodies[1].contains("1 plus 1") && bodies[1].contains("\"2.\""))
        #expect(!bodies[2].contains("1 plus 1"))
    }

    @Test func `what goes wrong ends with 69 or 64 and says what to do`() async throws {
        let server = try await adder { _ in true }
        defer { server.stop() }
        let cases: [(arguments: [String], status: Int32, says: String)] = [
            (["ask", "x", "--endpoint", server.address, "--model", "m"], 69, "not today"),
            (
                ["ask", "x", "--endpoint", server.address, "--model", "m", "--key-env", "NO_SUCH_KEY"], 69,
                "export NO_SUCH_KEY="
            ),
            (["ask", "x", "--model", "m", "--key-env", "FAR_KEY"], 64, "--endpoint"),
            (["ask", "x", "--endpoint", "localhost:8080", "--model", "m"], 64, "https://api.openai.com/v1"),
            (["models", "add", "a", "--endpoint", "localhost"], 64, "https://api.openai.com/v1"),
            (["models", "add", "a", "--endpoint", server.address, "--price", "cheap"], 64, "--price"),
            (["models", "add", "a", "--endpoint", server.address, "--dialect", "welsh"], 64, "llama-server"),
            (["models", "add", "smollm2-135m", "--endpoint", server.address], 64, "can't be the name"),
            (["models", "remove", "a"], 64, "no model is called \"a\""),
        ]
        for (arguments, status, says) in cases {
            let run = try Cascade.run(arguments, environment: environment)
            #expect(run.status == status, "\(arguments): \(run.errors)")
            #expect(run.errors.contains(says), "\(arguments): \(run.errors)")
            #expect(run.output.isEmpty)
        }
        #expect(!folder.files.contains("config"))
        let later = try run("models", "add", "a", "--endpoint", server.address, "--key-env", "NO_SUCH_KEY")
        #expect(later.status == 0 && later.errors.contains("NO_SUCH_KEY"), "\(later.errors)")
    }

    @Test func `a recording goes on where an endpoint fails, is taken up again, and its policy asks live`() async throws
    {
        // Every seventh question fails until the second run.
        let isSecondRun = Mutex(false)
        let flaky = try await adder { request in
            !isSecondRun.withLock { $0 } && (0..<15).contains { request.body.contains("\"\($0 * 7) plus 1 ") }
        }
        let steady = try await adder()
        defer {
            flaky.stop()
            steady.stop()
        }
        for (name, server) in [("near", flaky), ("far", steady)] {
            #expect(
                try run("models", "add", name, "--endpoint", server.address, "--model", "m", "--price", "1/1").status
                    == 0)
        }
        var text = "{\"task\": \"sums\", \"judge\": \"number\", \"template\": \"{input} is what?\"}\n"
        for number in 0..<105 {
            // The adder is wrong where the third number counts.
            let extra = number % 3 == 0 ? " plus 2" : ""
            text +=
                "{\"id\": \"q\(number)\", \"input\": \"\(number) plus 1 \(extra)\", \"answer\": \"\(number + (extra.isEmpty ? 1 : 3))\"}\n"
        }
        let tasks = try folder.write(text, "tasks.jsonl")
        let log = folder.path("log.jsonl")
        let first = try run("record", tasks, "--models", "near,far", "-o", log, "--json")
        #expect(first.status == 69 && first.errors.contains("not today"), "\(first.errors)")
        #expect(first.json["recorded"] as? Int == 90 && first.json["failed"] as? Int == 15, "\(first.output)")
        isSecondRun.withLock { $0 = true }
        let second = try run("record", tasks, "--models", "near,far", "-o", log, "--json")
        #expect(second.status == 0, "\(second.errors)")
        #expect(second.json["recorded"] as? Int == 15 && second.json["skipped"] as? Int == 90, "\(second.output)")
        let read = try OutcomeLog.read(from: log)
        #expect(read.count == 105 && read.isComplete && read.money.allSatisfy { $0 > 0 })
        let policy = folder.path("policy.json")
        let fit = try run("fit", log, "--policy", "thresholds", "-o", policy)
        #expect(fit.status == 0, "\(fit.errors)")
        let ask = try run("ask", "20 plus 5", "--policy", policy, "--task", tasks, "--json")
        #expect(ask.status == 0 && ask.json["answer"] as? String == "25.", "\(ask.errors)")
    }

    /// The last message of a conversation that was sent.
    private static func question(_ request: ScriptedServer.Request) -> String {
        let body = (try? JSONSerialization.jsonObject(with: Data(request.body.utf8))) as? [String: Any]
        return (body?["messages"] as? [[String: String]])?.last?["content"] ?? ""
    }

    @Test(arguments: [
        "chain-of-thought", "self-consistency", "verifier", "least-to-most", "selection-inference", "star", "tools",
        "tree-search", "scratchpad",
    ])
    func `a program asks an endpoint that holds conversations only`(program: String) async throws {
        let server = try await ScriptedServer { request in
            guard request.path == "/v1/chat/completions" else {
                return [.reply(404, #"{"error":{"message":"conversations only"}}"#)]
            }
            let question = Self.question(request)
            let field = question.split(separator: "\n").last ?? ""
            switch field {
            case "Calculation:": return CompletionPiece.answer(["17 * 23"])
            case "Correct:": return CompletionPiece.answer(["Yes"])
            case "Selected:": return CompletionPiece.answer(["A is b."])
            case "Work:": return CompletionPiece.answer([question.contains("Work: 391") ? "done" : "391"])
            case "Answer:": return CompletionPiece.answer(["391"])
            default: return CompletionPiece.answer(["17 * 23 is 391"])
            }
        }
        defer { server.stop() }
        let question = program == "selection-inference" ? "A is b. What is A?" : "What is 17 times 23?"
        let ask = try run(
            "ask", question, "--program", program, "--samples", "2", "--endpoint", server.address, "--model", "m",
            "--explain")
        #expect(ask.status == 0 && ask.output.hasPrefix("391\n"), "\(ask.output) \(ask.errors)")
        #expect(ask.errors.contains("m, \(program):"), "\(ask.errors)")
        #expect(server.counts.requests.allSatisfy { $0.path == "/v1/chat/completions" })
    }

    @Test func `a recording has endpoints assess their answers in writing`() async throws {
        // The answers to every third question are wrong, and the endpoint half knows.
        let server = try await ScriptedServer { request in
            let body = (try? JSONSerialization.jsonObject(with: Data(request.body.utf8))) as? [String: Any]
            let messages = body?["messages"] as? [[String: String]] ?? []
            let number = Int((messages.first?["content"] ?? "").split { !$0.isNumber }.first ?? "") ?? 0
            guard messages.count > 1 else {
                return CompletionPiece.answer(["\(number % 3 == 0 ? 0 : number + 1)"])
            }
            let sure = number % 3 == 0 ? 0.25 : 0.75
            guard body?["logprobs"] != nil else { return CompletionPiece.answer([sure > 0.5 ? "True." : "False."]) }
            return [
                .streamHead(),
                .event(
                    CompletionPiece.text(
                        "true", logProbability: log(sure), top: ["true": log(sure), "false": log(1 - sure)])),
                .event(CompletionPiece.finish()), .event(CompletionPiece.usage(20, 1)), .event("[DONE]"),
                .endOfChunks,
            ]
        }
        defer { server.stop() }
        for (name, told) in [("tells", "5"), ("writes", "none")] {
            let add = try run(
                "models", "add", name, "--endpoint", server.address, "--model", "m", "--log-probabilities", told,
                "--price", "1/1")
            #expect(add.status == 0, "\(add.errors)")
        }
        var text = "{\"task\": \"next\", \"judge\": \"number\", \"template\": \"What comes after {input}?\"}\n"
        for number in 1...120 {
            text += "{\"id\": \"q\(number)\", \"input\": \"\(number)\", \"answer\": \"\(number + 1)\"}\n"
        }
        let tasks = try folder.write(text, "next.jsonl")
        let logPath = folder.path("assessed.jsonl")
        let record = try run("record", tasks, "--models", "tells,writes", "-o", logPath, "--self-assess")
        #expect(record.status == 0, "\(record.errors)")
        #expect(
            record.errors.contains(
                "tells writes whether its answers are right: the probability is read from its likeliest"),
            "\(record.errors)")
        let read = try OutcomeLog.read(from: logPath)
        #expect(read.count == 120 && read.isComplete)
        for item in 0..<120 {
            let number = try #require(Int(read.ids[item].dropFirst()))
            let isWrong = number % 3 == 0
            // As told, and after 5 replies of one mind.
            for (stage, values) in [(0, (0.25, 0.75)), (1, (0.5 / 6, 5.5 / 6))] {
                let column = try #require(read.schema.stages[stage].evidence.firstIndex(of: "selfAssessment"))
                let value = read.signal(item: item, read.schema.evidenceRange(of: stage).lowerBound + column)
                #expect(abs(value - (isWrong ? values.0 : values.1)) < 1e-4, "\(number): \(value)")
            }
        }
        let fit = try run("fit", logPath, "--policy", "thresholds", "-o", folder.path("p.json"))
        #expect(fit.status == 0, "\(fit.output) \(fit.errors)")
    }

    @Test func `a policy defers to the second endpoint where the first is unsure, and says why`() async throws {
        // The near one knows what comes after even numbers, and says of others a wrong word without confidence.
        let near = try await ScriptedServer { request in
            let number = Int(Self.question(request).split { !$0.isNumber }.first ?? "") ?? 0
            let isSure = number % 2 == 0
            let told = log(isSure ? 0.98 : 0.4)
            return [
                .streamHead(),
                .event(
                    CompletionPiece.text(
                        isSure ? "\(number + 1), near" : "perhaps 0", logProbability: told, top: ["x": told, "y": -3])),
                .event(CompletionPiece.finish()), .event(CompletionPiece.usage(10, 3)), .event("[DONE]"),
                .endOfChunks,
            ]
        }
        let far = try await ScriptedServer { request in
            let number = Int(Self.question(request).split { !$0.isNumber }.first ?? "") ?? 0
            return CompletionPiece.answer(["far: \(number + 1)"], prompt: 10)
        }
        defer {
            near.stop()
            far.stop()
        }
        for (name, server, price) in [("near", near, "1/1"), ("far", far, "20/20")] {
            let add = try run(
                "models", "add", name, "--endpoint", server.address, "--model", "m", "--price", price)
            #expect(add.status == 0, "\(add.errors)")
        }
        var text = "{\"task\": \"next\", \"judge\": \"number\", \"template\": \"What comes after {input}?\"}\n"
        for number in 1...120 {
            text += "{\"id\": \"q\(number)\", \"input\": \"\(number)\", \"answer\": \"\(number + 1)\"}\n"
        }
        let tasks = try folder.write(text, "next.jsonl")
        let logPath = folder.path("log.jsonl")
        let policy = folder.path("policy.json")
        let record = try run("record", tasks, "--models", "near,far", "-o", logPath)
        #expect(record.status == 0, "\(record.errors)")
        let fit = try run("fit", logPath, "--policy", "thresholds", "-o", policy)
        #expect(fit.status == 0, "\(fit.errors)")

        for (number, answer, asked) in [(200, "201, near", ["near"]), (201, "far: 202", ["near", "far"])] {
            let before = far.counts.requests.count
            let ask = try run(
                "ask", "\(number)", "--policy", policy, "--task", tasks, "--explain", "--json")
            #expect(ask.status == 0, "\(ask.errors)")
            #expect(ask.json["answer"] as? String == answer, "\(ask.output)")
            let models = (ask.json["asked"] as? [[String: Any]] ?? []).compactMap { $0["model"] as? String }
            #expect(models == asked && far.counts.requests.count - before == asked.count - 1)
            let explanation = try #require(ask.json["explanation"] as? [String: Any])
            #expect(explanation["isComplete"] as? Bool == true)
            let shown = try run("ask", "\(number)", "--policy", policy, "--task", tasks, "--explain", "--log", logPath)
            #expect(shown.output.hasPrefix(answer + "\n") && shown.output.contains("near said"), "\(shown.output)")
            #expect(shown.output.contains("far said") == (asked.count == 2), "\(shown.output)")
            #expect(shown.errors.contains(asked.joined(separator: ", then ") + ":"), "\(shown.errors)")
        }
    }
}
