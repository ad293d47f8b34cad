import Foundation

/// Numbers as people read them: the same in every place of a report, and never dependent on the locale.
///
/// Every function is total: NaN reads "–", infinities read "∞" and "-∞", and a value that rounds to nothing has no sign.
public enum NumberText {
    /// What stands where there is no value.
    public static let missing = "–"

    /// The value to a number of significant digits, such as `0.0123`, `1.50` or `12,345`.
    ///
    /// Digits before the point are never zeroed. Below 1e-4 and from 1e15 the form is scientific, such as `1.2e-5`.
    /// - Parameter digits: At least 1; larger than 17 counts as 17.
    public static func significant(_ value: Double, digits: Int = 3) -> String {
        guard value.isFinite else { return nonFinite(value) }
        guard value != 0 else { return "0" }
        let exponent = decimalExponent(of: value, digits: digits)
        guard exponent >= -4, exponent < 15 else { return scientific(value, digits: digits) }
        return fixed(value, decimals: max(0, clamped(digits) - 1 - exponent))
    }

    /// The value with a fixed number of decimals, thousands grouped from 10,000.
    public static func fixed(_ value: Double, decimals: Int) -> String {
        guard value.isFinite else { return nonFinite(value) }
        let text = String(format: "%.*f", min(max(decimals, 0), 20), abs(value))
        let hasSign = value < 0 && text.contains { ("1"..."9").contains($0) }
        return (hasSign ? "-" : "") + grouped(text)
    }

    /// A share as a percentage, such as `98.2%` for 0.982.
    public static func percent(_ share: Double, decimals: Int = 1) -> String {
        share.isFinite ? fixed(share * 100, decimals: decimals) + "%" : nonFinite(share)
    }

    /// An estimate with its interval, all three to the same decimals, such as `0.912 [0.905, 0.919]`.
    public static func interval(_ estimate: Double, low: Double, high: Double, digits: Int = 3) -> String {
        let scale = [abs(estimate), abs(low), abs(high)].filter { $0.isFinite }.max() ?? 0
        let reference = estimate.isFinite && estimate != 0 ? estimate : scale
        guard reference != 0 else {
            return "\(fixed(estimate, decimals: 0)) [\(fixed(low, decimals: 0)), \(fixed(high, decimals: 0))]"
        }
        let exponent = decimalExponent(of: reference, digits: digits)
        guard exponent >= -4, exponent < 15 else {
            return "\(significant(estimate, digits: digits)) [\(significant(low, digits: digits)), "
                + "\(significant(high, digits: digits))]"
        }
        let decimals = max(0, clamped(digits) - 1 - exponent)
        return "\(fixed(estimate, decimals: decimals)) [\(fixed(low, decimals: decimals)), "
            + "\(fixed(high, decimals: decimals))]"
    }

    /// The shortest readable form, for axes and cards: `1.5k`, `20M`, `0.25`, `3e-6`; trailing zeros dropped.
    public static func compact(_ value: Double, digits: Int = 3) -> String {
        guard value.isFinite else { return nonFinite(value) }
        guard value != 0 else { return "0" }
        let exponent = decimalExponent(of: value, digits: digits)
        if exponent < -4 || exponent >= 15 { return scientific(value, digits: digits) }
        if exponent < 4 {
            return trimmed(fixed(value, decimals: max(0, clamped(digits) - 1 - exponent)))
        }
        let step = min(exponent / 3, 4)
        let scaled = value / pow(1000, Double(step))
        let suffix = ["", "k", "M", "G", "T"][step]
        return trimmed(fixed(scaled, decimals: max(0, clamped(digits) - 1 - (exponent - 3 * step)))) + suffix
    }

    /// The power of ten of the leading digit, after rounding to `digits` (so 9.999 to 3 digits has exponent 1).
    static func decimalExponent(of value: Double, digits: Int) -> Int {
        let text = String(format: "%.*e", clamped(digits) - 1, value)
        guard let mark = text.lastIndex(of: "e") else { return 0 }
        return Int(text[text.index(after: mark)...]) ?? 0
    }

    /// Without the zeros after the last digit that says something.
    static func trimmed(_ text: String) -> String {
        guard text.contains("."), !text.contains("e") else { return text }
        var result = Substring(text)
        while result.last == "0" { result.removeLast() }
        if result.last == "." { result.removeLast() }
        return String(result)
    }

    private static func scientific(_ value: Double, digits: Int) -> String {
        let text = String(format: "%.*e", clamped(digits) - 1, value)
        guard let mark = text.lastIndex(of: "e"), let exponent = Int(text[text.index(after: mark)...]) else {
            return text
        }
        return trimmed(String(text[..<mark])) + "e\(exponent)"
    }

    private static func nonFinite(_ value: Double) -> String {
        value.isNaN ? missing : value < 0 ? "-∞" : "∞"
    }

    private static func clamped(_ digits: Int) -> Int { min(max(digits, 1), 17) }

    private static func grouped(_ text: String) -> String {
        let whole = text.prefix { $0 != "." }
        guard whole.count > 4 else { return text }
        var result = ""
        for (offset, digit) in whole.enumerated() {
            if offset > 0, (whole.count - offset) % 3 == 0 { result.append(",") }
            result.append(digit)
        }
        return result + text.dropFirst(whole.count)
    }
}
