import Foundation
import NumericalMethods
import Probability

/// Where a particle's next token comes from. All give the same texts with the same weights in the end; they differ in how
/// even the particles' weights are, and in time.
public enum TokenProposal: Sendable, Hashable, Codable {
    /// The model's own distribution; potentials only weigh what it draws.
    case model
    /// The model's distribution times all that potentials say of the next token beforehand: what constraints allow, what other
    /// models say. The weight is then the exact sum of these products, whatever token was drawn (locally optimal).
    case optimal
    /// Tokens drawn from the model without replacement until one is allowed, by ``Potential/allows(_:)`` alone, with an
    /// unbiased estimate of the share allowed: for constraints that are slow to ask, or that have no mask.
    case rejection
    /// As `optimal`, and the likeliest tokens are tried out: each gets the factor that the potentials of the text with it
    /// promise. With more than one step the model is asked what comes behind them, and the promise is the mean over the
    /// likeliest texts of so many tokens more.
    case lookAhead(candidates: Int, steps: Int)

    /// - Throws: ``LanguageError/improperParameter(name:value:expected:)``.
    func check() throws(LanguageError) {
        guard case .lookAhead(let candidates, let steps) = self else { return }
        guard (1...1024).contains(candidates) else {
            throw .improperParameter(name: "candidates", value: "\(candidates)", expected: "1 to 1024")
        }
        guard (1...8).contains(steps) else {
            throw .improperParameter(name: "steps", value: "\(steps)", expected: "1 to 8")
        }
    }
}

/// The law of one text's next token, and what weighs it.
struct ProposedLaw {
    /// What is drawn from, but for the candidates.
    private var law: LogitLaw
    private let experts: [NextTokenExpertise]
    /// Tokens that were tried out, and the logs of their weights relative to the law's.
    private var candidates: [(token: Token, logPromise: Double)] = []
    /// The logs of the candidates' weights in the law, and of the rest's.
    private var logChoices: [Double] = []
    /// ln of the sum of the proposal's weights over that of the model's.
    private(set) var logShare = 0.0

    /// `model`, the law of the tokens that may come, times what `experts` say of them.
    init(_ model: LogitLaw, experts: [NextTokenExpertise] = []) throws(LanguageError) {
        self.experts = experts
        law = model
        if experts.isEmpty {
            logShare = model.words == nil ? 0 : model.logTotal - log(model.whole)
        } else {
            law = try Self.product(model, experts)
            logShare = law.logTotal + Double(law.largest) - log(model.whole)
        }
    }

    /// The product of the model's weights and the experts' factors, as a row of its own.
    private static func product(
        _ model: LogitLaw, _ experts: [NextTokenExpertise]
    ) throws(LanguageError) -> LogitLaw {
        var row = [Float](model.row)
        let (largest, scale) = (model.largest, model.scale)
        for index in row.indices { row[index] = (row[index] - largest) * scale }
        for expert in experts {
            let (exponent, normaliser) = (Float(expert.exponent), Float(expert.logNormaliser))
            expert.logits.withUnsafeBufferPointer { logits in
                // A token that the model rules out stays out, whatever the expert says.
                for index in row.indices where row[index] > -.infinity {
                    row[index] += exponent * (logits[index] - normaliser)
                }
            }
        }
        var law = try LogitLaw(row[...])
        if let words = model.words { law = law.restricted(to: TokenMask(words: words, vocabularyCount: row.count)) }
        return law
    }

    /// The likeliest tokens of the law, to be tried out.
    func likeliest(_ count: Int) -> [Token] { law.likeliest(count).map(\.token) }

    /// The probability of `token` in the law, before any is tried out.
    func probability(of token: Token) -> Double { law.total > 0 ? law.weight(of: token) / law.total : 0 }

    /// ln of the factor that experts give `token`.
    func logFactor(of token: Token) -> Double { experts.reduce(0) { $0 + $1.logFactor(of: token) } }

    /// Gives each of `candidates` the factor e^promise in the proposal.
    mutating func weigh(_ candidates: [(token: Token, logPromise: Double)]) {
        self.candidates = candidates
        logChoices = candidates.map { log(law.weight(of: $0.token)) + $0.logPromise }
        let before = log(law.total)
        for candidate in candidates { law.remove(candidate.token) }
        logChoices.append(log(law.total))
        logShare += logSumExp(logChoices) - before
    }

    /// A token, and ln of its weight in the model's law over that in the proposal's; nil where there is none.
    func draw(using source: inout some TokenDrawing) throws -> (token: Token, logWeight: Double)? {
        var token: Token?
        var logPromise = 0.0
        if !candidates.isEmpty {
            guard logChoices.contains(where: { $0 > -.infinity }) else { return nil }
            let choice = try source.choose(logWeights: logChoices)
            if choice < candidates.count { (token, logPromise) = candidates[choice] }
        }
        guard let token = try token ?? source.token(from: law) else { return nil }
        return (token, logShare - logPromise - logFactor(of: token))
    }
}
