import ArgumentParser
import Language
import Reports

/// How an answer is written with smaller models' drafts.
struct SpeculationOptions: ParsableArguments {
    @Option(
        name: .long,
        help: ArgumentHelp(
            "Write with the help of a smaller model that drafts this many texts side by side; the answer's law stays the model's own.",
            valueName: "drafts"))
    var speculate: Int?

    @Option(
        name: .long,
        help: ArgumentHelp(
            "With --speculate: a smaller model that drafts, which must have the same tokens; given several times, they draft in turn. (default: the model's own weights with two bits each, made once)",
            valueName: "model"))
    var draft: [String] = []

    func validate() throws {
        if let speculate, !(1...31).contains(speculate) {
            throw ValidationError("--speculate \(speculate): expected 1 to 31.")
        }
        if !draft.isEmpty, speculate == nil {
            throw ValidationError("--draft is the model of --speculate: give that, too.")
        }
        if let speculate, speculate < draft.count {
            throw ValidationError(
                "--speculate \(speculate): expected at least \(draft.count), one text for each model that drafts.")
        }
    }

    /// `target` with drafts.
    func model(_ target: any LanguageModel, path: String, _ options: ModelOptions) throws -> SpeculativeLanguageModel {
        guard let target = target as? EmbeddedLanguageModel else {
            throw LanguageError.unsupported(
                model: target.name, what: "its texts can't be drafted by another model",
                remedy: "Use a model in this process.")
        }
        let store = ModelStore()
        let models =
            draft.isEmpty
            ? [try EmbeddedModel(path: store.path(of: path, as: .q2K), name: "\(target.name) Q2_K")]
            : try draft.map { try EmbeddedModel(path: store.path(of: $0), name: $0) }
        var settings = SpeculationSettings()
        settings.drafts = speculate ?? 1
        let contexts = try models.map {
            try EmbeddedContext($0, ContextConfiguration(cells: options.context, threads: options.threads))
        }
        return try SpeculativeLanguageModel(target: target, drafts: contexts, settings: settings)
    }
}

extension SpeculationStatistics {
    /// What drafts were worth, for people.
    func explain() {
        var table = TextTable(columns: ["drafts", "value"])
        table.add(["places tried", .number(Double(tried))])
        table.add(["a draft was taken", tried > 0 ? .number(acceptance, significant: 3) : .missing])
        table.add(["tokens a call of the model", .number(blockEfficiency, significant: 3)])
        table.add(["seconds of drafting", .number(draftSeconds, significant: 3)])
        table.add(["seconds of the model", .number(targetSeconds, significant: 3)])
        table.add(["seconds of everything else", .number(otherSeconds, significant: 2)])
        Output.line()
        Output.table(table)
    }

    /// The same for programs.
    var json: JSONValue {
        [
            "tried": .number(Double(tried)), "accepted": .number(Double(accepted)), "blocks": .number(Double(blocks)),
            "tokens": .number(Double(tokens)), "draftSeconds": .number(draftSeconds),
            "targetSeconds": .number(targetSeconds), "otherSeconds": .number(otherSeconds),
        ]
    }
}
