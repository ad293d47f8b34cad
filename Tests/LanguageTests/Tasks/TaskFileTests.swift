import Foundation
import Language
import Testing

@Suite struct `task files` {
    private func read(_ text: String) throws(LanguageError) -> TaskFile {
        try TaskFile.read(Data(text.utf8), file: "t.jsonl")
    }

    @Test func `a first line says how questions are put`() throws {
        let file = try read(
            """
            {"task": "colour", "system": "Be short.", "template": "What is {input}?", "labels": ["red", "blue"], "calibrate": true, "examples": [{"input": "blood", "answer": "red"}], "cue": "Colour:"}
            {"id": 7, "input": "the sky", "answer": "blue"}

            {"input": "a tomato", "answers": ["red"], "group": "fruit", "split": "test"}
            """)
        #expect(file.isChoosing)
        #expect(file.questions.map(\.id) == ["7", "4"])
        #expect(file.questions.map(\.group) == ["colour", "fruit"])
        #expect(file.task.judge == .label)
        #expect(
            file.task.prompt("the sky", chat: false)
                == .text("Be short.\n\nWhat is blood?\nColour: red\n\nWhat is the sky?\nColour:"))
        #expect(
            file.task.prompt("the sky", chat: true)
                == .chat([
                    .system("Be short."), .user("What is blood?"), .assistant("red"), .user("What is the sky?"),
                ]))
    }

    @Test(arguments: [
        ("{\"task\": \"a\", \"judge\": \"feeling\"}\n", 1, "unknown judge"),
        ("{\"task\": \"a\", \"lables\": [\"x\", \"y\"]}\n", 1, "unknown key 'lables'"),
        ("{\"template\": \"What?\"}\n", 1, "lacks {input}"),
        ("{\"input\": \"a\"}\n", 1, "needs 'answer'"),
        ("{\"input\": \"a\", \"answer\": \"b\"}\nnonsense\n", 2, "expected a JSON object"),
        (
            "{\"id\": 1, \"input\": \"a\", \"answer\": \"b\"}\n{\"id\": 1, \"input\": \"c\", \"answer\": \"d\"}\n", 2,
            "line 1 already"
        ),
        ("{\"labels\": [\"x\", \"y\"]}\n{\"input\": \"a\", \"answer\": \"z\"}\n", 2, "none of the labels"),
        ("{\"labels\": [\"x\"]}\n", 1, "two different"),
        ("{\"task\": \"a\"}\n", 1, "no questions"), ("", 1, "no questions"),
        (
            "{\"input\": \"a\", \"answer\": \"x\", \"labels\": [\"x\", \"y\"]}\n{\"input\": \"b\", \"answer\": \"c\"}\n",
            1, "two files"
        ),
    ])
    func `a bad line is named`(text: String, line: Int, says: String) throws {
        let error = #expect(throws: LanguageError.self) { try read(text) }
        guard case .badRecord(let file, let found, let reason)? = error else { return }
        #expect(file == "t.jsonl" && found == line)
        #expect(reason.contains(says), "\(reason)")
    }

    @Test(arguments: [
        (Judge.exact, " Paris\n", "Paris", true), (.exact, "paris", "Paris", false),
        (.label, "Paris!", "paris", true), (.label, "in Paris", "Paris", false),
        (.contains, "It is Paris, I think.", "paris", true), (.contains, "comparison", "paris", false),
        (.contains, "New York City", "york city", true),
        (.number, "3 + 4 = 7.", "7", true), (.number, "it costs 1,234.50 dollars", "1234.5", true),
        (.number, "7 or 8", "7", false), (.number, "seven", "7", false), (.number, "minus: -3", "-3", true),
        (.number, "from 5-3", "3", true),
    ])
    func `answers are judged as the task says`(judge: Judge, answer: String, expected: String, isRight: Bool) {
        #expect(judge.quality(of: answer, expected: ["something else", expected]) == (isRight ? 1 : 0))
    }
}
