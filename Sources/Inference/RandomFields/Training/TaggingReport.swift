/// How well predicted labels agree with expected ones.
public struct TaggingReport: Sendable, Equatable {
    /// What was found of one label.
    public struct Label: Sendable, Equatable {
        /// Positions where it was predicted and expected.
        public fileprivate(set) var correct = 0
        /// Positions where it was predicted.
        public fileprivate(set) var predicted = 0
        /// Positions where it was expected.
        public fileprivate(set) var expected = 0

        /// Correct of predicted; 0 where it was never predicted.
        public var precision: Double { predicted == 0 ? 0 : Double(correct) / Double(predicted) }
        /// Correct of expected; 0 where it was never expected.
        public var recall: Double { expected == 0 ? 0 : Double(correct) / Double(expected) }
        /// The harmonic mean of precision and recall; 0 where both are.
        public var f1: Double {
            predicted + expected == 0 ? 0 : 2 * Double(correct) / Double(predicted + expected)
        }
    }

    /// The labels by name.
    public private(set) var labels: [String: Label] = [:]
    /// Positions with an expected label.
    public private(set) var positions = 0
    /// Those predicted correctly.
    public private(set) var correctPositions = 0
    /// Sequences with at least one expected label.
    public private(set) var sequences = 0
    /// Those predicted correctly throughout.
    public private(set) var correctSequences = 0

    /// Compares labels sequence by sequence; positions without an expected label don't count.
    public init(predicted: [[String]], expected: [[String?]]) {
        precondition(predicted.count == expected.count, "there are as many predicted as expected sequences")
        for (own, others) in zip(predicted, expected) {
            precondition(own.count == others.count, "a sequence has as many predicted as expected labels")
            var known = 0
            var hits = 0
            for (label, other) in zip(own, others) {
                guard let other else { continue }
                known += 1
                labels[label, default: Label()].predicted += 1
                labels[other, default: Label()].expected += 1
                guard label == other else { continue }
                hits += 1
                labels[label, default: Label()].correct += 1
            }
            guard known > 0 else { continue }
            sequences += 1
            positions += known
            correctPositions += hits
            if hits == known { correctSequences += 1 }
        }
    }

    /// The share of positions predicted correctly.
    public var accuracy: Double { positions == 0 ? 0 : Double(correctPositions) / Double(positions) }
    /// The share of sequences predicted correctly throughout.
    public var sequenceAccuracy: Double { sequences == 0 ? 0 : Double(correctSequences) / Double(sequences) }
    /// The mean F1 of all labels, each counting the same.
    public var macroF1: Double {
        labels.isEmpty ? 0 : labels.keys.sorted().reduce(0) { $0 + labels[$1]!.f1 } / Double(labels.count)
    }

    /// F1 over all positions of the labels that `include` admits, such as all but `O`.
    public func microF1(_ include: (String) -> Bool) -> Double {
        var sum = Label()
        for (name, label) in labels where include(name) {
            sum.correct += label.correct
            sum.predicted += label.predicted
            sum.expected += label.expected
        }
        return sum.f1
    }
}
