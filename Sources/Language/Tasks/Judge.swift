import Foundation

/// How an answer is compared with what was expected: right is 1, wrong 0.
public enum Judge: String, Sendable, Hashable, Codable, CaseIterable {
    /// The same text, but for space around it.
    case exact
    /// The same letters and digits in the same words, whatever the case and the punctuation.
    case label
    /// The expected words come in the answer, one after the other.
    case contains
    /// The last number in the answer equals the expected one within one part in a million.
    case number

    /// 1 where `answer` is as good as one of `expected`, else 0.
    public func quality(of answer: String, expected: [String]) -> Double {
        expected.contains { matches(answer, $0) } ? 1 : 0
    }

    private func matches(_ answer: String, _ expected: String) -> Bool {
        switch self {
        case .exact:
            return answer.trimmingCharacters(in: .whitespacesAndNewlines)
                == expected.trimmingCharacters(in: .whitespacesAndNewlines)
        case .label: return answer.onlyLettersAndDigits == expected.onlyLettersAndDigits
        case .contains: return " \(answer.onlyLettersAndDigits) ".contains(" \(expected.onlyLettersAndDigits) ")
        case .number:
            guard let value = Self.lastNumber(answer), let wanted = Self.lastNumber(expected) else { return false }
            return abs(value - wanted) <= 1e-6 * max(1, abs(wanted))
        }
    }

    /// The last number in `text`: `1,234.5` is one, and so is `-3`.
    static func lastNumber(_ text: String) -> Double? {
        var last: Double?
        for match in text.matches(of: /[-−]?\d+(?:,\d{3})*(?:\.\d+)?/) {
            var digits = String(match.output).replacing("−", with: "-").replacing(",", with: "")
            // A sign right after a letter or digit is a dash: "3-4", "page-2".
            if digits.hasPrefix("-"), match.range.lowerBound > text.startIndex {
                let before = text[text.index(before: match.range.lowerBound)]
                if before.isLetter || before.isNumber { digits.removeFirst() }
            }
            last = Double(digits) ?? last
        }
        return last
    }
}
