import Foundation

/// The files and sockets that this process holds open.
enum OpenFiles {
    /// Whether they can be counted here.
    static var isKnown: Bool { FileManager.default.fileExists(atPath: "/proc/self/fd") }

    static var count: Int { (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count) ?? 0 }
}

/// Waits until `condition` holds, at most so many seconds; says whether it did. The bound is for what never comes: no test may
/// hang on how fast the machine is.
func eventually(_ seconds: Double = 60, _ condition: () async throws -> Bool) async throws -> Bool {
    let end = ContinuousClock.now.advanced(by: .seconds(seconds))
    while ContinuousClock.now < end {
        if try await condition() { return true }
        try await Task.sleep(for: .milliseconds(5))
    }
    return try await condition()
}

extension String {
    /// Its first `count` bytes; a `String`'s own prefix takes CR and LF for one character.
    func start(_ count: Int) -> String { String(decoding: utf8.prefix(count), as: UTF8.self) }
}
