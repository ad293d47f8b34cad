public import Probability

/// Pairs of our own that differ in a detail: one wrong digit, one wrong word.
///
/// The texts of a pair are the same but for that detail, in every style; the detailed styles say the same things, in plain
/// sentences and in Markdown.
public enum SubtlePairs {
    /// A question with its answer and a wrong one.
    public struct Fact: Sendable, Hashable {
        /// The question.
        public var question: String
        /// The right answer, and the wrong one.
        public var right: String
        public var wrong: String
        /// What it is about.
        public var domain: String

        /// A fact.
        public init(question: String, right: String, wrong: String, domain: String) {
            self.question = question
            self.right = right
            self.wrong = wrong
            self.domain = domain
        }
    }

    /// Sums and differences of numbers below 100, the wrong result off in one digit.
    public static func sums(_ count: Int, using random: inout Random) -> [Fact] {
        (0..<count).map { _ in
            let (a, b) = (11 + random.integer(below: 88), 11 + random.integer(below: 88))
            let isSum = random.bernoulli(0.5)
            let result = isSum ? a + b : max(a, b) - min(a, b)
            var digits = Array(String(result))
            let place = random.integer(below: digits.count)
            // Never to the same digit; the first one never to 0, so that numbers stay as long.
            let old = digits[place].wholeNumberValue ?? 0
            let choices = (place == 0 && digits.count > 1 ? 1 : 0)...9
            let others = choices.filter { $0 != old }
            digits[place] = Character(String(others[random.integer(below: others.count)]))
            return Fact(
                question: isSum ? "What is \(a) + \(b)?" : "What is \(max(a, b)) - \(min(a, b))?",
                right: String(result), wrong: String(digits), domain: "math")
        }
    }

    /// `facts` as pairs.
    public static func pairs(_ facts: [Fact]) -> [PreferencePair] {
        facts.enumerated().map { index, fact in
            func styles(_ answer: String) -> [String] {
                [
                    "The answer is \(answer).",
                    "Thank you for the question. You asked: \(fact.question) The answer to this is \(answer). To sum it up, \(answer) is what you were looking for.",
                    "## Question\n\nThank you for the question. You asked: *\(fact.question)*\n\n## Answer\n\n- The answer to this is **\(answer)**.\n- To sum it up, **\(answer)** is what you were looking for.",
                ]
            }
            return PreferencePair(
                id: "\(fact.domain)-\(index + 1)", prompt: fact.question, chosen: styles(fact.right),
                rejected: styles(fact.wrong), domain: fact.domain)
        }
    }
}
