import Foundation

/// What is known of the terminal that the program writes to.
enum Terminal {
    /// Whether standard output is a terminal.
    static let outputIsTerminal = isatty(STDOUT_FILENO) == 1
    /// Whether standard error is a terminal.
    static let errorIsTerminal = isatty(STDERR_FILENO) == 1

    /// Whether to colour: on a terminal only, and not where `NO_COLOR` (no-color.org) or a dumb terminal forbids it.
    static let usesColor: Bool = {
        let environment = ProcessInfo.processInfo.environment
        return outputIsTerminal && (environment["NO_COLOR"] ?? "").isEmpty && environment["TERM"] != "dumb"
    }()

    /// The columns of the terminal on standard output, or `COLUMNS`; nil where the output goes to a file or a pipe.
    static let width: Int? = {
        if let columns = ProcessInfo.processInfo.environment["COLUMNS"].flatMap(Int.init), columns > 0 {
            return columns
        }
        return outputIsTerminal ? columns(of: STDOUT_FILENO) : nil
    }()

    /// The columns of the terminal behind `descriptor`; 80 where it doesn't say.
    static func columns(of descriptor: Int32) -> Int {
        var size = winsize()
        guard ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 80 }
        return Int(size.ws_col)
    }
}
