import Foundation
import Language
import Testing

@Suite struct `cascade tasks` {
    static let task = """
        {"name": "opposites", "description": "Say the opposite.", "keywords": ["words"],
         "metrics": ["multiple_choice_grade", "exact_str_match", "bleurt"], "append_choices_to_input": false,
         "examples": [
           {"input": "What is the opposite of hot?", "target": "cold", "target_scores": {"cold": 1, "up": 0}},
           {"input": "What is the opposite of up?", "target": "down", "target_scores": {"red": 0, "down": 1}},
           {"input": "What is the opposite of good?", "target": "bad", "target_scores": {"bad": 1, "tree": 0}}]}
        """
    let folder: TemporaryFolder
    let task: String

    init() throws {
        folder = try TemporaryFolder()
        task = try folder.write(Self.task, "task.json")
    }

    @Test func `show tells what a task holds and what is asked`() throws {
        let run = try Cascade.run("tasks", "show", task, "--question", "2")
        #expect(run.status == 0, "\(run.errors)")
        #expect(run.output.contains("3 questions") && run.output.contains("passed over: bleurt"))
        #expect(run.output.contains("Q: What is the opposite of up?\nA: «down»"), "\(run.output)")
        #expect(run.output.contains("0.5 by guessing"))
        let json = try Cascade.run("tasks", "show", task, "--shots", "2", "--json")
        #expect(json.output.contains("\"questions\": 3") && json.output.contains("opposite of good?\\nA: bad\\n"))
    }

    @Test func `wrong usage ends with 64, bad files with 65`() throws {
        let broken = try folder.write(Self.task.replacing("\"name\": \"opposites\", ", with: ""), "broken.json")
        let labels = try folder.write(
            "{\"input\": \"one\", \"answer\": \"a\", \"labels\": [\"a\", \"b\"]}\n", "labels.jsonl")
        for (arguments, status, says) in [
            (["tasks", "show", task, "--question", "4"], Int32(64), "questions 1 to 3"),
            (["tasks", "show", task, "--shots", "3"], 64, "shots"), (["tasks", "show", broken], 65, "'name'"),
            (["tasks", "run", folder.path("none")], 65, "there is no such file"),
            (["tasks", "run", task, "--models", "a,a"], 64, "different models"),
            (["tasks", "run", task, "--shots", "9"], 64, "shots"),
            (["tasks", "run", task, "--models", "none.gguf"], 64, "no model is called"),
            (["tasks", "run", task, task], 65, "already"),
            (["tasks", "run", task, "-o", "/nowhere/a.jsonl"], 69, "no folder /nowhere"),
            (["tasks", "run", task, "-o", labels], 65, "line 1"),
            (["ask", "two", "--task", labels], 64, "labels of their own"),
        ] as [([String], Int32, String)] {
            let run = try Cascade.run(arguments)
            #expect(run.status == status && run.errors.contains(says), "\(arguments): \(run.status) \(run.errors)")
            #expect(run.output.isEmpty)
        }
    }
}

@Suite(
    .serialized,
    .enabled(if: (try? ModelStore().path(of: "smollm2-135m")) != nil, "needs `cascade models get smollm2-135m`"))
struct `cascade tasks on a model` {
    @Test func `run scores a model, and goes on where it was`() throws {
        let folder = try TemporaryFolder()
        let task = try folder.write(`cascade tasks`.task, "task.json")
        let answers = folder.path("answers.jsonl")
        let arguments = ["tasks", "run", task, "--threads", "1", "-o", answers]
        let part = try Cascade.run(arguments + ["--limit", "1", "--json"])
        #expect(part.status == 0 && part.output.contains("\"answered\": 1"), "\(part.errors)")
        let first = try String(contentsOfFile: answers, encoding: .utf8)
        let whole = try Cascade.run(arguments)
        #expect(whole.status == 0 && whole.output.contains("multiple_choice_grade *"), "\(whole.errors)")
        let second = try String(contentsOfFile: answers, encoding: .utf8)
        #expect(second.hasPrefix(first) && second.split(separator: "\n").count == 3)
        // Nothing is left to ask: no model is needed any more.
        let again = try Cascade.run(arguments)
        #expect(again.output == whole.output)
        #expect(try String(contentsOfFile: answers, encoding: .utf8) == second)
    }

    @Test func `ask takes the labels of the question asked`() throws {
        let folder = try TemporaryFolder()
        let tasks = try folder.write(
            "{\"input\": \"Is ice hot or cold?\", \"answer\": \"cold\", \"labels\": [\"cold\", \"hot\"]}\n", "t.jsonl")
        let run = try Cascade.run("ask", "Is ice hot or cold?", "--task", tasks, "--threads", "1")
        #expect(run.status == 0 && ["cold\n", "hot\n"].contains(run.output), "\(run.output) \(run.errors)")
    }
}
