public import Cascades
import Foundation
import NumericalMethods

/// Which numbers a stage gives with a text that a language model wrote. Their names say all that is needed to ask for the
/// same ones again.
///
/// | name | is |
/// |---|---|
/// | `meanLogProbability`, `minimumLogProbability`, `length` | of the tokens, in nats; how many there are |
/// | `uncertainty90` | the 90th percentile of -ln p over the tokens (Gupta et al., 2024) |
/// | `meanEntropy`, `maximumEntropy` | of the next token's distribution along the text, in nats |
/// | `firstMargin` | largest less second largest probability where the text begins |
/// | `agreement5` | the share of 5 further samples with the same answer (Wang et al., 2022, self-consistency) |
/// | `selfAssessment` | the probability of "true" when the model is asked whether its answer is right (Kadavath et al., 2022) |
///
/// The self-assessment is a second question. A model that scores given texts is asked how likely "true" and "false" are. One
/// that does not, behind an endpoint, writes its verdict: the probability is read from the likeliest tokens where it tells
/// them, and else comes from several replies, `(n + 1/2) / (N + 1)` where n of N readable ones say "true"; it is missing where
/// no reply says either.
public struct TextEvidence: Sendable, Hashable {
    /// Mean and smallest log-probability, and the length.
    public var hasTokens = true
    /// Percentiles of token uncertainty, from 0 to 100.
    public var percentiles = [50, 90]
    /// Mean and largest entropy.
    public var hasEntropy = true
    /// The margin of the first token.
    public var hasFirstMargin = true
    /// How many samples are compared with the answer; 0 for none.
    public var samples = 0
    /// Whether the model is asked if its answer is right.
    public var assessesItself = false

    /// All that costs nothing beyond the text.
    public init() {}

    /// No evidence.
    public static var none: TextEvidence {
        var evidence = TextEvidence()
        evidence.hasTokens = false
        evidence.percentiles = []
        evidence.hasEntropy = false
        evidence.hasFirstMargin = false
        return evidence
    }

    /// The evidence that has these names, in any order.
    /// - Throws: ``LanguageError/improperParameter(name:value:expected:)`` for a name that is none of it.
    public init(names: [String]) throws(LanguageError) {
        self = .none
        percentiles = []
        for name in names {
            switch name {
            case "meanLogProbability", "minimumLogProbability", "length": hasTokens = true
            case "meanEntropy", "maximumEntropy": hasEntropy = true
            case "firstMargin": hasFirstMargin = true
            case "selfAssessment": assessesItself = true
            default:
                if let percent = Self.number(name, after: "uncertainty"), percent <= 100 {
                    percentiles.append(percent)
                } else if let count = Self.number(name, after: "agreement"), count >= 1, samples == 0 {
                    samples = count
                } else {
                    throw .improperParameter(
                        name: "evidence", value: name,
                        expected: "a name such as \(TextEvidence().names.joined(separator: ", "))")
                }
            }
        }
        let missing = Set(self.names).symmetricDifference(names)
        if let name = missing.sorted().first ?? (Set(names).count < names.count ? names.first : nil) {
            throw .improperParameter(
                name: "evidence", value: name, expected: "it together with what belongs to it, once")
        }
    }

    private static func number(_ name: String, after start: String) -> Int? {
        name.hasPrefix(start) ? Int(name.dropFirst(start.count)) : nil
    }

    /// The names of the numbers, in column order.
    public var names: [String] {
        (hasTokens ? Evidence.tokenNames : []) + percentiles.map { "uncertainty\($0)" }
            + (hasEntropy ? ["meanEntropy", "maximumEntropy"] : []) + (hasFirstMargin ? ["firstMargin"] : [])
            + (samples > 0 ? ["agreement\(samples)"] : []) + (assessesItself ? ["selfAssessment"] : [])
    }

    /// The numbers of `text`; `NaN` for what its model does not tell, or where it has no tokens.
    /// - Parameters:
    ///   - agreement: the share of samples with the same answer.
    ///   - assessment: the probability that the model gives its answer.
    public func evidence(of text: GeneratedText, agreement: Double = .nan, assessment: Double = .nan) throws -> Evidence
    {
        var tokens = text.tokens[...]
        // What was held back as a possible stop and given out in the end is no token of its own.
        if let last = tokens.last, last.token == nil, tokens.dropLast().contains(where: { $0.token != nil }) {
            tokens.removeLast()
        }
        let known = tokens.compactMap(\.logProbability)
        let isKnown = known.count == tokens.count
        var values: [Double] = []
        if hasTokens {
            values +=
                isKnown
                ? try Evidence.tokens(logProbabilities: known).values
                : [.nan, .nan, Double(max(tokens.count, text.usage.isEstimated ? 0 : text.usage.completionTokens))]
        }
        if !percentiles.isEmpty {
            let sorted = isKnown ? known.map { -$0 }.sorted() : []
            values += percentiles.map { Self.quantile(Double($0) / 100, sorted) }
        }
        if hasEntropy {
            let entropies = tokens.compactMap(\.entropy)
            let count = entropies.count == tokens.count ? Double(entropies.count) : 0
            values += count > 0 ? [entropies.reduce(0, +) / count, entropies.max() ?? .nan] : [.nan, .nan]
        }
        if hasFirstMargin { values.append(tokens.first?.margin ?? .nan) }
        if samples > 0 { values.append(agreement) }
        if assessesItself { values.append(assessment) }
        return Evidence(names: names, values: values)
    }

    /// The quantile between the two nearest of `sorted`, in proportion.
    static func quantile(_ share: Double, _ sorted: [Double]) -> Double {
        guard let last = sorted.last else { return .nan }
        let place = share * Double(sorted.count - 1)
        let below = Int(place.rounded(.down))
        guard below + 1 < sorted.count else { return last }
        return sorted[below] + (place - Double(below)) * (sorted[below + 1] - sorted[below])
    }
}
