import Foundation
import NumericalMethods

/// What a scripted model says after one prompt, token by token: the law that its weighted answers make.
///
/// A token is a word with the space before it, or a single other character. With the answers a, of tokens a₁a₂…, that begin
/// with the tokens x₁…xₙ,
///
///     p(x | x₁…xₙ) = Σ p(a : a begins x₁…xₙx) / Σ p(a : a begins x₁…xₙ)
///
/// and likewise for the end, so that the tokens' log-probabilities and the end's add up to the answer's.
struct ScriptedLaw: Sendable {
    /// What may come next.
    struct Choice: Sendable {
        /// The token; nil for the end.
        var token: String?
        /// In nats.
        var logProbability: Double
        /// The answers that go on so, by number.
        var answers: [Int]
    }

    private let tokens: [[String]]
    private let logProbabilities: [Double]

    /// - Throws: ``LanguageError/improperParameter(name:value:expected:)`` for answers that are no distribution.
    init(_ answers: [ScriptedAnswer], model: String) throws(LanguageError) {
        tokens = answers.map { Self.tokens(of: $0.text) }
        logProbabilities = answers.map(\.logProbability)
        let total = logSumExp(logProbabilities)
        // Where probabilities were given, their sum is off by rounding.
        guard !answers.isEmpty, logProbabilities.allSatisfy({ $0 <= 0 }), total > -.infinity, total < 1e-9 else {
            throw .improperParameter(
                name: "\(model), answers",
                value: answers.map { "\"\($0.text)\" with probability \(exp($0.logProbability))" }
                    .joined(separator: ", "),
                expected: "at least one, with probabilities that add up to 1 at most")
        }
    }

    /// Words with the space before them, and single other characters.
    static func tokens(of text: String) -> [String] {
        var tokens: [String] = []
        var token = ""
        for character in text {
            let isWord = character.isLetter || character.isNumber
            let goesOn =
                token.last.map { last in
                    last.isWhitespace || isWord && (last.isLetter || last.isNumber)
                } ?? true
            if !goesOn {
                tokens.append(token)
                token = ""
            }
            token.append(character)
        }
        return token.isEmpty ? tokens : tokens + [token]
    }

    /// All answers, of which none has begun.
    var all: [Int] { Array(tokens.indices) }

    /// What may come at place `place` of `answers`, in the order of the table.
    func choices(_ answers: [Int], at place: Int) -> [Choice] {
        var choices: [Choice] = []
        for answer in answers {
            let token = place < tokens[answer].count ? tokens[answer][place] : nil
            if let index = choices.firstIndex(where: { $0.token == token }) {
                choices[index].answers.append(answer)
            } else {
                choices.append(Choice(token: token, logProbability: 0, answers: [answer]))
            }
        }
        // At the beginning the answers' own sum is not divided by: what is missing to 1 is what the table does not hold.
        let total = place == 0 ? 0 : logSumExp(answers.map { logProbabilities[$0] })
        for index in choices.indices {
            choices[index].logProbability = min(
                0, logSumExp(choices[index].answers.map { logProbabilities[$0] }) - total)
        }
        return choices
    }

    /// Those of `answers` that a constraint accepts.
    func accepted(by constraint: TextConstraint) throws(LanguageError) -> [Int] {
        var accepted: [Int] = []
        for answer in tokens.indices where try constraint.accepts(tokens[answer].joined()) { accepted.append(answer) }
        guard !accepted.isEmpty else {
            throw .noTokenLeft(
                reason: "none of the table's answers to this prompt is what the \(constraint.kind) accepts")
        }
        return accepted
    }
}
