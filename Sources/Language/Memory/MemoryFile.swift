import Cascades
import Foundation
import Synchronization

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// An ``EpisodicMemory`` that outlives its process, shared by all who hold it.
///
///     let memory = try MemoryFile(path: "memory.jsonl", capacity: 500)
///     try memory.write(Episode(situation: question, action: answer, outcome: 1))
///     memory.recall("Which colour does Ada like?", limit: 3)
///
/// The file is JSONL: a first line `{"memory": 1}`, then `{"set": {…}}` for an episode as it is now and `{"forget": 7}`. A
/// change is one line, given to the system in one piece; a last line that a crash cut is taken off when the file is opened
/// again. When the file has more than four lines an episode that can be held, it is written anew, whole or not at all. One
/// process at a time.
public final class MemoryFile: Sendable {
    /// The file; nil for a memory that ends with the process.
    public let path: String?
    private let state: Mutex<State>

    private struct State {
        var memory: EpisodicMemory
        var descriptor: Int32
        var lines: Int
    }

    /// A line of the file.
    private struct Line: Codable {
        var memory: Int?
        var set: Episode?
        var forget: Int?
    }

    /// A memory without a file.
    public init(_ memory: EpisodicMemory) {
        path = nil
        state = Mutex(State(memory: memory, descriptor: -1, lines: 0))
    }

    /// Opens the memory at `path`, or begins it.
    /// - Throws: ``LanguageError/badRecord(file:line:reason:)`` for a line that can't be read; `FileError`.
    public init(
        path: String, capacity: Int, weighting: EpisodicMemory.Weighting = EpisodicMemory.Weighting()
    ) throws {
        self.path = path
        var memory = EpisodicMemory(capacity: capacity, weighting: weighting)
        let data = FileManager.default.contents(atPath: path) ?? Data()
        // What follows the last line's end was cut.
        let whole = data.lastIndex(of: 10).map { data[...$0] } ?? Data()
        try Self.replay(whole, into: &memory, file: path)
        // What a smaller capacity has no room for is forgotten.
        memory.shrink()
        try Self.rewrite(memory, to: path)
        let descriptor = try Self.open(path)
        state = Mutex(State(memory: memory, descriptor: descriptor, lines: memory.episodes.count + 1))
    }

    deinit { state.withLock { if $0.descriptor >= 0 { close($0.descriptor) } } }

    /// The memory as it is now.
    public var memory: EpisodicMemory { state.withLock { $0.memory } }

    /// Remembers `episode`; see ``EpisodicMemory/write(_:)``. It is with the system when this returns.
    /// - Throws: `FileError`, where what is remembered and the file may differ by this change until the next one that
    ///   succeeds; ``LanguageError``.
    @discardableResult
    public func write(_ episode: Episode) throws -> EpisodicMemory.Change {
        try state.withLock { state in
            let change = try state.memory.write(episode)
            try record([Line(set: change.kept)] + change.forgotten.map { Line(forget: $0.id) }, &state)
            return change
        }
    }

    /// What comes to mind, which makes it stronger; see ``EpisodicMemory/recall(_:limit:)``.
    /// - Throws: `FileError`.
    public func recall(_ situation: String, limit: Int) throws -> [Recollection] {
        try state.withLock { state in
            let found = state.memory.recall(situation, limit: limit)
            let stronger = state.memory.reinforce(found.map(\.episode.id))
            try record(stronger.map { Line(set: $0) }, &state)
            return found
        }
    }

    // MARK: The file

    private func record(_ lines: [Line], _ state: inout State) throws {
        guard let path, !lines.isEmpty else { return }
        if state.lines + lines.count > 4 * state.memory.capacity + 16 {
            try Self.rewrite(state.memory, to: path)
            // The old file is gone: what was open is no longer it.
            let descriptor = try Self.open(path)
            close(state.descriptor)
            state.descriptor = descriptor
            state.lines = state.memory.episodes.count + 1
            return
        }
        let data = try JSONLines.data(of: lines)
        let count = data.withUnsafeBytes { Self.write(state.descriptor, $0) }
        guard count == data.count else {
            // Half a line would spoil the next one.
            state.lines = .max / 2
            throw FileError.cannotWrite(
                path: path, reason: count < 0 ? String(cString: strerror(errno)) : "the disk is full")
        }
        state.lines += lines.count
    }

    private static func write(_ descriptor: Int32, _ bytes: UnsafeRawBufferPointer) -> Int {
        #if canImport(Glibc)
        Glibc.write(descriptor, bytes.baseAddress, bytes.count)
        #else
        Darwin.write(descriptor, bytes.baseAddress, bytes.count)
        #endif
    }

    private static func open(_ path: String) throws(FileError) -> Int32 {
        #if canImport(Glibc)
        let descriptor = Glibc.open(path, O_WRONLY | O_APPEND | O_CLOEXEC)
        #else
        let descriptor = Darwin.open(path, O_WRONLY | O_APPEND | O_CLOEXEC)
        #endif
        guard descriptor >= 0 else { throw .cannotWrite(path: path, reason: String(cString: strerror(errno))) }
        return descriptor
    }

    private static func rewrite(_ memory: EpisodicMemory, to path: String) throws {
        try JSONLines.write([Line(memory: 1)] + memory.episodes.map { Line(set: $0) }, to: path)
    }

    private static func replay(_ data: Data, into memory: inout EpisodicMemory, file: String) throws(LanguageError) {
        var isFirst = true
        for (number, line) in try JSONLines.numbered(Line.self, data, file: file) {
            func bad(_ reason: String) -> LanguageError { .badRecord(file: file, line: number, reason: reason) }
            if isFirst {
                guard line.memory == 1 else { throw bad("expected {\"memory\": 1}: this is no memory of version 1") }
                isFirst = false
            } else if let episode = line.set {
                if let fault = episode.fault() { throw bad(fault) }
                memory.restore(episode)
            } else if let id = line.forget {
                guard memory.drop(id) else { throw bad("there is no episode \(id) to forget") }
            } else {
                throw bad("expected 'set' or 'forget'")
            }
        }
    }
}
