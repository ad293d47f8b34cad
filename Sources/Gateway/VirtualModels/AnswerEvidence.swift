import Cascades
import Foundation
import Language
import NIOCore

/// How a stage's answer becomes the numbers that a policy reads of it.
enum AnswerEvidence: Sendable {
    /// Of an answer in words: what its tokens' log-probabilities say.
    case text(TextEvidence)
    /// Of a classifier's answer: what its probabilities say.
    case classes

    /// The kind that gives all numbers of `names`; nil where there is none.
    init?(names: [String]) {
        if !names.isEmpty, Set(names).isSubset(of: LabelStage<String>.evidenceNames) {
            self = .classes
        } else if let texts = try? TextEvidence(names: names) {
            self = .text(texts)
        } else {
            return nil
        }
    }

    /// The numbers of `answer`, which `read` has read; nil where it does not tell them.
    func numbers(of answer: HeldAnswer, read: AnswerScanner) throws -> Evidence? {
        switch self {
        case .text(let texts):
            guard read.tellsTokens else { return nil }
            var text = GeneratedText()
            text.tokens = read.tokens
            return try texts.evidence(of: text)
        case .classes:
            guard answer.api == .classify else { return nil }
            return try ClassifierReply(answer).evidence
        }
    }
}

/// What a classifier answers: for each text the probabilities of its classes, as vLLM has it, too.
private struct ClassifierReply: Decodable {
    struct Item: Decodable {
        var probs: [Double]
        /// `ln` of the probability of all labels together, from a language model that was asked for labels.
        var label_mass: Double?
    }

    var data: [Item]

    init(_ answer: HeldAnswer) throws {
        self = try JSONDecoder().decode(ClassifierReply.self, from: Data(answer.bytes.readableBytesView))
    }

    /// Of several texts in one request, which go one way together, that of the least certain one.
    var evidence: Evidence? {
        get throws {
            guard let least = data.min(by: { ($0.probs.max() ?? 0) < ($1.probs.max() ?? 0) }) else { return nil }
            let classes = try Evidence.classProbabilities(least.probs)
            return Evidence(
                names: classes.names + ["labelMass"], values: classes.values + [least.label_mass ?? .nan])
        }
    }
}
