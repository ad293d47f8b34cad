import Foundation
import Reports

/// Writes to standard output and standard error, straight to their descriptors.
///
/// A reader that went away is not an error: what can't be delivered is dropped, and the run goes on to its end.
enum Output {
    /// Writes `text` and a newline to standard output.
    static func line(_ text: String = "") { write(text + "\n", to: STDOUT_FILENO) }

    /// Writes `text` as it is to standard output.
    static func text(_ text: String) { write(text, to: STDOUT_FILENO) }

    /// Writes a message for people to standard error.
    static func message(_ text: String) {
        if Terminal.errorIsTerminal { write("\r\u{1B}[2K", to: STDERR_FILENO) }
        write("cascade: \(safe(text))\n", to: STDERR_FILENO)
    }

    /// `text` without the control characters that a damaged file may have put into a message.
    private static func safe(_ text: String) -> String {
        var result = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            let isControl = scalar.properties.generalCategory == .control && scalar != "\n"
            result.append(isControl ? "\u{FFFD}" : scalar)
        }
        return String(result)
    }

    /// Writes `table` for the terminal there is; 120 columns wide at most where there is none.
    static func table(_ table: TextTable) {
        text(table.terminalText(width: Terminal.width ?? 120, color: Terminal.usesColor))
    }

    /// Writes a heading.
    static func heading(_ text: String) { line(Terminal.usesColor ? "\u{1B}[1m\(text)\u{1B}[0m" : text) }

    /// Writes `text` in lines no longer than the terminal's, each begun by `indent` spaces.
    static func wrapped(_ text: String, indent: Int = 0) {
        let width = max(20, min(Terminal.width ?? 110, 110) - indent)
        let margin = String(repeating: " ", count: indent)
        for paragraph in text.split(separator: "\n", omittingEmptySubsequences: false) {
            let lead = paragraph.prefix { $0 == " " }
            var current = String(lead)
            for word in paragraph.dropFirst(lead.count).split(separator: " ") {
                if current.count > lead.count, current.count + 1 + word.count > width {
                    line(margin + current)
                    current = lead + "  " + word
                } else {
                    current += (current.count > lead.count ? " " : "") + word
                }
            }
            line(margin + current)
        }
    }

    /// Writes a label padded to `width` and beside it a text, in lines that stay right of the label.
    static func labelled(_ label: String, _ text: String, width: Int) {
        let room = max(20, min(Terminal.width ?? 110, 110) - width - 2)
        var lines: [String] = [""]
        for word in text.split(separator: " ") {
            if !lines[lines.count - 1].isEmpty, lines[lines.count - 1].count + 1 + word.count > room {
                lines.append("")
            }
            lines[lines.count - 1] += (lines[lines.count - 1].isEmpty ? "" : " ") + word
        }
        for (index, part) in lines.enumerated() {
            let head = index == 0 ? label : ""
            line(head + String(repeating: " ", count: width + 2 - head.count) + part)
        }
    }

    /// Writes `text` to `descriptor`.
    static func write(_ text: String, to descriptor: Int32) {
        var bytes = Array(text.utf8)[...]
        while !bytes.isEmpty {
            let count = bytes.withUnsafeBytes { Foundation.write(descriptor, $0.baseAddress, $0.count) }
            if count < 0 {
                if errno == EINTR || errno == EAGAIN { continue }
                return
            }
            bytes = bytes.dropFirst(count)
        }
    }
}
