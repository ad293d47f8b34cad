public import Foundation

/// A task and its questions, as a file has them: JSONL, with a first line that may say how the questions are put.
///
///     {"task": "capitals", "system": "Answer with one word.", "judge": "label"}
///     {"id": "q1", "input": "What is the capital of France?", "answer": "Paris"}
///     {"id": "q2", "input": "And of the Netherlands?", "answers": ["Amsterdam", "The Hague"]}
///
/// The first line may have `task`, `system`, `template`, `examples` (objects with `input` and `answer`), `cue`, `labels`,
/// `calibrate`, `judge` (`exact`, `label`, `contains`, `number`) and `maximum_tokens`; a question has `input`, `answer` or
/// `answers`, and may have `id`, `group`, `split` and `labels`.
public struct TaskFile: Sendable, Hashable {
    /// How the questions are put.
    public var task: QuestionTask
    /// The questions.
    public var questions: [Question]

    /// A task with its questions.
    public init(task: QuestionTask, questions: [Question]) {
        self.task = task
        self.questions = questions
    }

    /// Whether the answers are chosen among labels.
    public var isChoosing: Bool { task.labels != nil || questions.contains { $0.labels != nil } }

    /// Reads the file at `path`.
    /// - Throws: ``LanguageError/badRecord(file:line:reason:)``, naming the first line that is wrong.
    public static func read(from path: String) throws(LanguageError) -> TaskFile {
        guard let data = FileManager.default.contents(atPath: path) else {
            throw .badRecord(file: path, line: 0, reason: "there is no such file, or it can't be read")
        }
        return try read(data, file: path)
    }

    /// Reads `data`; `file` is named in errors.
    public static func read(_ data: Data, file: String) throws(LanguageError) -> TaskFile {
        var result = TaskFile(task: QuestionTask(), questions: [])
        var lines: [String: Int] = [:]
        for (index, bytes) in data.split(separator: 10, omittingEmptySubsequences: false).enumerated() {
            let line = index + 1
            guard bytes.contains(where: { $0 > 32 }) else { continue }
            let object = try LineObject(Data(bytes), file: file, line: line)
            if object.values["input"] == nil, result.questions.isEmpty, lines.isEmpty {
                result.task = try task(object)
                lines[""] = line
                continue
            }
            let question = try question(object, result.task)
            if let first = lines[question.id] {
                throw object.bad("the id '\(question.id)' was used on line \(first) already")
            }
            lines[question.id] = line
            result.questions.append(question)
        }
        guard !result.questions.isEmpty else {
            throw .badRecord(
                file: file, line: max(1, lines.count), reason: "there are no questions. Give one JSON object a line")
        }
        let withLabels = result.questions.count { ($0.labels ?? result.task.labels) != nil }
        if withLabels > 0, withLabels < result.questions.count {
            throw .badRecord(
                file: file, line: 1, reason: "some questions have labels and some have none: split them into two files"
            )
        }
        return result
    }

    private static func task(_ object: LineObject) throws(LanguageError) -> QuestionTask {
        try object.allow(
            ["task", "system", "template", "examples", "cue", "labels", "calibrate", "judge", "maximum_tokens"])
        var task = QuestionTask()
        task.name = try object.text("task")
        task.system = try object.text("system")
        task.template = try object.text("template") ?? task.template
        task.cue = try object.text("cue") ?? task.cue
        task.labels = try object.texts("labels")
        task.calibrates = try object.flag("calibrate") ?? false
        task.maximumTokens = try object.count("maximum_tokens") ?? task.maximumTokens
        guard task.template.contains("{input}") else { throw object.bad("the template lacks {input}") }
        if let labels = task.labels, labels.count < 2 || Set(labels).count < labels.count {
            throw object.bad("'labels' needs two different texts at least")
        }
        task.judge = task.labels == nil ? .exact : .label
        if let name = try object.text("judge") {
            guard let judge = Judge(rawValue: name) else {
                throw object.bad(
                    "unknown judge '\(name)'. Known are: \(Judge.allCases.map(\.rawValue).joined(separator: ", "))")
            }
            task.judge = judge
        }
        for value in try object.objects("examples") ?? [] {
            try value.allow(["input", "answer"])
            guard let input = try value.text("input"), let answer = try value.text("answer") else {
                throw object.bad("an example needs 'input' and 'answer'")
            }
            task.examples.append(QuestionTask.Example(input: input, answer: answer))
        }
        return task
    }

