/// Why a statistic can't be computed from these data.
public enum StatisticsError: Error, Equatable, CustomStringConvertible {
    /// Fewer data than the statistic needs.
    case tooFew(what: String, found: Int, needed: Int)
    /// Two columns of different lengths.
    case lengths(what: String, expected: Int, found: Int)
    /// A value that is not a number, or outside its range.
    case value(what: String, index: Int?, value: Double, requirement: String)
    /// Data in which what is asked has no answer, such as a ranking of one class.
    case undefined(what: String, reason: String)

    /// What is wrong, where, and what would be right.
    public var description: String {
        switch self {
        case .tooFew(let what, let found, let needed):
            "\(what): found \(found), and at least \(needed) are needed"
        case .lengths(let what, let expected, let found):
            "\(what): expected \(expected) of them, found \(found)"
        case .value(let what, let index, let value, let requirement):
            "\(what)\(index.map { " \($0)" } ?? "") is \(value); it must be \(requirement)"
        case .undefined(let what, let reason):
            "\(what) does not exist: \(reason)"
        }
    }
}

/// Checks at the door, shared by the room.
enum Check {
    static func count(_ found: Int, atLeast needed: Int, _ what: String) throws(StatisticsError) {
        guard found >= needed else { throw .tooFew(what: what, found: found, needed: needed) }
    }

    static func sameCount(_ found: Int, _ expected: Int, _ what: String) throws(StatisticsError) {
        guard found == expected else { throw .lengths(what: what, expected: expected, found: found) }
    }

    static func values(
        _ values: [Double], in range: ClosedRange<Double>, _ what: String
    ) throws(StatisticsError) {
        for (i, v) in values.enumerated() where !(v >= range.lowerBound && v <= range.upperBound) {
            throw .value(what: what, index: i, value: v, requirement: "from \(range.lowerBound) to \(range.upperBound)")
        }
    }

    static func finite(_ values: [Double], _ what: String) throws(StatisticsError) {
        for (i, v) in values.enumerated() where !v.isFinite {
            throw .value(what: what, index: i, value: v, requirement: "finite")
        }
    }

    /// Strictly between 0 and 1.
    static func open(_ value: Double, _ what: String) throws(StatisticsError) {
        guard value > 0, value < 1 else {
            throw .value(what: what, index: nil, value: value, requirement: "above 0 and below 1")
        }
    }

    /// Scores with targets in [0, 1] and weights that are not negative and not all zero.
    static func pairs(
        _ scores: [Double], _ targets: [Double], _ weights: [Double]?, scores name: String = "score"
    ) throws(StatisticsError) {
        try count(scores.count, atLeast: 1, "items")
        try sameCount(targets.count, scores.count, "targets")
        try finite(scores, name)
        try values(targets, in: 0...1, "target")
        if let weights {
            try sameCount(weights.count, scores.count, "weights")
            try values(weights, in: 0...Double.greatestFiniteMagnitude, "weight")
            guard weights.contains(where: { $0 > 0 }) else {
                throw .undefined(what: "a weighted statistic", reason: "all weights are zero")
            }
        }
    }
}
