import Foundation
import Inference

/// A hidden Markov model that explains the attributes of each position one by one, given its label: what a conditional
/// random field is compared with.
///
/// Counts with additive smoothing. As each attribute counts as independent evidence, attributes that say the same thing
/// twice are believed twice.
struct GenerativeChain {
    let labelNames: Alphabet
    private let attributeNames: Alphabet
    /// ln p(first label), `[labels]`; ln p(label | before), `[labels, labels]`; ln p(attribute | label), `[attributes, labels]`.
    private let first: [Double]
    private let transitions: [Double]
    private let emissions: [Double]
    private let isUsed: [Bool]

    /// Counts in `data`; only attributes whose names `includes` admits are emitted.
    init(_ data: TaggedSequences, smoothing: Double = 0.5, includes: (String) -> Bool = { _ in true }) {
        let (labels, attributes) = (data.labelNames.count, data.attributeNames.count)
        var first = [Double](repeating: smoothing, count: labels)
        var transitions = [Double](repeating: smoothing, count: labels * labels)
        var emissions = [Double](repeating: smoothing, count: attributes * labels)
        let isUsed = data.attributeNames.names.map(includes)
        for sequence in 0..<data.count {
            let positions = data.positions(of: sequence)
            for position in positions {
                let label = Int(data.labels[position])
                if position == positions.lowerBound {
                    first[label] += 1
                } else {
                    transitions[Int(data.labels[position - 1]) * labels + label] += 1
                }
                for k in data.attributeStarts[position]..<data.attributeStarts[position + 1] {
                    emissions[Int(data.attributes[k]) * labels + label] += 1
                }
            }
        }
        labelNames = data.labelNames
        attributeNames = data.attributeNames
        self.isUsed = isUsed
        let total = first.reduce(0, +)
        self.first = first.map { log($0 / total) }
        self.transitions = transitions.indices.map { pair in
            let row = pair / labels * labels
            return log(transitions[pair] / transitions[row..<row + labels].reduce(0, +))
        }
        var sums = [Double](repeating: 0, count: labels)
        for cell in emissions.indices where isUsed[cell / labels] { sums[cell % labels] += emissions[cell] }
        self.emissions = emissions.indices.map { log(emissions[$0] / max(sums[$0 % labels], smoothing)) }
    }

    /// How well its most probable labellings agree with the data's.
    func evaluate(on data: TaggedSequences) throws -> TaggingReport {
        let own = data.renumbered(labelNames: labelNames, attributeNames: attributeNames)
        let labels = labelNames.count
        let predicted = try (0..<own.count).map { sequence in
            var states: [Double] = []
            for position in own.positions(of: sequence) {
                var scores = states.isEmpty ? first : [Double](repeating: 0, count: labels)
                for k in own.attributeStarts[position]..<own.attributeStarts[position + 1] {
                    let attribute = Int(own.attributes[k])
                    guard isUsed[attribute] else { continue }
                    for label in 0..<labels { scores[label] += emissions[attribute * labels + label] }
                }
                states += scores
            }
            let best = try ChainPotentials(labelCount: labels, states: states, transitions: transitions).bestPath()
            return best.path.map { labelNames.names[$0] }
        }
        return TaggingReport(predicted: predicted, expected: (0..<data.count).map { data.labelNames(of: $0) })
    }
}
