import Cascades
import Foundation
import Probability

@testable import Language

/// Every text of a small model under a potential, by walking through all of them: p(text) e^w(text).
struct ExactTexts {
    private(set) var masses: [SteeredText: Double] = [:]

    init<Weight: Potential>(
        _ scorer: ScriptedScorer, _ tokenizer: SmallTokenizer, prompt: [Token], _ potential: Weight, maximumTokens: Int,
        temperature: Double = 1
    ) async throws {
        try await walk(
            SteeredText(), potential, 1,
            Walk(scorer: scorer, tokenizer: tokenizer, prompt: prompt, maximum: maximumTokens, temperature: temperature)
        )
    }

    private struct Walk {
        var scorer: ScriptedScorer
        var tokenizer: SmallTokenizer
        var prompt: [Token]
        var maximum: Int
        var temperature: Double
    }

    private mutating func walk<Weight: Potential>(
        _ text: SteeredText, _ potential: Weight, _ probability: Double, _ walk: Walk
    ) async throws {
        if text.tokens.count == walk.maximum || !text.tokens.isEmpty && potential.mustEnd(text) {
            masses[text, default: 0] += probability * exp(try potential.logWeight(of: text))
            return
        }
        var read = [potential]
        try await Weight.read(&read, after: [text])
        let law = SlowSampling.softmax(
            walk.scorer.row(after: walk.prompt + text.tokens).map { Double($0) / walk.temperature })
        for token in 0..<Token(walk.scorer.vocabularyCount) {
            var (next, child) = (text, read[0])
            let share = probability * law[Int(token)]
            if token == walk.tokenizer.end {
                next.end = token
                masses[next, default: 0] += share * exp(try child.logWeight(of: next))
            } else {
                next.append(token, walk.tokenizer.bytes(of: token))
                try child.accept(token, text: next)
                try await self.walk(next, child, share, walk)
            }
        }
    }

    /// Z: the sum of all.
    var evidence: Double { masses.values.reduce(0, +) }
}

extension Enumerator: TokenDrawing {
    /// The next token of the path that is walked.
    mutating func token(from law: LogitLaw) throws -> Token? {
        let logs = (0..<Token(law.row.count)).map { log(law.weight(of: $0)) }
        guard logs.contains(where: { $0 > -.infinity }) else { return nil }
        return Token(try choose(logWeights: logs))
    }
}

/// One potential of each kind, for laws that hold for all of them.
enum SamplePotentials {
    static let tokenizer = SmallTokenizer(pieces: ["a", "b"])

    static func all() throws -> [(name: String, potential: ProductPotential)] {
        let pattern = ConstraintPotential(
            try AutomatonConstraint(.regularExpression("(ab|b|aab)+"), VocabularyTrie(tokenizer)))
        let letters = TextPotential(guiding: true) { Double($0.bytes.count { $0 == UInt8(ascii: "a") }) * 0.8 }
        let last = TextPotential { $0.bytes.last == UInt8(ascii: "b") ? 0.5 : -1.5 }
        let other = try ModelPotential(ScriptedScorer(vocabularyCount: 3, seed: 9), after: [1, 1], exponent: 0.7)
        let avoided = try ModelPotential(ScriptedScorer(vocabularyCount: 3, seed: 10), after: [0], exponent: -0.4)
        return [
            ("constraint", ProductPotential([pattern])),
            ("length", ProductPotential([LengthPotential(1...2, of: .tokens)])),
            ("density", ProductPotential([try LengthPotential(target: 1, deviation: 0.7, of: .characters)])),
            ("guiding function", ProductPotential([letters])), ("function of the end", ProductPotential([last])),
            (
                "twisted",
                ProductPotential([
                    TwistedPotential(last) { $0.bytes.last == UInt8(ascii: "a") ? 0.9 : -0.3 * Double($0.tokens.count) }
                ])
            ),
            ("another model", ProductPotential([other])),
            ("product", ProductPotential([pattern, other, avoided, letters])),
            ("twisted constraint", ProductPotential([TwistedPotential(pattern) { -0.7 * Double($0.tokens.count) }])),
        ]
    }

    static let proposals: [TokenProposal] = [
        .model, .optimal, .rejection, .lookAhead(candidates: 2, steps: 1), .lookAhead(candidates: 3, steps: 2),
        .lookAhead(candidates: 1, steps: 3),
    ]
}
