import Foundation
import NumericalMethods
import Reports

/// Draws the progress of long work as one line on standard error, where that is a terminal.
enum ProgressLine {
    /// A reporter that draws, or one that ignores everything where nobody watches.
    static var reporter: ProgressReporter {
        guard Terminal.errorIsTerminal else { return .none }
        return ProgressReporter { report in
            Output.write(report.isFinished ? "\r\u{1B}[2K" : "\r\u{1B}[2K" + text(report), to: STDERR_FILENO)
        }
    }

    /// What the line says: label, bar, count, rate, time left.
    static func text(_ report: ProgressReport) -> String {
        var parts = [report.label]
        if let total = report.total, total > 0 {
            let filled = min(20, 20 * report.done / total)
            parts.append(String(repeating: "█", count: filled) + String(repeating: "░", count: 20 - filled))
            parts.append("\(report.done) of \(total)")
        } else {
            parts.append("\(report.done)")
        }
        if report.rate > 0 { parts.append("\(NumberText.significant(report.rate, digits: 2))/s") }
        if let left = report.secondsLeft { parts.append("\(duration(left)) left") }
        return String(parts.joined(separator: "  ").prefix(max(20, Terminal.columns(of: STDERR_FILENO) - 1)))
    }

    /// Seconds as people say them.
    static func duration(_ seconds: Double) -> String {
        let whole = Int(seconds.rounded(.up))
        if whole < 60 { return "\(whole) s" }
        if whole < 3600 { return "\(whole / 60) min \(whole % 60) s" }
        return "\(whole / 3600) h \(whole / 60 % 60) min"
    }
}
