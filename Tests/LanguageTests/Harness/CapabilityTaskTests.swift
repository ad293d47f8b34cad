import Foundation
import Probability
import Testing

@testable import Language

@Suite struct `capability tasks` {
    static let text = """
        {
          "canary": "none", "name": "opposites", "description": "Say the opposite.", "keywords": ["words", "zero-shot"],
          "metrics": ["multiple_choice_grade", "exact_str_match", "bleurt"], "preferred_score": "exact_str_match",
          "task_prefix": "Opposites.\\n", "example_output_prefix": " -> ", "example_input_prefix": "",
          "append_choices_to_input": false, "comment": {"any": ["thing"]},
          "examples": [
            {"input": "hot", "target": "cold", "target_scores": {"cold": 1, "warm": 0}},
            {"input": "up", "target": ["down", "downward"], "target_scores": {"left": 0, "down": 1.0}, "comment": ""},
            {"input": "big", "target_scores": {"small": 1, "little": 1, "red": 0}}
          ]
        }
        """

    static func task(_ text: String = text) throws(LanguageError) -> CapabilityTask {
        try CapabilityTask.read(Data(text.utf8), file: "task.json")
    }

    @Test func `are read as they stand`() throws {
        let task = try Self.task()
        #expect(task.name == "opposites" && task.summary == "Say the opposite." && task.keywords.count == 2)
        #expect(task.metrics == [.multipleChoiceGrade, .exactMatch] && task.unknownMetrics == ["bleurt"])
        #expect(task.preferred == .exactMatch && !task.showsChoices && task.choicePrefix == "\n  choice: ")
        #expect(task.examples.map(\.targets) == [["cold"], ["down", "downward"], ["small", "little"]])
        #expect(task.examples[1].choices == ["left", "down"] && task.examples[1].scores == [0, 1])
        #expect(task.examples[2].shares == [0.5, 0.5, 0])
    }

    @Test func `tell the score of guessing and the best one`() throws {
        let task = try Self.task()
        let grade = try #require(task.range(of: .multipleChoiceGrade))
        #expect(abs(grade.low - (0.5 + 0.5 + 2.0 / 3) / 3) < 1e-12 && grade.high == 1)
        #expect(try #require(task.range(of: .exactMatch)) == (0, 1))
        // Even guesses: (1/4 + 1/4 + ((1/6)^2 + (1/6)^2 + (1/3)^2) / 3) / 3.
        let brier = try #require(task.range(of: .brierScore))
        #expect(abs(brier.low - (0.25 + 0.25 + (1.0 / 36 + 1.0 / 36 + 1.0 / 9) / 3) / 3) < 1e-12 && brier.high == 0)
        #expect(task.range(of: .logLikelihood) == nil)
    }

    @Test(arguments: [
        ("\"name\": \"opposites\"", "\"name\": 0.5e", "line 2"),
        ("\"name\": \"opposites\",", "", "'name'"),
        ("\"preferred_score\": \"exact_str_match\"", "\"preferred_score\": \"bleurt\"", "bleurt"),
        ("[\"multiple_choice_grade\", \"exact_str_match\", \"bleurt\"]", "[\"bleurt\"]", "none of its metrics"),
        ("[\"multiple_choice_grade\", \"exact_str_match\", \"bleurt\"]", "[]", "'metrics'"),
        ("{\"cold\": 1, \"warm\": 0}", "{\"cold\": 1}", "example 1"),
        ("{\"cold\": 1, \"warm\": 0}", "{\"cold\": 1, \"warm\": \"no\"}", "'warm'"),
        ("{\"cold\": 1, \"warm\": 0}", "{\"cold\": 1, \"cold\": 0}", "line 7"),
        ("{\"input\": \"up\",", "{", "example 2"),
        ("\"append_choices_to_input\": false", "\"append_choices_to_input\": \"no\"", "true or false"),
        ("\"comment\": {\"any\"", "\"output_regex\": \"(\", \"comment\": {\"any\"", "regular expression"),
        ("{\"small\": 1, \"little\": 1, \"red\": 0}", "{\"small\": 1e999, \"little\": 1, \"red\": 0}", "example 3"),
    ]) func `that can't be read say where`(_ old: String, _ new: String, _ word: String) throws {
        let broken = Self.text.replacing(old, with: new)
        try #require(broken != Self.text)
        let error = #expect(throws: LanguageError.self) { try Self.task(broken) }
        guard case .badBenchmark("task.json", let place, let reason) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect("\(place): \(reason)".contains(word), "\(place): \(reason)")
    }

    @Test func `never do worse than a typed error, however the file is damaged`() throws {
        let bytes = Array(Self.text.utf8)
        var random = Random(seed: 20)
        var read = 0
        for _ in 0..<3000 {
            var damaged = bytes
            for _ in 0..<1 + random.integer(below: 4) {
                let place = random.integer(below: damaged.count)
                switch random.integer(below: 3) {
                case 0: damaged[place] = UInt8(random.integer(below: 256))
                case 1: damaged.remove(at: place)
                default: damaged.insert(Array("{}[]\",:0e-\\u".utf8)[random.integer(below: 12)], at: place)
                }
            }
            do throws(LanguageError) {
                let task = try CapabilityTask.read(Data(damaged), file: "task.json")
                read += 1
                for index in task.examples.indices { _ = try CapabilityPrompts(task).prompt(index) }
            } catch {
                guard case .badBenchmark("task.json", _, _) = error else {
                    Issue.record("\(error)")
                    continue
                }
            }
        }
        #expect(read > 100 && read < 2900)
    }

    @Test func `of a folder are its subtasks`() throws {
        let folder = NSTemporaryDirectory() + "capability-\(ProcessInfo.processInfo.processIdentifier)"
        defer { try? FileManager.default.removeItem(atPath: folder) }
        for part in ["b", "a"] {
            try FileManager.default.createDirectory(
                atPath: "\(folder)/whole/\(part)", withIntermediateDirectories: true)
            try Self.text.write(toFile: "\(folder)/whole/\(part)/task.json", atomically: true, encoding: .utf8)
        }
        #expect(try CapabilityTask.read(from: "\(folder)/whole").map(\.name) == ["whole:a", "whole:b"])
        #expect(try CapabilityTask.read(from: "\(folder)/whole/a").map(\.name) == ["opposites"])
        #expect(throws: LanguageError.badBenchmark(file: "\(folder)/x", place: "", reason: "there is no such file")) {
            try CapabilityTask.read(from: "\(folder)/x")
        }
    }

    @Test func `make prompts of other examples, the same for the same seed`() throws {
        let task = try Self.task()
        #expect(try CapabilityPrompts(task).prompt(0) == "Opposites.\nhot -> ")
        let prompts = try CapabilityPrompts(task, shots: 2, seed: 1)
        for index in 0..<3 {
            let text = prompts.prompt(index)
            #expect(text.hasPrefix("Opposites.\n") && text.hasSuffix("\n\(task.examples[index].input) -> "))
            for other in 0..<3 where other != index {
                let example = task.examples[other]
                #expect(text.contains("\(example.input) -> \(example.targets[0])\n"))
            }
            #expect(text == prompts.prompt(index))
        }
        #expect(throws: LanguageError.self) { try CapabilityPrompts(task, shots: 3) }
    }

    @Test func `show choices in every order`() throws {
        var task = try Self.task()
        task.showsChoices = true
        let orders = try Set((0..<64).map { try CapabilityPrompts(task, seed: $0).prompt(2) })
        #expect(orders.count == 6)
        #expect(orders.contains("Opposites.\nbig\n  choice: red\n  choice: small\n  choice: little -> "))
    }
}
