import Deferral
import Foundation
import Reports

/// Numbers in sentences.
enum NumberWords {
    /// Three significant digits, no more than needed.
    static func short(_ value: Double) -> String { NumberText.compact(value) }

    /// A share as a percentage, without a decimal that says nothing.
    static func percent(_ share: Double) -> String {
        let text = NumberText.percent(share, decimals: 1)
        return text.hasSuffix(".0%") ? String(text.dropLast(3)) + "%" : text
    }

    /// A difference with its sign.
    static func signed(_ value: Double) -> String { (value > 0 ? "+" : "") + NumberText.compact(value) }
}

extension TableCell {
    /// An interval as a cell, shown to the decimals that three digits of `reference` have: so that the numbers of a
    /// column, and small differences beside large values, can be compared. No difference at all is a plain 0.
    init(_ interval: MeanInterval, like reference: Double) {
        // Sums of many items leave some rounding behind.
        if max(abs(interval.estimate), abs(interval.lower), abs(interval.upper)) <= 1e-12 * abs(reference) {
            self = .count(0)
            return
        }
        let digits = 3 + Self.exponent(interval.estimate) - Self.exponent(reference)
        self = .interval(
            interval.estimate, low: interval.lower, high: interval.upper, significant: min(max(digits, 1), 6))
    }

    private static func exponent(_ value: Double) -> Int {
        value == 0 || !value.isFinite ? 0 : Int(log10(abs(value)).rounded(.down))
    }
}

extension JSONValue {
    /// An interval with its ends.
    init(_ interval: MeanInterval) {
        self = [
            "estimate": .number(interval.estimate), "lower": .number(interval.lower), "upper": .number(interval.upper),
            "confidence": .number(interval.confidence),
        ]
    }

    /// One number a stage, by its name.
    init(_ values: [Double], stages: [String]) {
        self = .object(zip(stages, values).map { (key: $0, value: .number($1)) })
    }

}
