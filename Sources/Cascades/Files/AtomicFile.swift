public import Foundation

/// Writes whole files so that no reader, and no crash, ever sees half of one.
///
/// The bytes go to a new file beside the target, are flushed to the device, and the new file is then renamed over the old
/// one, which POSIX makes a single step (rename(2)). When anything fails the target is as it was and the new file is gone.
public enum AtomicFile {
    /// Writes `text` as UTF-8 to `path`.
    /// - Throws: ``FileError``.
    public static func write(_ text: String, to path: String) throws(FileError) {
        try write(Data(text.utf8), to: path)
    }

    /// Writes `data` to `path`. An existing file keeps its permissions; a symbolic link keeps pointing to its target, which
    /// is what is replaced.
    /// - Throws: ``FileError``.
    public static func write(_ data: Data, to path: String) throws(FileError) {
        guard !path.isEmpty else { throw .cannotWrite(path: path, reason: "the path is empty") }
        let target = resolved(path)
        var status = stat()
        let exists = stat(target, &status) == 0
        if exists, status.st_mode & S_IFMT == S_IFDIR { throw .isDirectory(path: path) }
        // A pipe or a device, such as /dev/stdout, can't be replaced: it is written to.
        if exists, status.st_mode & S_IFMT != S_IFREG {
            let descriptor = open(target, O_WRONLY | O_CLOEXEC)
            guard descriptor >= 0 else { throw .cannotWrite(path: path, reason: lastReason()) }
            defer { close(descriptor) }
            if let reason = writeAll(data, to: descriptor) { throw .cannotWrite(path: path, reason: reason) }
            return
        }
        let slash = target.lastIndex(of: "/")
        let folder = slash.map { $0 == target.startIndex ? "/" : String(target[..<$0]) } ?? "."
        // A name of its own, not the target's with an ending: that may be as long as the file system allows already.
        let suffix = String(UInt64.random(in: .min ... .max), radix: 36)
        let temporary = "\(folder)/.cascade-\(suffix).partial"
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
        guard descriptor >= 0 else {
            if errno == ENOENT || errno == ENOTDIR { throw .noSuchFolder(path: path, folder: folder) }
            throw .cannotWrite(path: path, reason: lastReason())
        }
        var reason: String?
        if exists, fchmod(descriptor, status.st_mode & 0o7777) != 0 { reason = lastReason() }
        reason = reason ?? writeAll(data, to: descriptor)
        if reason == nil, fsync(descriptor) != 0 { reason = lastReason() }
        if close(descriptor) != 0, reason == nil { reason = lastReason() }
        if reason == nil, rename(temporary, target) != 0 { reason = lastReason() }
        if let reason {
            unlink(temporary)
            throw .cannotWrite(path: path, reason: reason)
        }
        // The rename itself lasts through a power cut only once the folder is flushed; where a file system has no such
        // thing, the file is written all the same.
        let folderDescriptor = open(folder, O_RDONLY | O_CLOEXEC)
        if folderDescriptor >= 0 {
            fsync(folderDescriptor)
            close(folderDescriptor)
        }
    }

    /// Where symbolic links lead, or the path itself where it leads nowhere yet.
    private static func resolved(_ path: String) -> String {
        guard let real = realpath(path, nil) else { return path }
        defer { free(real) }
        return String(cString: real)
    }

    /// Nil when every byte was taken, else why not.
    private static func writeAll(_ data: Data, to descriptor: Int32) -> String? {
        data.withUnsafeBytes { bytes -> String? in
            var done = 0
            while done < bytes.count {
                let count = Foundation.write(descriptor, bytes.baseAddress! + done, bytes.count - done)
                if count > 0 {
                    done += count
                } else if errno != EINTR {
                    return lastReason()
                }
            }
            return nil
        }
    }

    private static func lastReason() -> String { String(cString: strerror(errno)) }
}
