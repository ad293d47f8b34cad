public import Cascades

/// Two agents that play twenty questions: one asks and guesses, the other one knows the word and says yes or no.
///
///     question[t] ~ p_A(. | questions and replies before);  reply[t] ~ p_B(. | word, question[t]);  guess[t] ~ p_A(. | all)
///
/// Neither agent sees what is the other one's: the word is hidden from the first, the game so far from the second. A game is
/// one run; what a good first question is, for the games that are won, is a matter of conditioning.
///
/// - Source: paper 1, Language Model Cascades, appendix on the twenty questions task of BIG-bench.
public struct TwentyQuestions: Sendable {
    /// Asks the next question, given `Question` and `Reply` fields.
    public var asker: any FieldStage
    /// Replies, given `Word` and `Question`.
    public var knower: any FieldStage
    /// Guesses, given `Question` and `Reply` fields.
    public var guesser: any FieldStage
    /// The most turns.
    public var turns: Int

    /// A game.
    public init(asker: any FieldStage, knower: any FieldStage, guesser: any FieldStage, turns: Int = 20) {
        self.asker = asker
        self.knower = knower
        self.guesser = guesser
        self.turns = turns
    }

    /// How a game ended.
    public struct Outcome: Sendable, Hashable {
        /// Whether the word was guessed.
        public var isWon: Bool
        /// The turns that were played.
        public var turns: Int

        /// An outcome.
        public init(isWon: Bool, turns: Int) {
            self.isWon = isWon
            self.turns = turns
        }
    }

    /// The program: a word to how the game about it ended. Its choices are at `question[t]`, `reply[t]` and `guess[t]`.
    public var program: Program<String, Outcome> {
        Program<String, Outcome> { scope, word in
            var known: [Field] = []
            for turn in 0..<turns {
                let question = Field(
                    FieldName.question, try await scope.ask(.at("question", turn), asker, known).output)
                let asked = [Field("Word", word), question]
                let reply = Field("Reply", try await scope.ask(.at("reply", turn), knower, asked).output)
                known += [question, reply]
                let guess = try await scope.ask(.at("guess", turn), guesser, known).output
                if guess.onlyLettersAndDigits == word.onlyLettersAndDigits {
                    return Outcome(isWon: true, turns: turn + 1)
                }
            }
            return Outcome(isWon: false, turns: turns)
        }
    }
}
