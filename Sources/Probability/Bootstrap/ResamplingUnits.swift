/// What a bootstrap resamples: single items, whole groups of them, either within strata.
struct ResamplingUnits: Sendable {
    /// Stratum by stratum, the units of each as ranges of ``members``.
    var strata: [Range<Int>]
    /// The items of each unit: `order[starts[u]..<starts[u + 1]]`.
    var starts: [Int]
    var order: [Int]

    var count: Int { starts.count - 1 }

    /// - Parameters:
    ///   - groups: `[items]`, equal numbers stay together; nil for single items.
    ///   - strata: `[items]`, constant within a group; nil for one stratum.
    init(items: Int, groups: [Int]?, strata labels: [Int]?) throws(StatisticsError) {
        try Check.count(items, atLeast: 1, "items")
        if let groups { try Check.sameCount(groups.count, items, "groups") }
        if let labels { try Check.sameCount(labels.count, items, "strata") }
        order = Array(0..<items)
        if groups != nil || labels != nil {
            order.sort { a, b in
                if let labels, labels[a] != labels[b] { return labels[a] < labels[b] }
                if let groups, groups[a] != groups[b] { return groups[a] < groups[b] }
                return a < b
            }
        }
        starts = []
        strata = []
        var first = 0
        var home: [Int: Int] = [:]
        for (position, item) in order.enumerated() {
            let previous = position > 0 ? order[position - 1] : item
            let opensStratum = position > 0 && labels != nil && labels![item] != labels![previous]
            if position == 0 || groups == nil || opensStratum || groups![item] != groups![previous] {
                if opensStratum {
                    strata.append(first..<starts.count)
                    first = starts.count
                }
                starts.append(position)
                if let groups, labels != nil, home.updateValue(item, forKey: groups[item]) != nil {
                    throw .undefined(
                        what: "a bootstrap of groups within strata",
                        reason: "group \(groups[item]) lies in two strata (item \(item) and another)")
                }
            }
        }
        strata.append(first..<starts.count)
        starts.append(items)
    }
}
