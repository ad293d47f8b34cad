import Foundation

/// Where what was fetched is kept, and folders of work beside it that leave nothing behind.
public enum CacheFolder {
    /// The folder called `name` of this program's cache: `environment[variable]`, else `$XDG_CACHE_HOME/cascade/name`, else
    /// `~/.cache/cascade/name`. By default the environment is this process's.
    public static func path(
        _ name: String, variable: String, environment: [String: String]? = nil
    ) -> String {
        let environment = environment ?? ProcessInfo.processInfo.environment
        if let given = environment[variable], !given.isEmpty { return given }
        let cache: String
        if let given = environment["XDG_CACHE_HOME"], !given.isEmpty {
            cache = given
        } else {
            cache = (environment["HOME"] ?? NSTemporaryDirectory()) + "/.cache"
        }
        return "\(cache)/cascade/\(name)"
    }

    /// A hidden folder in `root` for bringing `name` there; it is for the caller to make, and to remove in the end.
    ///
    /// What runs that were killed have left of earlier ones is removed.
    public static func work(for name: String, in root: String) -> String {
        let files = FileManager.default
        let begin = ".\(name).partial-"
        for left in (try? files.contentsOfDirectory(atPath: root)) ?? [] where left.hasPrefix(begin) {
            let process = left.dropFirst(begin.count).prefix { $0.isNumber }
            // Signal 0 only asks whether there is such a process.
            if let process = Int32(process), kill(process, 0) != 0, errno == ESRCH {
                try? files.removeItem(atPath: "\(root)/\(left)")
            }
        }
        return "\(root)/\(begin)\(ProcessInfo.processInfo.processIdentifier)"
    }
}
