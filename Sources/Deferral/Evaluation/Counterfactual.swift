public import Cascades

/// What would have changed a policy's mind: for one signal at one decision, the nearest other value that changes the move.
///
/// Any policy can be asked: the search tries values that the signal takes in a log, so it needs no formula, and every
/// value it finds is one that can come up. Where moves change back and forth, it is the nearest change on each side
/// among those values.
public struct Counterfactual: Sendable, Hashable {
    /// The signal's index in the schema.
    public var signal: Int
    /// The value it had.
    public var value: Double
    /// The nearest value that changes the move.
    public var changed: Double
    /// The move with the value it had.
    public var move: Move
    /// The move with the changed value.
    public var changedMove: Move
    /// How far the change goes, as the share of the log's values that lie between the two: 0 is the next value.
    public var shareBetween: Double

    /// The nearest change of each known signal alone that changes what `policy` does in `state`, the smallest first.
    ///
    /// - Parameters:
    ///   - policy: any policy.
    ///   - state: what is known; signals that are `NaN` are left alone.
    ///   - log: where values are taken from; its schema is the state's.
    ///   - limit: how many values of a signal are tried at most: evenly spaced quantiles, then bisection over all values
    ///     between the first that changes the move and its neighbour.
    public static func nearest(
        _ policy: any Policy, in state: PolicyState, log: OutcomeLog, limit: Int = 200
    ) -> [Counterfactual] {
        let move = policy.next(state)
        let changes = state.signals.indices.compactMap { signal -> Counterfactual? in
            let value = state.signals[signal]
            if value.isNaN { return nil }
            let values = distinctValues(of: signal, in: log)
            func moveAt(_ index: Int) -> Move { policy.next(state.with(signal: signal, values[index])) }
            var best: Counterfactual?
            // Upwards from the first value above, then downwards from the last below.
            let above = values.firstIndex { $0 > value } ?? values.count
            let below = (values.firstIndex { $0 >= value } ?? values.count) - 1
            for (start, direction) in [(above, 1), (below, -1)] {
                let count = direction > 0 ? values.count - start : start + 1
                guard count > 0,
                    let steps = firstChange(
                        count: count, limit: limit, changes: { moveAt(start + direction * $0) != move })
                else { continue }
                let index = start + direction * steps
                let share = Double(steps) / Double(max(values.count, 1))
                if best.map({ share < $0.shareBetween }) ?? true {
                    best = Counterfactual(
                        signal: signal, value: value, changed: values[index], move: move, changedMove: moveAt(index),
                        shareBetween: share)
                }
            }
            return best
        }
        return changes.sorted { ($0.shareBetween, $0.signal) < ($1.shareBetween, $1.signal) }
    }

    /// The least step of those looked at from which on `changes` holds, or nil: a coarse walk, then bisection within its
    /// last stride.
    static func firstChange(count: Int, limit: Int, changes: (Int) -> Bool) -> Int? {
        let stride = max(1, (count + limit - 1) / limit)
        var low = -1
        var step = 0
        while true {
            if changes(step) { break }
            low = step
            if step == count - 1 { return nil }
            step = min(step + stride, count - 1)
        }
        while step - low > 1 {
            let middle = (low + step) / 2
            if changes(middle) { step = middle } else { low = middle }
        }
        return step
    }

    /// The values that `signal` takes in `log`, rising, each once.
    private static func distinctValues(of signal: Int, in log: OutcomeLog) -> [Double] {
        var values = (0..<log.count).map { log.signal(item: $0, signal) }.filter { !$0.isNaN }
        values.sort()
        var distinct: [Double] = []
        for value in values where distinct.last != value { distinct.append(value) }
        return distinct
    }
}