    private static func question(_ object: LineObject, _ task: QuestionTask) throws(LanguageError) -> Question {
        try object.allow(["id", "input", "answer", "answers", "group", "split", "labels"])
        guard let input = try object.text("input"), !input.isEmpty else {
            throw object.bad("a question needs 'input', a text")
        }
        let single = try object.text("answer").map { [$0] } ?? []
        let answers = try object.texts("answers") ?? single
        guard !answers.isEmpty else { throw object.bad("a question needs 'answer' or 'answers'") }
        let labels = try object.texts("labels")
        if let labels, labels.count < 2 || Set(labels).count < labels.count {
            throw object.bad("'labels' needs two different texts at least")
        }
        if let all = labels ?? task.labels, let answer = answers.first(where: { !all.contains($0) }) {
            throw object.bad("the answer '\(answer)' is none of the labels \(all.joined(separator: ", "))")
        }
        return Question(
            id: try object.text("id") ?? "\(object.line)", input: input, answers: answers,
            group: try object.text("group") ?? task.name, split: try object.text("split"), labels: labels)
    }
}

/// A line's JSON object, read key by key.
private struct LineObject {
    let values: [String: Any]
    let file: String
    let line: Int

    init(_ data: Data, file: String, line: Int) throws(LanguageError) {
        guard let values = (try? JSONSerialization.jsonObject(with: data)) as? [String: Any] else {
            throw .badRecord(file: file, line: line, reason: "expected a JSON object on this line")
        }
        self.init(values: values, file: file, line: line)
    }

    private init(values: [String: Any], file: String, line: Int) {
        self.values = values
        self.file = file
        self.line = line
    }

    func bad(_ reason: String) -> LanguageError { .badRecord(file: file, line: line, reason: reason) }

    func allow(_ known: [String]) throws(LanguageError) {
        if let key = values.keys.filter({ !known.contains($0) }).min() {
            throw bad("unknown key '\(key)'. Known are: \(known.joined(separator: ", "))")
        }
    }

    private func value<Value>(_ key: String, _ expected: String, _ read: (Any) -> Value?) throws(LanguageError)
        -> Value?
    {
        guard let any = values[key], !(any is NSNull) else { return nil }
        guard let value = read(any) else { throw bad("'\(key)': expected \(expected)") }
        return value
    }

    private static func text(_ value: Any) -> String? {
        value as? String
            ?? ((value as? NSNumber).map {
                $0.doubleValue == $0.doubleValue.rounded() ? "\($0.intValue)" : "\($0.doubleValue)"
            })
    }

    /// A text; a number counts as one, so that ids and answers may be numbers.
    func text(_ key: String) throws(LanguageError) -> String? { try value(key, "a text", Self.text) }
    func texts(_ key: String) throws(LanguageError) -> [String]? {
        try value(key, "a list of texts") { any in
            guard let list = any as? [Any] else { return nil }
            let texts = list.compactMap(Self.text)
            return texts.count == list.count ? texts : nil
        }
    }
    func flag(_ key: String) throws(LanguageError) -> Bool? { try value(key, "true or false") { $0 as? Bool } }
    func count(_ key: String) throws(LanguageError) -> Int? {
        try value(key, "a whole number above 0") { any in (any as? Int).flatMap { $0 > 0 ? $0 : nil } }
    }
    func objects(_ key: String) throws(LanguageError) -> [LineObject]? {
        try value(key, "a list of objects") { any in
            (any as? [[String: Any]])?.map { LineObject(values: $0, file: file, line: line) }
        }
    }
}
