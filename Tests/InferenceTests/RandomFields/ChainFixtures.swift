import Foundation
import Inference
import Probability

/// Small random chains and data sets with fixed seeds, and sums over all labellings.
enum ChainFixtures {
    /// Scores of a chain; `scale` is their spread in nats.
    static func potentials(
        length: Int, labels: Int, perStep: Bool, scale: Double = 2, using random: inout Random
    ) throws -> ChainPotentials {
        func draw(_ count: Int) -> [Double] { (0..<count).map { _ in scale * random.normal() } }
        let square = labels * labels
        return try ChainPotentials(
            labelCount: labels, states: draw(length * labels),
            transitions: draw(perStep ? (length - 1) * square : square))
    }

    /// All labellings, the last position turning fastest.
    static func paths(length: Int, labels: Int) -> [[Int]] {
        (0..<length).reduce([[]]) { paths, _ in paths.flatMap { path in (0..<labels).map { path + [$0] } } }
    }

    /// Random sequences: `words` attributes that hint at the labels, some with weights other than 1.
    static func data(
        sequences: Int, longest: Int = 6, labels: Int = 3, words: Int = 12, seed: UInt64
    ) throws -> TaggedSequences {
        var random = Random(seed: seed)
        var data = TaggedSequences()
        for _ in 0..<sequences {
            let length = 1 + random.integer(below: longest)
            var items: [[TaggedSequences.Attribute]] = []
            var names: [String] = []
            var label = random.integer(below: labels)
            for _ in 0..<length {
                if random.bernoulli(0.4) { label = random.integer(below: labels) }
                let word =
                    random.bernoulli(0.6)
                    ? label + labels * random.integer(below: words / labels) : random.integer(below: words)
                var item = [TaggedSequences.Attribute("w=\(word)")]
                if random.bernoulli(0.3) { item.append(.init("size", random.normal())) }
                if random.bernoulli(0.5) { item.append(.init("t:odd", word % 2 == 0 ? 1 : 0.5)) }
                items.append(item)
                names.append("L\(label)")
            }
            try data.append(items, labels: names)
        }
        return data
    }

    /// Weights of a field at random.
    static func weights(_ count: Int, scale: Double, seed: UInt64) -> [Double] {
        var random = Random(seed: seed)
        return (0..<count).map { _ in scale * random.normal() }
    }
}
