public import Foundation

extension CapabilityTask {
    /// The tasks at `path`: one of a file; of a folder its `task.json`, or one for each folder in it that has one
    /// (subtasks).
    /// - Throws: ``LanguageError/badBenchmark(file:place:reason:)``.
    public static func read(from path: String) throws(LanguageError) -> [CapabilityTask] {
        let files = FileManager.default
        var isFolder: ObjCBool = false
        guard files.fileExists(atPath: path, isDirectory: &isFolder) else {
            throw .badBenchmark(file: path, place: "", reason: "there is no such file")
        }
        guard isFolder.boolValue else { return [try read(file: path)] }
        let parts = ((try? files.contentsOfDirectory(atPath: path)) ?? []).sorted()
            .map { (name: $0, file: "\(path)/\($0)/task.json") }.filter { files.fileExists(atPath: $0.file) }
        let own = "\(path)/task.json"
        if parts.isEmpty { return [try read(file: own)] }
        let parent = URL(fileURLWithPath: path).standardizedFileURL.lastPathComponent
        var tasks: [CapabilityTask] = []
        for part in parts {
            var task = try read(file: part.file)
            task.name = "\(parent):\(part.name)"
            tasks.append(task)
        }
        return tasks
    }

    private static func read(file: String) throws(LanguageError) -> CapabilityTask {
        guard let data = FileManager.default.contents(atPath: file) else {
            throw .badBenchmark(file: file, place: "", reason: "it can't be read")
        }
        return try read(data, file: file)
    }

    /// Reads `data`; `file` is named in errors. Keys that are not known are passed over, as published files carry notes.
    public static func read(_ data: Data, file: String) throws(LanguageError) -> CapabilityTask {
        guard let text = String(bytes: data, encoding: .utf8) else {
            throw .badBenchmark(file: file, place: "", reason: "it is not UTF-8 text")
        }
        let root = try JSONPlace(text, file: file)
        var task = CapabilityTask(name: try root.text("name"))
        task.summary = try root.optionalText("description") ?? ""
        task.keywords = try root.texts("keywords") ?? []
        guard let names = try root.texts("metrics"), !names.isEmpty else {
            throw root.bad("'metrics' must be a list of one name at least")
        }
        for name in names {
            let metrics = CapabilityMetric.named(name)
            if metrics.isEmpty { task.unknownMetrics.append(name) }
            for metric in metrics where !task.metrics.contains(metric) { task.metrics.append(metric) }
        }
        let known = CapabilityMetric.allCases.map(\.rawValue).joined(separator: ", ")
        guard let first = task.metrics.first else {
            throw root.bad("none of its metrics is known here: \(names.joined(separator: ", ")). Known are: \(known)")
        }
        if let name = try root.optionalText("preferred_score") {
            guard let metric = CapabilityMetric.named(name).last else {
                throw root.bad("the preferred score '\(name)' is not known here. Known are: \(known)")
            }
            task.preferred = metric
            if !task.metrics.contains(metric) { task.metrics.append(metric) }
        } else {
            task.preferred = first
        }
        task.prefix = try root.optionalText("task_prefix") ?? task.prefix
        task.inputPrefix = try root.optionalText("example_input_prefix") ?? task.inputPrefix
        task.outputPrefix = try root.optionalText("example_output_prefix") ?? task.outputPrefix
        task.choicePrefix = try root.optionalText("choice_prefix") ?? task.choicePrefix
        task.separator = try root.optionalText("few_shot_example_separator") ?? task.separator
        task.showsChoices = try root.flag("append_choices_to_input") ?? task.showsChoices
        task.stop = try root.optionalText("stop_string").flatMap { $0.isEmpty ? nil : $0 }
        task.outputPattern = try root.optionalText("output_regex")
        if let pattern = task.outputPattern, (try? Regex(pattern)) == nil {
            throw root.bad("'output_regex' is no regular expression: \(pattern)")
        }
        for example in try root.members("examples") { task.examples.append(try Self.example(example, of: task)) }
        guard !task.examples.isEmpty else { throw root.bad("there are no examples") }
        return task
    }

