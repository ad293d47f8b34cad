public import Cascades
import Foundation

/// Models behind endpoints that a person has given names, in a file: `$CASCADE_MODELS_FILE`, else
/// `$XDG_CONFIG_HOME/cascade/models.json`, else `~/.config/cascade/models.json`.
///
///     {"version": 1, "models": [
///       {"name": "mini", "endpoint": "https://api.openai.com/v1", "model": "gpt-4o-mini",
///        "keyEnvironment": "OPENAI_API_KEY", "pricePerMillionTokensIn": 0.15, "pricePerMillionTokensOut": 0.6}
///     ]}
///
/// The file says where keys are and never holds one.
public struct RemoteModelList: Sendable, Hashable {
    /// A model behind an endpoint.
    public struct Entry: Sendable, Hashable, Codable {
        /// How it is called here.
        public var name: String
        /// Its endpoint's address.
        public var endpoint: String
        /// Its name there.
        public var model: String
        /// The environment variable that the key is in.
        public var keyEnvironment: String?
        /// Or the file.
        public var keyFile: String?
        /// The header that the key goes into, where it is not `Authorization`.
        public var keyHeader: String?
        /// Dollars for a million tokens read.
        public var pricePerMillionTokensIn: Double?
        /// Dollars for a million tokens written.
        public var pricePerMillionTokensOut: Double?
        /// Of how many of the likeliest tokens log-probabilities are asked for: 0 asks for the written token's only, a
        /// negative number for none; 5 where nothing is said.
        public var logProbabilities: Int?
        /// Whether it is asked in conversations; true where nothing is said.
        public var conversations: Bool?
        /// Whether it calls tools; true where nothing is said.
        public var tools: Bool?
        /// Other names under which it may answer.
        public var aliases: [String]?
        /// What the endpoint understands beyond OpenAI's interface.
        public var dialect: RemoteEndpoint.Dialect?
        /// The most requests at a time.
        public var concurrency: Int?
        /// What the endpoint calls the most tokens to write, where it is not `max_tokens`.
        public var lengthParameter: String?

        /// A model with all that is not said left to its default.
        public init(name: String, endpoint: String, model: String) {
            self.name = name
            self.endpoint = endpoint
            self.model = model
        }

        static let keys: Set<String> = [
            "name", "endpoint", "model", "keyEnvironment", "keyFile", "keyHeader", "pricePerMillionTokensIn",
            "pricePerMillionTokensOut", "logProbabilities", "conversations", "tools", "aliases", "dialect",
            "concurrency", "lengthParameter",
        ]

        /// What its tokens cost.
        public var prices: PriceList {
            PriceList(
                perMillionTokensIn: pricePerMillionTokensIn ?? 0, perMillionTokensOut: pricePerMillionTokensOut ?? 0)
        }

        /// The endpoint as it is to be treated.
        public var remoteEndpoint: RemoteEndpoint {
            let key: EndpointKey =
                keyEnvironment.map { .environment($0) } ?? keyFile.map { .file(($0 as NSString).expandingTildeInPath) }
                ?? .none
            var result = RemoteEndpoint(endpoint, key: key)
            if let keyHeader { result.keyHeader = keyHeader }
            if let concurrency { result.concurrency = concurrency }
            if let dialect { result.dialect = dialect }
            return result
        }

        /// The model; nothing is sent yet.
        /// - Throws: ``LanguageError/improperParameter(name:value:expected:)``,
        ///   ``LanguageError/missingKey(place:remedy:)``.
        public func load() throws(LanguageError) -> RemoteLanguageModel {
            guard !name.isEmpty, !model.isEmpty else {
                throw .improperParameter(name: "model", value: "an empty name", expected: "a name")
            }
            guard prices.perMillionTokensIn >= 0, prices.perMillionTokensOut >= 0 else {
                throw .improperParameter(name: "\(name), price", value: "a negative one", expected: "0 or more")
            }
            var result = RemoteLanguageModel(
                model, client: try RemoteClient(remoteEndpoint), name: name, prices: prices,
                tells: ModelCapabilities.Probabilities(asking: logProbabilities ?? 5),
                holdsConversations: conversations ?? true, callsTools: tools ?? true)
            result.aliases = Set(aliases ?? [])
            if let lengthParameter { result.lengthParameter = lengthParameter }
            return result
        }
    }

    /// The models, in the order in which they were added.
    public var models: [Entry] = []

    /// No models.
    public init() {}

    /// The file of this user.
    public static var path: String {
        let environment = ProcessInfo.processInfo.environment
        if let given = environment["CASCADE_MODELS_FILE"], !given.isEmpty { return given }
        let folder = environment["XDG_CONFIG_HOME"].flatMap { $0.isEmpty ? nil : $0 }
        return (folder ?? (environment["HOME"] ?? NSTemporaryDirectory()) + "/.config") + "/cascade/models.json"
    }

    private struct File: Codable {
        var version = 1
        var models: [Entry]
    }

    /// The models in the file at `path`; none where there is no file.
    /// - Throws: ``LanguageError/badModel(path:reason:remedy:)`` for a file that can't be read.
    public static func read(from path: String = Self.path) throws(LanguageError) -> RemoteModelList {
        guard let data = FileManager.default.contents(atPath: path) else { return RemoteModelList() }
        func bad(_ reason: String) -> LanguageError {
            .badModel(
                path: path, reason: reason,
                remedy: "Mend it, or move it away and use `cascade models add`, which writes it.")
        }
        guard let object = (try? JSONSerialization.jsonObject(with: data)) as? [String: Any] else {
            throw bad("it is not a JSON object")
        }
        for entry in object["models"] as? [[String: Any]] ?? [] {
            if let key = entry.keys.filter({ !Entry.keys.contains($0) }).min() {
                throw bad(
                    "model \(entry["name"] as? String ?? "without a name") has \"\(key)\"; known are \(Entry.keys.sorted().joined(separator: ", ")). Keys stay in the environment or in files of their own"
                )
            }
        }
        let file: File
        do { file = try JSONDecoder().decode(File.self, from: data) } catch {
            throw bad("it needs \"version\" and \"models\", each with \"name\", \"endpoint\" and \"model\"")
        }
        guard file.version == 1 else { throw bad("it has version \(file.version), and this program reads version 1") }
        var list = RemoteModelList()
        list.models = file.models
        return list
    }

    /// Writes the models to the file at `path`, and makes its folder.
    /// - Throws: `FileError`, or an error of the system.
    public func write(to path: String = Self.path) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        try FileManager.default.createDirectory(
            atPath: (path as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
        try AtomicFile.write(try encoder.encode(File(models: models)) + [10], to: path)
    }

    /// The model called `name`.
    public subscript(name: String) -> Entry? { models.first { $0.name == name } }
}

extension ModelCapabilities.Probabilities {
    /// What an endpoint tells that is asked for the `count` likeliest tokens: 0 asks for the written token alone, a negative
    /// number for nothing.
    public init(asking count: Int) { self = count < 0 ? .none : count == 0 ? .chosenToken : .topTokens(min(count, 20)) }
}
