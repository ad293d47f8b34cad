import Foundation

/// Runs the program that was built beside the tests.
struct CascadeRun {
    var status: Int32
    var output: String
    var errors: String

    /// The output as a JSON object.
    var json: [String: Any] {
        (try? JSONSerialization.jsonObject(with: Data(output.utf8))) as? [String: Any] ?? [:]
    }
}

/// The program `cascade`, run as people run it.
enum Cascade {
    /// Where it is: beside the executable of the tests.
    static let path: String = {
        let executables = [
            try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe"), CommandLine.arguments.first,
        ]
        let folders = executables.compactMap { $0.map { URL(fileURLWithPath: $0).deletingLastPathComponent() } }
        // On a Mac the tests are three folders deep in a bundle.
        let all = folders.flatMap { folder in
            (0..<4).map { up in (0..<up).reduce(folder) { url, _ in url.deletingLastPathComponent() } }
        }
        return all.map { $0.appendingPathComponent("cascade").path }.first {
            var isFolder: ObjCBool = false
            return FileManager.default.fileExists(atPath: $0, isDirectory: &isFolder) && !isFolder.boolValue
        } ?? "cascade"
    }()

    /// Runs it with `arguments`, output to files so that no pipe can fill up.
    static func run(
        _ arguments: String..., environment: [String: String] = [:], input: String? = nil
    ) throws -> CascadeRun {
        try run(arguments, environment: environment, input: input)
    }

    static func run(
        _ arguments: [String], environment: [String: String] = [:], input: String? = nil
    ) throws -> CascadeRun {
        let folder = try TemporaryFolder()
        let (output, errors) = (folder.path("output"), folder.path("errors"))
        for path in [output, errors] { _ = FileManager.default.createFile(atPath: path, contents: nil) }
        let process = Process()
        process.executableURL = URL(fileURLWithPath: path)
        process.arguments = arguments
        process.environment = ProcessInfo.processInfo.environment
            .filter { $0.key != "COLUMNS" && $0.key != "NO_COLOR" }.merging(environment) { $1 }
        process.standardInput =
            try input.map { FileHandle(forReadingAtPath: try folder.write($0, "input")) ?? .nullDevice } ?? .nullDevice
        process.standardOutput = FileHandle(forWritingAtPath: output)
        process.standardError = FileHandle(forWritingAtPath: errors)
        try process.run()
        // One that hangs is to fail its test, not to hold up all that come after.
        let id = process.processIdentifier
        let watch = DispatchWorkItem { kill(id, SIGKILL) }
        DispatchQueue.global().asyncAfter(deadline: .now() + .seconds(600), execute: watch)
        process.waitUntilExit()
        watch.cancel()
        return CascadeRun(
            status: process.terminationReason == .exit ? process.terminationStatus : -process.terminationStatus,
            output: try String(contentsOfFile: output, encoding: .utf8),
            errors: try String(contentsOfFile: errors, encoding: .utf8))
    }
}

/// A folder of one test, gone when the test is over.
final class TemporaryFolder: Sendable {
    let root: String

    init() throws {
        root = FileManager.default.temporaryDirectory.appendingPathComponent("cascade-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: root, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: root) }

    /// The path of `name` in it.
    func path(_ name: String) -> String { root + "/" + name }

    /// Writes `text` to `name` and returns its path.
    func write(_ text: String, _ name: String) throws -> String {
        try text.write(toFile: path(name), atomically: false, encoding: .utf8)
        return path(name)
    }

    /// The names of the files in it.
    var files: [String] { ((try? FileManager.default.contentsOfDirectory(atPath: root)) ?? []).sorted() }
}
