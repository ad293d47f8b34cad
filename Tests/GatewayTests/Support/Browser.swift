import Foundation
import NIOCore
import Synchronization

@testable import Gateway

/// A headless Chromium that tests drive by its DevTools protocol, over two pipes: no port, no other program.
final class Browser: Sendable {
    /// Where it is; nil where it is not.
    static let program: String? = {
        let named = ProcessInfo.processInfo.environment["CASCADE_CHROMIUM"].map { [$0] } ?? []
        let usual = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"]
        return (named + usual).first { FileManager.default.isExecutableFile(atPath: $0) }
    }()

    struct Failure: Error, CustomStringConvertible {
        var description: String
    }

    private struct State {
        var nextID = 1
        var waiting: [Int: CheckedContinuation<JSONTree, any Error>] = [:]
        var events: [JSONTree] = []
        var isOver = false
    }

    private let state = Mutex(State())
    private let process: pid_t
    private let input: FileHandle
    private let output: FileHandle
    private let folder: String

    /// Runs `body` beside a new browser.
    static func run<Result>(_ body: (Browser) async throws -> Result) async throws -> Result {
        let browser = try Browser()
        let result: Swift.Result<Result, any Error>
        do { result = .success(try await body(browser)) } catch { result = .failure(error) }
        browser.stop()
        return try result.get()
    }

    private init() throws {
        guard let program = Self.program else { throw Failure(description: "there is no chromium") }
        folder = FileManager.default.temporaryDirectory.path + "/chromium-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        // The browser reads commands from descriptor 3 and writes answers to descriptor 4.
        let (commandRead, commandWrite) = try Self.pipe()
        let (answerRead, answerWrite) = try Self.pipe()
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, commandRead, 3)
        posix_spawn_file_actions_adddup2(&actions, answerWrite, 4)
        for descriptor in [Int32(0), 1, 2] {
            posix_spawn_file_actions_addopen(&actions, descriptor, "/dev/null", O_RDWR, 0)
        }
        let arguments = [
            program, "--headless=new", "--remote-debugging-pipe", "--user-data-dir=\(folder)", "--no-sandbox",
            "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--disable-background-networking",
            "--disable-component-update", "--disable-sync", "--disable-extensions", "--mute-audio", "--lang=en-US",
            "--hide-scrollbars", "--force-color-profile=srgb", "about:blank",
        ]
        var pointers = arguments.map { strdup($0) } + [nil]
        defer { for pointer in pointers { free(pointer) } }
        var pid = pid_t()
        var environment =
            ProcessInfo.processInfo.environment.map { strdup("\($0.key)=\($0.value)") } + [nil]
        defer { for pointer in environment { free(pointer) } }
        let status = posix_spawn(&pid, program, &actions, nil, &pointers, &environment)
        close(commandRead)
        close(answerWrite)
        guard status == 0 else {
            close(commandWrite)
            close(answerRead)
            throw Failure(description: "chromium did not start: \(String(cString: strerror(status)))")
        }
        process = pid
        input = FileHandle(fileDescriptor: commandWrite, closeOnDealloc: true)
        output = FileHandle(fileDescriptor: answerRead, closeOnDealloc: true)
        let reader = Thread { [self] in read() }
        reader.start()
    }

    /// A pipe whose descriptors other programs do not inherit, above those that the browser's get.
    private static func pipe() throws -> (read: Int32, write: Int32) {
        var ends: [Int32] = [0, 0]
        guard Foundation.pipe(&ends) == 0 else { throw Failure(description: "there are no more files to open") }
        return (raised(ends[0]), raised(ends[1]))
    }

    private static func raised(_ descriptor: Int32) -> Int32 {
        let higher = fcntl(descriptor, F_DUPFD_CLOEXEC, 10)
        close(descriptor)
        return higher
    }

    private func stop() {
        kill(process, SIGKILL)
        var status = Int32()
        waitpid(process, &status, 0)
        try? FileManager.default.removeItem(atPath: folder)
    }

    /// Takes answers and events in, on a thread of its own.
    private func read() {
        var rest: [UInt8] = []
        while true {
            let data = output.availableData
            if data.isEmpty { break }
            rest += data
            while let end = rest.firstIndex(of: 0) {
                let message = ByteBuffer(bytes: rest[..<end])
                rest.removeFirst(end + 1)
                guard let tree = try? JSONTree(message) else { continue }
                take(tree)
            }
        }
        let waiting = state.withLock { state in
            state.isOver = true
            defer { state.waiting = [:] }
            return state.waiting
        }
        for continuation in waiting.values { continuation.resume(throwing: Failure(description: "chromium has gone")) }
    }

    private func take(_ message: JSONTree) {
        guard let id = message["id"]?.number else {
            state.withLock { $0.events.append(message) }
            return
        }
        let continuation = state.withLock { $0.waiting.removeValue(forKey: Int(id)) }
        if let error = message["error"] {
            continuation?.resume(throwing: Failure(description: String(buffer: error.bytes)))
        } else {
            continuation?.resume(returning: message["result"] ?? .object([]))
        }
    }

    /// The events called `method` so far, by their parameters.
    func events(_ method: String) -> [JSONTree] {
        state.withLock { $0.events }.filter { $0["method"]?.text == method }.map { $0["params"] ?? .null }
    }

    /// How long an answer may take: a browser that hangs is to fail its test, not to hold up all that come after.
    private static let patience = 120

    /// Calls a method of the protocol.
    func call(_ method: String, _ parameters: JSONTree = .object([]), session: String? = nil) async throws -> JSONTree {
        try await withCheckedThrowingContinuation { continuation in
            let id: Int? = state.withLock { state in
                if state.isOver { return nil }
                defer { state.nextID += 1 }
                state.waiting[state.nextID] = continuation
                return state.nextID
            }
            guard let id else { return continuation.resume(throwing: Failure(description: "chromium has gone")) }
            var message = JSONTree.members([
                ("id", .number(Double(id))), ("method", .string(method)), ("params", parameters),
                ("sessionId", session.map { .string($0) }),
            ]).bytes
            message.writeInteger(UInt8(0))
            let data = Data(message.readableBytesView)
            DispatchQueue.global().asyncAfter(deadline: .now() + .seconds(Self.patience)) { [weak self] in
                let late = self?.state.withLock { $0.waiting.removeValue(forKey: id) }
                late?.resume(throwing: Failure(description: "chromium did not answer \(method) in \(Self.patience) s"))
            }
            input.write(data)
        }
    }
}
