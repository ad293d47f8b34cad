import Foundation
import Inference
import Probability

/// A language of labels that follow each other and words that hint at them; positions see overlapping attributes.
struct SimulatedText {
    static let labels = 6
    static let words = 400
    private let next: [AliasTable]
    private let emission: [AliasTable]

    init(using random: inout Random) throws {
        next = try (0..<Self.labels).map { _ in
            try AliasTable(weights: (0..<Self.labels).map { _ in exp(1.5 * random.normal()) })
        }
        emission = try (0..<Self.labels).map { _ in
            try AliasTable(weights: (0..<Self.words).map { _ in exp(1.5 * random.normal()) })
        }
    }

    /// Sentences of 15 words. A position's attributes are its word, the word's ending and class, and both neighbours: all
    /// but the first follow from the words around, so that none is independent evidence.
    func sentences(_ count: Int, using random: inout Random) throws -> TaggedSequences {
        var data = TaggedSequences()
        for _ in 0..<count {
            var label = random.integer(below: Self.labels)
            var tags: [String] = []
            var text: [Int] = []
            for _ in 0..<15 {
                tags.append("T\(label)")
                text.append(emission[label].sample(using: &random))
                label = next[label].sample(using: &random)
            }
            let items = text.indices.map { t in
                var item = ["w[0]=\(text[t])", "end=\(text[t] % 40)", "class=\(text[t] % 8)"]
                if t > 0 { item += ["w[-1]=\(text[t - 1])", "end[-1]=\(text[t - 1] % 40)"] }
                if t + 1 < text.count { item += ["w[1]=\(text[t + 1])", "end[1]=\(text[t + 1] % 40)"] }
                return item.map { TaggedSequences.Attribute($0) }
            }
            try data.append(items, labels: tags)
        }
        return data
    }
}

/// Documents in which the same name keeps its label, though most of its mentions give no hint of it.
///
/// Names are new in every document, so that nothing can be learned of one beforehand: only ties between its mentions help.
enum RepeatedNames {
    static let labels = 3
    /// Features of a mention: a cue for each label, and none.
    static let cues = labels + 1

    /// Documents of 14 mentions of five names; `hasTies` joins each mention with the next one of the same name.
    static func documents(_ count: Int, hasTies: Bool, using random: inout Random) -> [FieldInstance] {
        (0..<count).map { _ in
            let kinds = (0..<5).map { _ in random.integer(below: labels) }
            var last = [Int?](repeating: nil, count: kinds.count)
            var cliques: [FieldInstance.Clique] = []
            var truth: [Int] = []
            for t in 0..<14 {
                let name = random.integer(below: kinds.count)
                truth.append(kinds[name])
                // Two of five mentions have a cue, of which one in ten is wrong.
                var cue = labels
                if random.bernoulli(0.4) { cue = random.bernoulli(0.9) ? kinds[name] : random.integer(below: labels) }
                cliques.append(.init(template: 0, variables: [t], features: [cue]))
                if t > 0 { cliques.append(.init(template: 1, variables: [t - 1, t])) }
                if hasTies, let before = last[name] { cliques.append(.init(template: 2, variables: [before, t])) }
                last[name] = t
            }
            return FieldInstance(
                cardinalities: [Int](repeating: labels, count: truth.count), cliques: cliques, labels: truth)
        }
    }

    /// The templates: cues, neighbours, ties.
    static func templates() throws -> [CliqueTemplate] {
        [
            try CliqueTemplate("cue", cardinalities: [labels], features: cues),
            try CliqueTemplate("neighbours", cardinalities: [labels, labels]),
            try .agreement("same name", values: labels),
        ]
    }
}
