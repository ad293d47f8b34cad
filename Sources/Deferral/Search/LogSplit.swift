public import Cascades
public import Probability

/// Which items are learned from and which are kept back.
public struct LogSplit: Sendable, Hashable {
    /// Items to learn from.
    public var training: [Int]
    /// Items kept back.
    public var heldOut: [Int]

    /// How items are kept back.
    public enum Method: String, Sendable, CaseIterable, Codable {
        /// The log's own marks where it has `train` and `test`, else by chance.
        case automatic
        /// By chance.
        case random
        /// The latest items.
        case time
        /// Whole groups.
        case group
    }

    /// Splits `log`.
    ///
    /// Items with the same input text always stay together, so that no answer is learned by heart.
    /// - Throws: ``DeferralError/unsuitableLog(family:reason:remedy:)`` where the log lacks what the method needs.
    public init(_ log: OutcomeLog, method: Method = .automatic, share: Double, using random: inout Random) throws {
        if method == .automatic, let marks = Self.marks(log) {
            self = marks
            return
        }
        if method == .time {
            guard !log.times.isEmpty else {
                throw DeferralError.unsuitableLog(
                    family: "split", reason: "the log has no times",
                    remedy: "Add `time` to its items, or split at random.")
            }
            let order = log.times.indices.sorted { (log.times[$0], $0) < (log.times[$1], $1) }
            let cut = Int((Double(log.count) * (1 - share)).rounded())
            training = order[..<cut].sorted()
            heldOut = order[cut...].sorted()
            return
        }
        if method == .group && log.groups.isEmpty {
            throw DeferralError.unsuitableLog(
                family: "split", reason: "the log has no groups",
                remedy: "Add `group` to its items, or split at random.")
        }
        let blocks = Self.blocks(log, byGroup: method == .group)
        var order = Array(0..<blocks.count)
        random.shuffle(&order)
        training = []
        heldOut = []
        let wanted = Int((Double(log.count) * share).rounded())
        for block in order {
            if heldOut.count < wanted { heldOut += blocks[block] } else { training += blocks[block] }
        }
        training.sort()
        heldOut.sort()
    }

    /// The log's own marks, where it has both `train` and `test`.
    private static func marks(_ log: OutcomeLog) -> LogSplit? {
        var split = LogSplit(training: [], heldOut: [])
        for item in 0..<log.count {
            switch log.splits[item] {
            case "train", "training": split.training.append(item)
            case "test", "held-out": split.heldOut.append(item)
            default: break
            }
        }
        return split.training.isEmpty || split.heldOut.isEmpty ? nil : split
    }

    private init(training: [Int], heldOut: [Int]) {
        self.training = training
        self.heldOut = heldOut
    }

    /// Items that must stay together, in order of first appearance.
    static func blocks(_ log: OutcomeLog, byGroup: Bool = false) -> [[Int]] {
        var blocks: [[Int]] = []
        var block: [String: Int] = [:]
        for item in 0..<log.count {
            let key =
                byGroup ? log.groups[item] : log.inputs.isEmpty || log.inputs[item].isEmpty ? nil : log.inputs[item]
            if let key, let known = block[key] {
                blocks[known].append(item)
            } else {
                if let key { block[key] = blocks.count }
                blocks.append([item])
            }
        }
        return blocks
    }

    /// `count` folds of `log`, each item in one: items with the same input text share a fold.
    static func folds(_ log: OutcomeLog, count: Int, using random: inout Random) -> [[Int]] {
        let blocks = blocks(log)
        var order = Array(0..<blocks.count)
        random.shuffle(&order)
        var folds = [[Int]](repeating: [], count: count)
        for (place, block) in order.enumerated() { folds[place % count] += blocks[block] }
        return folds.map { $0.sorted() }
    }
}
