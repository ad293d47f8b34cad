public import Probability

/// Whether a sentence makes another one of its structure likelier.
///
///     effect = ln p(target | prime of its structure) - ln p(target | prime of the other structure)
///
/// Both primes say the same thing, and share no content word with the target. Structures: what is given before whom it is
/// given to, or after; who acts first, or what is acted on.
///
/// - Source: paper 20, section 5.2; the measure is that of Sinclair, Jumelet, Zuidema and Fernández, "Structural
///   persistence in language models", 2022.
public enum PrimingStudy {
    /// A structure of sentences.
    public enum Structure: String, Sendable, Hashable, Codable, CaseIterable {
        /// "The doctor gave the boy a book."
        case doubleObject = "double object"
        /// "The doctor gave a book to the boy."
        case prepositional
        /// "The dog chased the cat."
        case active
        /// "The cat was chased by the dog."
        case passive

        /// The other way to say the same.
        public var alternative: Structure {
            switch self {
            case .doubleObject: .prepositional
            case .prepositional: .doubleObject
            case .active: .passive
            case .passive: .active
            }
        }

        /// Whether something is given.
        var isGiving: Bool { self == .doubleObject || self == .prepositional }
    }

    /// `count` contrasts of each structure, of sentences put together at random.
    public static func contrasts(_ count: Int, using random: inout Random) -> [LikelihoodContrast] {
        Structure.allCases.flatMap { structure in
            (0..<count).map { _ in
                let people = random.sample(4, outOf: Self.people.count).map { Self.people[$0] }
                if structure.isGiving {
                    let verbs = random.sample(2, outOf: giving.count).map { giving[$0] }
                    let things = random.sample(2, outOf: Self.things.count).map { Self.things[$0] }
                    func sentence(_ place: Int, _ structure: Structure) -> String {
                        let (giver, taker) = (people[2 * place], people[2 * place + 1])
                        return structure == .doubleObject
                            ? "The \(giver) \(verbs[place]) the \(taker) \(things[place])."
                            : "The \(giver) \(verbs[place]) \(things[place]) to the \(taker)."
                    }
                    return contrast(structure, sentence)
                }
                let verbs = random.sample(2, outOf: acting.count).map { acting[$0] }
                func sentence(_ place: Int, _ structure: Structure) -> String {
                    let (actor, other) = (people[2 * place], people[2 * place + 1])
                    return structure == .active
                        ? "The \(actor) \(verbs[place]) the \(other)."
                        : "The \(other) was \(verbs[place]) by the \(actor)."
                }
                return contrast(structure, sentence)
            }
        }
    }

    private static func contrast(
        _ structure: Structure, _ sentence: (Int, Structure) -> String
    ) -> LikelihoodContrast {
        let target = " " + sentence(1, structure)
        return LikelihoodContrast(
            group: structure.rawValue,
            expected: LikelihoodContrast.Side(prompt: sentence(0, structure), continuation: target),
            other: LikelihoodContrast.Side(prompt: sentence(0, structure.alternative), continuation: target))
    }

    static let people = [
        "doctor", "teacher", "farmer", "singer", "lawyer", "sailor", "painter", "banker", "nurse", "soldier", "writer",
        "driver", "baker", "king", "queen", "girl", "boy", "student", "neighbor", "guest", "child", "woman", "man",
        "pilot",
    ]
    static let things = [
        "a book", "a letter", "a cake", "a key", "a coat", "a map", "a ticket", "a photo", "a hammer", "a flower",
        "a chair", "a ring", "a pen", "a rope", "a bottle", "a lamp",
    ]
    static let giving = ["gave", "sent", "handed", "showed", "offered", "lent", "sold", "passed"]
    /// The same word for what somebody did and what was done.
    static let acting = [
        "followed", "helped", "watched", "called", "pushed", "thanked", "praised", "visited", "kissed", "blamed",
        "invited", "admired",
    ]
}
