import ArgumentParser
import Foundation
import Language

/// `cascade models add`.
struct ModelsAddCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "add", abstract: "Give a model behind an OpenAI-compatible endpoint a name.",
        discussion: """
            The name then does wherever a model is asked for: ask, chat, record, policies. Names are kept in \
            $CASCADE_MODELS_FILE, or ~/.config/cascade/models.json. Keys are not: only the environment variable or the file \
            that holds one is.

            Examples:
              cascade models add mini --endpoint https://api.openai.com/v1 --model gpt-4o-mini \\
                --key-env OPENAI_API_KEY --price 0.15/0.6
              cascade models add local --endpoint http://localhost:8080/v1 --model m --dialect llama-server
              cascade models add base --endpoint http://localhost:8000/v1 --model b --plain-text --log-probabilities 0
            """)

    @Argument(help: "How it is called from now on.")
    var name: String
    @Option(name: .long, help: ArgumentHelp("The endpoint, mostly ending in /v1.", valueName: "address"))
    var endpoint: String
    @Option(name: .long, help: "The model's name there. (default: the same)")
    var model: String?
    @Option(name: .long, help: ArgumentHelp("The environment variable that holds the key.", valueName: "variable"))
    var keyEnv: String?
    @Option(name: .long, help: "Or the file that holds it alone.", completion: .file())
    var keyFile: String?
    @Option(name: .long, help: "The header that the key goes into, where it is not Authorization.")
    var keyHeader: String?
    @Option(
        name: .long, help: ArgumentHelp("Dollars per million tokens read and written.", valueName: "in/out"))
    var price: String?
    @Option(
        name: .long,
        help: ArgumentHelp(
            "Ask for the log-probabilities of so many of the likeliest tokens: 0 for the written token only, none for none. (default: 5)",
            valueName: "count"))
    var logProbabilities: String?
    @Flag(name: .long, help: "It goes on from plain text, and holds no conversations.")
    var plainText = false
    @Flag(name: .long, help: "It calls no tools.")
    var noTools = false
    @Option(name: .long, parsing: .singleValue, help: "Another name under which it may answer; can be repeated.")
    var alias: [String] = []
    @Option(name: .long, help: "What the endpoint understands: openai or llama-server.")
    var dialect: String?
    @Option(name: .long, help: "The most requests at a time. (default: 8)")
    var concurrency: Int?
    @Option(
        name: .long, help: "What the endpoint calls the most tokens to write, such as max_completion_tokens.")
    var lengthParameter: String?
    @Flag(name: .long, help: "Put it in the place of a model that has this name.")
    var replace = false

    func validate() throws {
        if keyEnv != nil, keyFile != nil { throw ValidationError("Give --key-env or --key-file, not both.") }
        if let concurrency, !(1...1024).contains(concurrency) {
            throw ValidationError("--concurrency \(concurrency): expected 1 to 1024.")
        }
        _ = try entry()
    }

    private func entry() throws -> RemoteModelList.Entry {
        var entry = RemoteModelList.Entry(name: name, endpoint: endpoint, model: model ?? name)
        entry.keyEnvironment = keyEnv
        entry.keyFile = keyFile
        entry.keyHeader = keyHeader
        if let price {
            let numbers = price.split(separator: "/").map { Double($0) ?? -1 }
            guard numbers.count == 2, numbers.allSatisfy({ $0 >= 0 && $0.isFinite }) else {
                throw ValidationError(
                    "--price \(price): expected dollars per million tokens read and written: 0.15/0.6.")
            }
            entry.pricePerMillionTokensIn = numbers[0]
            entry.pricePerMillionTokensOut = numbers[1]
        }
        if let logProbabilities {
            let count = logProbabilities == "none" ? -1 : Int(logProbabilities) ?? -2
            guard (-1...20).contains(count) else {
                throw ValidationError("--log-probabilities \(logProbabilities): expected 0 to 20, or none.")
            }
            entry.logProbabilities = count
        }
        if plainText { entry.conversations = false }
        if noTools { entry.tools = false }
        if !alias.isEmpty { entry.aliases = alias }
        if let dialect {
            guard let known = RemoteEndpoint.Dialect(rawValue: dialect) else {
                throw ValidationError(
                    "--dialect \(dialect): known are \(RemoteEndpoint.Dialect.allCases.map(\.rawValue).joined(separator: ", "))."
                )
            }
            entry.dialect = known
        }
        entry.concurrency = concurrency
        entry.lengthParameter = lengthParameter
        return entry
    }

    func run() throws {
        let entry = try entry()
        if NamedModel.all.contains(where: { $0.name == name }) || name.contains("/") || name.contains(",")
            || name.isEmpty
        {
            throw Failure(
                .usage, "\(name) can't be the name of a model behind an endpoint: choose another, without / and commas."
            )
        }
        try entry.remoteEndpoint.check()
        var list = try RemoteModelList.read()
        if let place = list.models.firstIndex(where: { $0.name == name }) {
            guard replace else {
                throw Failure(
                    .usage,
                    "\(name) is there already, at \(list.models[place].endpoint). --replace puts this one in its place."
                )
            }
            list.models[place] = entry
        } else {
            list.models.append(entry)
        }
        try ModelListFile.write(list)
        Output.line("\(name): \(entry.model) at \(entry.endpoint)")
        // What is missing or unwise should be known now, not at the first question.
        do {
            for warning in try entry.load().warnings { Output.message(warning) }
        } catch {
            guard case .missingKey(let place, let remedy) = error else { throw error }
            Output.message("note: the key is not in \(place) now. \(remedy)")
        }
    }
}

/// `cascade models remove`.
struct ModelsRemoveCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "remove", abstract: "Forget the name of a model behind an endpoint.",
        discussion: """
            Examples:
              cascade models remove mini
            """)

    @Argument(help: "The name.")
    var name: String

    func run() throws {
        var list = try RemoteModelList.read()
        guard list[name] != nil else {
            throw LanguageError.unknownModel(name: name, known: list.models.map(\.name))
        }
        list.models.removeAll { $0.name == name }
        try ModelListFile.write(list)
        Output.line("\(name) is forgotten")
    }
}

/// The file of named models behind endpoints.
private enum ModelListFile {
    static func write(_ list: RemoteModelList) throws {
        do { try list.write() } catch {
            throw Failure(
                .unavailable,
                "\(RemoteModelList.path) can't be written: \(error). Set CASCADE_MODELS_FILE to a file that can.")
        }
    }
}
