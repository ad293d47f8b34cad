public import Cascades

/// A model made to serve another language by translators around it: in, answer, and out again.
///
///     let french = TranslationCascade(into: fromFrench, answer: stage, back: toFrench)
///     let answer = try await french.stage.answer("Quelle est la capitale du Chili ?")
///
/// The three are asked one after the other, at `"into"`, `"answer"` and `"back"`; costs add up. Where each step is right
/// with its own probability, whatever the others do, the cascade is right with their product.
///
/// - Source: cascaded machine translation of ClimateGPT (paper 116).
public struct TranslationCascade<Foreign: Sendable, Native: Sendable, Reply: Sendable, Output: Sendable>: Sendable {
    /// Translates the question.
    public let into: any Stage<Foreign, Native>
    /// Answers in the model's own language.
    public let answer: any Stage<Native, Reply>
    /// Translates the answer.
    public let back: any Stage<Reply, Output>

    /// A cascade of the three.
    public init(
        into: any Stage<Foreign, Native>, answer: any Stage<Native, Reply>, back: any Stage<Reply, Output>
    ) {
        self.into = into
        self.answer = answer
        self.back = back
    }

    /// The three as a program.
    public var program: Program<Foreign, Output> {
        let cascade = self
        return Program { scope, question in
            let native = try await ask(scope, "into", cascade.into, question)
            let reply = try await ask(scope, "answer", cascade.answer, native)
            return try await ask(scope, "back", cascade.back, reply)
        }
    }

    /// The three as one stage.
    public var stage: ProgramStage<Foreign, Output> {
        ProgramStage("\(into.name) > \(answer.name) > \(back.name)", program, seed: 0)
    }
}

/// Opens the stage, so that its kind is known.
private func ask<Input: Sendable, Output: Sendable>(
    _ scope: Scope, _ address: Address, _ stage: some Stage<Input, Output>, _ input: Input
) async throws -> Output {
    try await scope.ask(address, stage, input).output
}

/// Translates word for word by a dictionary; words that it lacks stay as they are.
///
/// Case is carried over for words that begin with a capital letter; what is between words stays.
public struct DictionaryTranslator: Stage {
    public let name: String
    private let dictionary: [String: String]

    /// The names of the evidence: the share of the words that the dictionary has.
    public var evidenceNames: [String] { ["coverage"] }

    /// The translator `name` by `dictionary`, whose keys are in lower case.
    public init(_ name: String, _ dictionary: [String: String]) {
        self.name = name
        self.dictionary = dictionary
    }

    public func answer(_ text: String) async throws -> Answer<String> {
        var (result, word) = ("", "")
        var (words, known) = (0, 0)
        func end() {
            guard !word.isEmpty else { return }
            words += 1
            if let other = dictionary[word.lowercased()] {
                known += 1
                result += word.first!.isUppercase ? other.prefix(1).uppercased() + other.dropFirst() : other
            } else {
                result += word
            }
            word = ""
        }
        for character in text {
            if character.isLetter || character.isNumber {
                word.append(character)
            } else {
                end()
                result.append(character)
            }
        }
        end()
        return Answer(result, evidence: ["coverage": words == 0 ? 1 : Double(known) / Double(words)])
    }
}
