/// The items in falling order of one score, in groups of equal scores: the places where a threshold can cut.
///
/// Cut `c` stops the items of the first `c` groups; cut 0 stops none.
struct ScoreOrder: Sendable {
    /// For each item, the group it is in; items without a score are in the last group, which no cut stops.
    let group: [Int32]
    /// The score of each group, falling; the last group's is `NaN` when some items have no score.
    let scores: [Double]
    /// The items in falling order of score.
    let items: [Int32]
    /// Where each group starts in ``items``; one more entry closes the last.
    let starts: [Int32]

    init(_ values: [Double]) {
        // Missing scores sort as the least.
        let keys = values.map { $0.isNaN ? -Double.infinity : $0 }
        let order = values.indices.sorted { (keys[$0], $1) > (keys[$1], $0) }
        var group = [Int32](repeating: 0, count: values.count)
        var scores: [Double] = []
        var starts: [Int32] = []
        var previous: Double?
        for (place, item) in order.enumerated() {
            let isMissing = values[item].isNaN
            let isNew = previous.map { isMissing != $0.isNaN || (!isMissing && $0 != values[item]) } ?? true
            if isNew {
                scores.append(values[item])
                starts.append(Int32(place))
                previous = values[item]
            }
            group[item] = Int32(scores.count - 1)
        }
        starts.append(Int32(values.count))
        self.group = group
        self.scores = scores
        self.starts = starts
        items = order.map(Int32.init)
    }

    /// The number of cuts beyond cut 0: groups that have a score.
    var cuts: Int { scores.last?.isNaN == true ? scores.count - 1 : scores.count }

    /// The threshold that makes cut `cut`: halfway to the next group, so that new items near it fall where most would.
    func threshold(cut: Int) -> Double {
        if cut == 0 { return .infinity }
        if cut >= cuts { return -.infinity }
        let (above, below) = (scores[cut - 1], scores[cut])
        let middle = below + (above - below) / 2
        // With neighbouring floating-point numbers the middle can round down onto the lower one.
        return middle > below && middle.isFinite ? middle : above
    }
}
