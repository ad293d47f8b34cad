#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// Writes a file piece by piece beside its place and renames it once it is whole, so that nothing half-written ever has
/// the file's name. `-` is standard output.
final class LogFileWriter {
    private let path: String
    private let temporary: String?
    private var descriptor: Int32
    private var finished = false

    /// Opens the file beside `path`.
    /// - Throws: ``LogError/unwritable(file:reason:)``.
    init(path: String) throws(LogError) {
        self.path = path
        var status = stat()
        if path == "-" {
            temporary = nil
            descriptor = STDOUT_FILENO
        } else if stat(path, &status) == 0, status.st_mode & S_IFMT != S_IFREG {
            // A pipe or device can't be renamed over. A folder fails here with its reason.
            temporary = nil
            descriptor = open(path, O_WRONLY | O_CLOEXEC)
        } else {
            let beside = "\(path).partial-\(getpid())"
            temporary = beside
            descriptor = open(beside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o666)
        }
        if descriptor < 0 { throw .unwritable(file: path, reason: String(cString: strerror(errno))) }
    }

    deinit {
        if finished { return }
        if descriptor != STDOUT_FILENO { close(descriptor) }
        if let temporary { unlink(temporary) }
    }

    /// Adds bytes.
    func append(_ bytes: [UInt8]) throws(LogError) {
        var failure: Int32 = 0
        bytes.withUnsafeBytes { buffer in
            var done = 0
            while done < buffer.count {
                let count = write(descriptor, buffer.baseAddress! + done, buffer.count - done)
                if count > 0 {
                    done += count
                } else if errno != EINTR {
                    failure = errno
                    return
                }
            }
        }
        if failure != 0 { throw .unwritable(file: path, reason: String(cString: strerror(failure))) }
    }

    /// Gives the whole file its name.
    func finish() throws(LogError) {
        guard let temporary else {
            if descriptor != STDOUT_FILENO { close(descriptor) }
            finished = true
            return
        }
        var failed = fsync(descriptor) != 0
        var reason = errno
        if close(descriptor) != 0, !failed { (failed, reason) = (true, errno) }
        finished = true
        if !failed, rename(temporary, path) != 0 { (failed, reason) = (true, errno) }
        if failed {
            unlink(temporary)
            throw .unwritable(file: path, reason: String(cString: strerror(reason)))
        }
    }
}
