/// Whether a model finds typical members of a category better ones than untypical members.
///
///     effect = ln p("bird" | "A robin is a") - ln p("bird" | "A penguin is a")
///
/// The members are of the first and of the last ones in people's order. The orders are those of E. Rosch, "Cognitive
/// representations of semantic categories", 1975, whose exact ranks are not used: a member is one of the two ends.
///
/// - Source: paper 20, section 5.1; Misra, Ettinger and Rayz, "Do language models learn typicality judgments from text?",
///   2021.
public enum TypicalityStudy {
    /// A category with members from the two ends of people's order.
    public struct Category: Sendable, Hashable {
        /// Its word, and what comes before it: "a", "a piece of".
        public var name: String
        public var article: String
        /// Typical members, the most typical first.
        public var typical: [String]
        /// Members of the other end, as many.
        public var untypical: [String]
        /// Whether members are put without an article: football, pants.
        public var isBare: Bool

        /// A category.
        public init(
            _ name: String, article: String = "a", typical: [String], untypical: [String], isBare: Bool = false
        ) {
            precondition(typical.count == untypical.count, "as many untypical members as typical ones")
            self.name = name
            self.article = article
            self.typical = typical
            self.untypical = untypical
            self.isBare = isBare
        }

        private func side(_ member: String) -> LikelihoodContrast.Side {
            let first = member.first.map { "aeiou".contains($0) } ?? false
            let subject =
                isBare ? member.prefix(1).uppercased() + member.dropFirst() : "\(first ? "An" : "A") \(member)"
            return LikelihoodContrast.Side(prompt: "\(subject) is \(article)", continuation: " \(name)")
        }

        /// Each typical member against the untypical one in its place.
        public var contrasts: [LikelihoodContrast] {
            zip(typical, untypical).map {
                LikelihoodContrast(group: name, expected: side($0), other: side($1))
            }
        }
    }

    /// Seven categories of Rosch's ten, eight contrasts each.
    public static let categories: [Category] = [
        Category(
            "bird", typical: ["robin", "sparrow", "bluejay", "canary", "blackbird", "dove", "lark", "swallow"],
            untypical: ["penguin", "ostrich", "turkey", "chicken", "peacock", "goose", "duck", "emu"]),
        Category(
            "fruit", typical: ["orange", "apple", "banana", "peach", "pear", "apricot", "tangerine", "plum"],
            untypical: ["olive", "pickle", "squash", "tomato", "nut", "gourd", "pumpkin", "coconut"]),
        Category(
            "vehicle", typical: ["truck", "car", "bus", "taxi", "jeep", "ambulance", "motorcycle", "streetcar"],
            untypical: ["elevator", "surfboard", "wheelbarrow", "skateboard", "camel", "horse", "raft", "sled"]),
        Category(
            "furniture", article: "a piece of",
            typical: ["chair", "sofa", "couch", "table", "dresser", "desk", "bed", "rocking chair"],
            untypical: ["telephone", "fan", "vase", "closet", "picture", "stove", "clock", "refrigerator"]),
        Category(
            "weapon", typical: ["gun", "pistol", "revolver", "rifle", "machine gun", "dagger", "sword", "knife"],
            untypical: ["shoe", "glass", "screwdriver", "car", "foot", "hand", "rope", "brick"]),
        Category(
            "clothing", article: "a piece of",
            typical: ["shirt", "dress", "skirt", "blouse", "suit", "jacket", "coat", "sweater"],
            untypical: ["cane", "necklace", "bracelet", "watch", "purse", "ring", "handkerchief", "hairband"]),
        Category(
            "sport",
            typical: ["football", "baseball", "basketball", "tennis", "softball", "hockey", "soccer", "rugby"],
            untypical: ["sunbathing", "cards", "chess", "checkers", "dancing", "hiking", "camping", "billiards"],
            isBare: true),
    ]
}
