import Foundation

/// A folder of one test, gone when the test is over.
public final class ScratchFolder: Sendable {
    /// Where it is.
    public let root: String

    /// A new, empty folder.
    public init() throws {
        root = FileManager.default.temporaryDirectory.appendingPathComponent("scratch-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: root, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: root) }

    /// The path of `name` in it.
    public func path(_ name: String) -> String { root + "/" + name }
}
