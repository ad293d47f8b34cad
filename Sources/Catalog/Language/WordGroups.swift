import Language

/// Words that are animals, foods or tools, and what may be thought of one.
enum WordGroups {
    /// The labels.
    static let labels = ["animal", "food", "tool"]

    /// A thought for each label.
    static let thoughts = ["It is a living thing.", "You can eat it.", "You use it to work."]

    /// Words to learn from, and words that nothing was learned from: label by label in turn.
    static let training = words([
        ["horse", "crow", "dog", "snake", "goat", "lion"], ["butter", "onion", "cake", "plum", "sausage", "potato"],
        ["spade", "saw", "knife", "rake", "brush", "file"],
    ])
    static let heldOut = words([
        ["tiger", "rabbit", "salmon", "eagle", "camel", "lizard", "wolf", "whale", "frog", "cow"],
        ["cheese", "rice", "apple", "soup", "honey", "carrot", "bread", "pasta", "lemon", "ham"],
        ["hammer", "chisel", "shovel", "drill", "wrench", "ladder", "axe", "screwdriver", "needle", "broom"],
    ])

    private static func words(_ groups: [[String]]) -> [SelfTaughtReasoner.Problem] {
        groups[0].indices.flatMap { row in
            groups.indices.map { SelfTaughtReasoner.Problem(question(groups[$0][row]), labels[$0]) }
        }
    }

    private static func question(_ word: String) -> String {
        "Is \("aeiou".contains(word.prefix(1)) ? "an" : "a") \(word) an animal, a food or a tool?"
    }

    /// Filled-in forms of the first training words.
    static func examples(_ count: Int) -> [[Field]] {
        training.prefix(count).map { problem in
            [
                .question(problem.question),
                Field(FieldName.thought, thoughts[labels.firstIndex(of: problem.answer) ?? 0]), .answer(problem.answer),
            ]
        }
    }
}