    private static func example(_ place: JSONPlace, of task: CapabilityTask) throws(LanguageError) -> Example {
        let input = try place.text("input")
        let targets = try place.texts("target") ?? []
        var choices: [String] = []
        var scores: [Double] = []
        for (name, score) in try place.numbers("target_scores") ?? [] {
            choices.append(name)
            scores.append(score)
        }
        if task.needsChoices {
            guard choices.count >= 2 else {
                throw place.bad("'target_scores' needs two choices at least for \(task.metrics[0].rawValue)")
            }
            if task.metrics.contains(where: { $0.looksAtProbabilities }) {
                guard scores.allSatisfy({ $0 >= 0 }), scores.contains(where: { $0 > 0 }) else {
                    throw place.bad("calibration needs scores of 0 or more, one of them above 0")
                }
            }
        }
        guard !targets.isEmpty || !choices.isEmpty else {
            throw place.bad("it has neither 'target' nor 'target_scores'")
        }
        guard !targets.contains("") || !task.needsTargets, !choices.contains("") else {
            throw place.bad("an answer is empty")
        }
        return Example(input: input, targets: targets, choices: choices, scores: scores)
    }
}

/// An object somewhere in a JSON file, read member by member with errors that say where.
struct JSONPlace {
    private let value: OrderedJSON
    private let file: String
    private let place: String

    /// The whole of `text`, an object.
    init(_ text: String, file: String) throws(LanguageError) {
        try self.init(try Self.parsed(text, file: file), file: file, place: "")
    }

    private init(_ value: OrderedJSON, file: String, place: String) throws(LanguageError) {
        self.value = value
        self.file = file
        self.place = place
        guard case .object = value else { throw bad("expected an object") }
    }

    /// The objects of `text`, a list.
    static func list(_ text: String, file: String, of what: String) throws(LanguageError) -> [JSONPlace] {
        guard case .array(let values) = try parsed(text, file: file) else {
            throw .badBenchmark(file: file, place: "", reason: "expected a list")
        }
        var places: [JSONPlace] = []
        for (index, value) in values.enumerated() {
            places.append(try JSONPlace(value, file: file, place: "\(what) \(index + 1)"))
        }
        return places
    }

    private static func parsed(_ text: String, file: String) throws(LanguageError) -> OrderedJSON {
        do {
            return try OrderedJSON(text, kind: file)
        } catch {
            guard case .badConstraint(_, let line, let column, let reason) = error else { throw error }
            throw .badBenchmark(file: file, place: "line \(line), column \(column)", reason: reason)
        }
    }

    func bad(_ reason: String) -> LanguageError { .badBenchmark(file: file, place: place, reason: reason) }

    private func member(_ key: String) -> OrderedJSON? {
        guard let member = value[key] else { return nil }
        if case .null = member { return nil }
        return member
    }

    /// The text of `value`; a number counts as one.
    private static func text(_ value: OrderedJSON) -> String? {
        switch value {
        case .string(let text), .number(let text): text
        case .bool(let flag): flag ? "True" : "False"
        default: nil
        }
    }

    func optionalText(_ key: String) throws(LanguageError) -> String? {
        guard let member = member(key) else { return nil }
        guard let text = Self.text(member) else { throw bad("'\(key)': expected a text") }
        return text
    }

    func text(_ key: String) throws(LanguageError) -> String {
        guard let text = try optionalText(key), !text.isEmpty else { throw bad("'\(key)', a text, is missing") }
        return text
    }

    /// A list of texts; a single one counts as a list.
    func texts(_ key: String) throws(LanguageError) -> [String]? {
        guard let member = member(key) else { return nil }
        if let text = Self.text(member) { return [text] }
        guard case .array(let values) = member else { throw bad("'\(key)': expected a text or a list of texts") }
        let texts = values.compactMap(Self.text)
        guard texts.count == values.count else { throw bad("'\(key)': expected a list of texts") }
        return texts
    }

    func flag(_ key: String) throws(LanguageError) -> Bool? {
        guard let member = member(key) else { return nil }
        guard case .bool(let flag) = member else { throw bad("'\(key)': expected true or false") }
        return flag
    }

    /// Names with numbers, in the file's order.
    func numbers(_ key: String) throws(LanguageError) -> [(name: String, value: Double)]? {
        guard let member = member(key) else { return nil }
        guard case .object(let members) = member else { throw bad("'\(key)': expected an object of numbers") }
        var result: [(name: String, value: Double)] = []
        for entry in members {
            guard case .number(let text) = entry.value, let value = Double(text), value.isFinite else {
                throw bad("'\(key)', '\(entry.name)': expected a number")
            }
            result.append((name: entry.name, value: value))
        }
        return result
    }

    /// The objects of the list `key`; none where it is missing.
    func members(_ key: String) throws(LanguageError) -> [JSONPlace] {
        guard let member = member(key) else { return [] }
        guard case .array(let values) = member else { throw bad("'\(key)': expected a list") }
        var places: [JSONPlace] = []
        let name = key.hasSuffix("s") ? String(key.dropLast()) : key
        for (index, value) in values.enumerated() {
            places.append(try JSONPlace(value, file: file, place: "\(name) \(index + 1)"))
        }
        return places
    }
}
