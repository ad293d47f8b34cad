import Foundation

/// How numbers are written in formulas and explanations.
enum Number {
    /// Four significant digits, no more than needed.
    static func short(_ value: Double) -> String { String(format: "%.4g", value) }
}
