import Cascades
import Foundation
import Testing

@Suite struct `files from packages` {
    let root: String

    init() throws {
        root = NSTemporaryDirectory() + "cascade-packages-\(UInt64.random(in: 0 ... .max))"
        try FileManager.default.createDirectory(atPath: root, withIntermediateDirectories: true)
    }

    @Test func `members arrive by their last names, and nothing else`() throws {
        defer { try? FileManager.default.removeItem(atPath: root) }
        try LocalPackage.write("small-thing", ["small_thing/data/a.bin": "first", "small_thing/b.txt": "second"], root)
        let fetcher = PackageFetcher(options: LocalPackage.options(root))
        try fetcher.fetch(
            PackageFetcher.Package(
                name: "small-thing", version: "1.0", members: ["small_thing/data/a.bin", "small_thing/b.txt"]),
            into: root + "/here")
        #expect(try String(contentsOfFile: root + "/here/a.bin", encoding: .utf8) == "first")
        #expect(try FileManager.default.contentsOfDirectory(atPath: root + "/here").sorted() == ["a.bin", "b.txt"])
        #expect(!FileManager.default.fileExists(atPath: root + "/here.download"))
    }

    @Test func `what can't be had leaves nothing behind`() throws {
        defer { try? FileManager.default.removeItem(atPath: root) }
        try LocalPackage.write("small-thing", ["small_thing/b.txt": "second"], root)
        let fetcher = PackageFetcher(options: LocalPackage.options(root))
        for (name, member, says) in [
            ("other-thing", "other_thing/b.txt", "failed"), ("small-thing", "small_thing/gone.txt", "came without"),
        ] {
            let package = PackageFetcher.Package(name: name, version: "1.0", members: [member])
            let error = #expect(throws: PackageError.self) { try fetcher.fetch(package, into: root + "/there") }
            #expect(error?.reason.contains(says) == true, "\(String(describing: error))")
        }
        #expect(try FileManager.default.contentsOfDirectory(atPath: root) == ["small_thing-1.0-py3-none-any.whl"])
    }

    @Test func `a tool that is not there, and one that fails, are told apart`() {
        #expect(throws: SystemTool.Failure.notStarted(program: "no-such-tool-of-cascade")) {
            try SystemTool(["no-such-tool-of-cascade"]).run()
        }
        #expect(throws: SystemTool.Failure.failed(program: "sh", status: 3, reason: "no luck")) {
            try SystemTool(["sh", "-c", "echo first >&2; echo no luck >&2; exit 3"]).run()
        }
    }

    @Test func `the cache is where the environment says`() {
        func path(_ environment: [String: String]) -> String {
            CacheFolder.path("models", variable: "CASCADE_MODELS", environment: environment)
        }
        #expect(path(["CASCADE_MODELS": "/m", "XDG_CACHE_HOME": "/c", "HOME": "/h"]) == "/m")
        #expect(path(["CASCADE_MODELS": "", "XDG_CACHE_HOME": "/c", "HOME": "/h"]) == "/c/cascade/models")
        #expect(path(["HOME": "/h"]) == "/h/.cache/cascade/models")
    }

    @Test func `folders of runs that are gone are cleared away, others left`() throws {
        let files = FileManager.default
        defer { try? files.removeItem(atPath: root) }
        let own = ProcessInfo.processInfo.processIdentifier
        // No process has a number beyond the largest.
        for folder in [".thing.partial-2147483647", ".thing.partial-\(own)", ".other.partial-2147483647"] {
            try files.createDirectory(atPath: "\(root)/\(folder)", withIntermediateDirectories: true)
        }
        #expect(CacheFolder.work(for: "thing", in: root) == "\(root)/.thing.partial-\(own)")
        #expect(
            try files.contentsOfDirectory(atPath: root).sorted() == [
                ".other.partial-2147483647", ".thing.partial-\(own)",
            ])
    }
}

/// Packages on this machine, which pip finds without a network.
enum LocalPackage {
    static func options(_ folder: String) -> [String] { ["--no-index", "--find-links", folder] }

    /// Writes the wheel of `name` with `members` into `folder`.
    static func write(_ name: String, _ members: [String: String], _ folder: String) throws {
        let script = """
            import sys, zipfile
            name, folder, rest = sys.argv[1], sys.argv[2], sys.argv[3:]
            module = name.replace("-", "_")
            with zipfile.ZipFile(f"{folder}/{module}-1.0-py3-none-any.whl", "w") as wheel:
                for path, text in zip(rest[::2], rest[1::2]):
                    wheel.writestr(path, text)
                info = f"{module}-1.0.dist-info/"
                wheel.writestr(info + "METADATA", f"Metadata-Version: 2.1\\nName: {name}\\nVersion: 1.0\\n")
                wheel.writestr(info + "WHEEL", "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
                wheel.writestr(info + "RECORD", "")
            """
        try SystemTool(["python3", "-c", script, name, folder] + members.flatMap { [$0.key, $0.value] }).run()
    }
}
