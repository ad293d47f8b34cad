/// Why a file can't be written, with what to do about it.
public enum FileError: Error, Equatable, CustomStringConvertible {
    /// The folder that should hold the file does not exist.
    case noSuchFolder(path: String, folder: String)
    /// The path names a folder.
    case isDirectory(path: String)
    /// The system refused, for the reason that it gives.
    case cannotWrite(path: String, reason: String)

    /// What went wrong, and what to do.
    public var description: String {
        switch self {
        case .noSuchFolder(let path, let folder):
            "\(path) can't be written: there is no folder \(folder). Create it first (mkdir -p \(folder)), or name another path."
        case .isDirectory(let path):
            "\(path) can't be written: it is a folder. Give the name of a file, such as \(path)/report.html."
        case .cannotWrite(let path, let reason):
            "\(path) can't be written: \(reason). Check the permissions and the free space there, or name another path. "
                + "What was there before is unchanged."
        }
    }
}
