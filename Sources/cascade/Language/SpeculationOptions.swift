import ArgumentParser
import Language
import Reports

/// How an answer is written with a smaller model's drafts.
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
            "With --speculate: the smaller model, which must have the same tokens. (default: the model's own weights with two bits each, made once)",
            valueName: "model"))
    var draft: String?

    func validate() throws {
        if let speculate, !(1...31).contains(speculate) {
            throw ValidationError("--speculate \(speculate): expected 1 to 31.")
        }
        if draft != nil, speculate == nil {
            throw ValidationError("--draft is the model of --speculate: give that, too.")
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
        let file = try draft.map { try store.path(of: $0) } ?? store.path(of: path, as: .q2K)
        var settings = SpeculationSettings()
        settings.drafts = speculate ?? 1
        let context = try EmbeddedContext(
            EmbeddedModel(path: file, name: draft ?? "\(target.name) Q2_K"),
            ContextConfiguration(cells: options.context, threads: options.threads))
        return try SpeculativeLanguageModel(target: target, draft: context, settings: settings)
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
