import CLlama
import Synchronization

/// llama.cpp as a whole: started once in a process, its log kept out of the user's terminal.
enum LlamaLibrary {
    /// The last lines that llama.cpp logged as errors: why a file could not be loaded.
    private static let complaints = Mutex<[String]>([])

    private static let started: Void = {
        llama_log_set(
            { level, text, _ in
                guard level == GGML_LOG_LEVEL_ERROR, let text else { return }
                let line = String(cString: text).filter { $0 != "\n" }
                LlamaLibrary.complaints.withLock { lines in
                    lines.append(line)
                    if lines.count > 8 { lines.removeFirst() }
                }
            }, nil)
        llama_backend_init()
    }()

    /// Starts the library where it has not been.
    static func start() { started }

    /// What was logged as an error since the last call.
    static func takeComplaints() -> String {
        complaints.withLock { lines in
            defer { lines.removeAll() }
            return lines.joined(separator: "; ")
        }
    }
}
