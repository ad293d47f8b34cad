import NIOCore
import Foundation
import NIOCore
import Synchronization

/// A program of the operator's that is asked something: it reads one JSON object and writes its answer as text.
///
/// It runs without a shell, with the gateway's own rights, and is ended when its time is up.
struct ProgramCall: Sendable, Hashable {
    /// The program's path and its arguments.
    var command: [String]
    /// How long it may take.
    var seconds = 30.0

    /// Why a program gave no answer.
    enum Fault: Error, Equatable, CustomStringConvertible {
        case cannotStart(command: String, reason: String)
        case tooSlow(command: String, seconds: Double)
        case failed(command: String, status: Int)

        var description: String {
            switch self {
            case .cannotStart(let command, let reason): "\(command) can't be started: \(reason)"
            case .tooSlow(let command, let seconds): "\(command) gave no answer within \(JSONText.number(seconds)) s"
            case .failed(let command, let status): "\(command) ended with status \(status)"
            }
        }
    }

    /// The most bytes of an answer that are read.
    private static let outputLimit = 64 << 10

    private final class Ended: Sendable {
        private struct State {
            var status: Int32?
            var isLate = false
            var waiter: CheckedContinuation<Void, Never>?
        }
        private let state = Mutex(State())

        func end(_ status: Int32) {
            let waiter = state.withLock { state -> CheckedContinuation<Void, Never>? in
                state.status = status
                defer { state.waiter = nil }
                return state.waiter
            }
            waiter?.resume()
        }
        func late() { state.withLock { $0.isLate = true } }
        var outcome: (status: Int32, isLate: Bool) { state.withLock { ($0.status ?? -1, $0.isLate) } }
        func wait() async {
            await withCheckedContinuation { continuation in
                let isOver = state.withLock { state -> Bool in
                    if state.status != nil { return true }
                    state.waiter = continuation
                    return false
                }
                if isOver { continuation.resume() }
            }
        }
    }

    /// What it answers to `object`.
    /// - Throws: ``Fault``.
    func run(_ object: JSONTree) async throws -> String {
        // Starting a process blocks, which would keep an event loop from its connections.
        try await withTaskExecutorPreference(globalConcurrentExecutor) { try await start(object) }
    }

    @concurrent private func start(_ object: JSONTree) async throws -> String {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: command[0])
        process.arguments = Array(command.dropFirst())
        // Files, since a pipe that nobody reads would end the gateway with a signal, or wait for ever. They have no name
        // once they are open.
        let base = FileManager.default.temporaryDirectory.appendingPathComponent("cascade-\(UUID().uuidString)").path
        let files = [base + ".in", base + ".out"]
        defer { for file in files { unlink(file) } }
        let private600: [FileAttributeKey: Any] = [.posixPermissions: 0o600]
        guard
            FileManager.default.createFile(
                atPath: files[0], contents: Data(object.bytes.readableBytesView), attributes: private600),
            FileManager.default.createFile(atPath: files[1], contents: nil, attributes: private600),
            let input = FileHandle(forReadingAtPath: files[0]), let output = FileHandle(forUpdatingAtPath: files[1])
        else {
            throw Fault.cannotStart(command: command[0], reason: "no file can be made in the temporary folder")
        }
        for file in files { unlink(file) }
        process.standardInput = input
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        let ended = Ended()
        process.terminationHandler = { ended.end($0.terminationStatus) }
        do {
            try process.run()
        } catch {
            throw Fault.cannotStart(command: command[0], reason: error.localizedDescription)
        }
        let id = process.processIdentifier
        let timer = Task {
            try await Task.sleep(for: .seconds(seconds))
            ended.late()
            kill(id, SIGKILL)
        }
        await withTaskCancellationHandler {
            await ended.wait()
        } onCancel: {
            kill(id, SIGKILL)
        }
        timer.cancel()
        let (status, isLate) = ended.outcome
        if isLate { throw Fault.tooSlow(command: command[0], seconds: seconds) }
        guard status == 0 else { throw Fault.failed(command: command[0], status: Int(status)) }
        try output.seek(toOffset: 0)
        let data = try output.read(upToCount: Self.outputLimit) ?? Data()
        return String(decoding: data, as: UTF8.self)
    }
}
