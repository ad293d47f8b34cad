public import Cascades
import Probability

/// For which sets of stages that have answered an estimator is trained: each item is shown once for each set.
public enum AnsweredSets: Sendable, Hashable, Codable {
    /// Nothing has answered: what a router sees.
    case none
    /// These sets.
    case each([StageSet])
    /// Sets of at least `least` stages drawn for each item: half of them prefixes in order of cost, half any subset, of
    /// every size alike. Where there are no more than `perItem` sets in all, each item is shown with all of them.
    case sampled(perItem: Int, least: Int = 0)

    /// The sets for one item, of which only stages in `present` can have answered. Sets may repeat.
    func draw(order: [Int], present: StageSet, using random: inout Random) -> [StageSet] {
        switch self {
        case .none: return [StageSet()]
        case .each(let sets): return sets.filter { $0.isSubset(of: present) }
        case .sampled(let perItem, let least):
            let stages = order.count
            if stages < 16, 1 << stages <= perItem {
                return (0..<UInt64(1) << UInt64(stages)).map { StageSet(bits: $0) }
                    .filter { $0.isSubset(of: present) && $0.count >= least }
            }
            return (0..<perItem).map { index in
                let size = least + Int(random.uniform() * Double(stages + 1 - least))
                if index % 2 == 0 { return StageSet(order.prefix(size)).intersection(present) }
                // A uniform subset of that size, by selection sampling.
                var set = StageSet()
                var needed = size
                for stage in 0..<stages where random.uniform() * Double(stages - stage) < Double(needed) {
                    set.insert(stage)
                    needed -= 1
                }
                return set.intersection(present)
            }
        }
    }
}
