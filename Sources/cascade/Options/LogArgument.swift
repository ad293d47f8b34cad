import ArgumentParser
import Cascades
import Foundation
import NumericalMethods

/// The log that a command reads.
struct LogArgument: ParsableArguments {
    @Argument(
        help: "The log: a .jsonl or .csv file, or - for standard input.",
        completion: .file(extensions: ["jsonl", "csv"]))
    var log: String

    /// Reads it, with progress.
    func read() throws -> OutcomeLog { try LogReading.read(log) }

    /// The file's name without its folder, for titles.
    var name: String { LogReading.name(log) }
}

/// Reads logs with a progress line.
enum LogReading {
    /// The log at `path`.
    static func read(_ path: String) throws -> OutcomeLog {
        try withProgress(path) { try OutcomeLog.read(from: path, progress: $0) }
    }

    /// All that is wrong with the file at `path`, and its log where nothing is.
    static func check(_ path: String, limit: Int) throws -> LogReadReport {
        try withProgress(path) { try OutcomeLog.readCollectingErrors(from: path, limit: limit, progress: $0) }
    }

    /// The name of the file at `path`.
    static func name(_ path: String) -> String {
        path == "-" ? "standard input" : URL(fileURLWithPath: path).lastPathComponent
    }

    private static func withProgress<Result>(
        _ path: String, _ body: (@escaping (LogReadProgress) -> Void) throws -> Result
    ) rethrows -> Result {
        let total = (try? FileManager.default.attributesOfItem(atPath: path)[.size] as? Int).map { $0 >> 20 }
        let work = ProgressLine.reporter.begin("reading \(name(path)) (MB)", total: total)
        defer { work.finish() }
        var done = 0
        return try body { progress in
            let read = progress.bytes >> 20
            work.advance(by: read - done)
            done = read
        }
    }
}
