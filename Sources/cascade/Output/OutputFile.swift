import Foundation

/// A file that is written beside its place and renamed into it, so that no one ever finds half of it.
struct OutputFile {
    /// Where it goes.
    let path: String

    /// A file at `path`. Fails at once where it can't be written, so that no one waits for work that would be lost.
    init(_ path: String) throws {
        self.path = path
        let files = FileManager.default
        var isFolder: ObjCBool = false
        if files.fileExists(atPath: path, isDirectory: &isFolder), isFolder.boolValue {
            throw Self.failure(path, "it is a folder", "Name a file in it.")
        }
        let folder = URL(fileURLWithPath: path).deletingLastPathComponent().path
        guard files.fileExists(atPath: folder, isDirectory: &isFolder), isFolder.boolValue else {
            throw Self.failure(path, "there is no folder \(folder)", "Make it, or choose another place with -o.")
        }
        guard access(folder, W_OK) == 0 else {
            throw Self.failure(path, "the folder \(folder) can't be written", "Choose another place with -o.")
        }
    }

    /// Writes `data`, in the place of what was there.
    func write(_ data: Data) throws {
        let beside = path + ".\(ProcessInfo.processInfo.processIdentifier).part"
        do {
            try data.write(to: URL(fileURLWithPath: beside))
        } catch {
            unlink(beside)
            throw Self.failure(path, "\(error.localizedDescription)", "Choose another place with -o.")
        }
        guard rename(beside, path) == 0 else {
            let reason = String(cString: strerror(errno))
            unlink(beside)
            throw Self.failure(path, reason, "Choose another place with -o.")
        }
    }

    /// Writes `text`.
    func write(_ text: String) throws { try write(Data(text.utf8)) }

    private static func failure(_ path: String, _ reason: String, _ remedy: String) -> Failure {
        Failure(.unavailable, "\(path): can't be written: \(reason). \(remedy)")
    }
}
