import Foundation

/// Runs a program of the system and waits for it.
public struct SystemTool: Sendable {
    /// Why a program did not do what it was asked.
    public enum Failure: Error, Equatable, Sendable {
        /// It can't be started: not installed, not found.
        case notStarted(program: String)
        /// It ended with another status than 0; `reason` is the last line of its complaints.
        case failed(program: String, status: Int, reason: String)

        /// What happened, as part of a sentence.
        public var reason: String {
            switch self {
            case .notStarted(let program): "\(program) can't be started"
            case .failed(let program, _, let reason): "\(program) failed: \(reason)"
            }
        }
    }

    /// The program, looked up in the path, and its arguments.
    public var command: [String]
    /// Added to the environment of this process.
    public var environment: [String: String]

    /// A program to run.
    public init(_ command: [String], environment: [String: String] = [:]) {
        precondition(!command.isEmpty, "a command needs a program")
        self.command = command
        self.environment = environment
    }

    /// Runs it to its end. What it prints is dropped; what it complains of is kept for the error.
    /// - Parameter tick: called twenty times a second while it runs.
    public func run(tick: () -> Void = {}) throws(Failure) {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = command
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = FileHandle.nullDevice
        // A file, not a pipe: nobody reads while it runs, and a full pipe would stop it.
        let complaints = FileManager.default.temporaryDirectory
            .appendingPathComponent("cascade-tool-\(UInt64.random(in: 0 ... .max)).log")
        _ = FileManager.default.createFile(atPath: complaints.path, contents: nil)
        defer { try? FileManager.default.removeItem(at: complaints) }
        process.standardError = FileHandle(forWritingAtPath: complaints.path) ?? FileHandle.nullDevice
        do { try process.run() } catch { throw .notStarted(program: command[0]) }
        while process.isRunning {
            usleep(50_000)
            tick()
        }
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            // What env says of a program that it can't find.
            if process.terminationStatus == 127 { throw .notStarted(program: command[0]) }
            let text = (try? String(contentsOf: complaints, encoding: .utf8)) ?? ""
            let last = text.split(separator: "\n").last.map(String.init)
            throw .failed(
                program: command[0], status: Int(process.terminationStatus),
                reason: last ?? "exit status \(process.terminationStatus)")
        }
    }
}
