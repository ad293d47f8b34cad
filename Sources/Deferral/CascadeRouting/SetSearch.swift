import Cascades
import NumericalMethods

/// A set of stages and how many stages there are in all.
struct StageSetRange {
    var set: StageSet
    var total: Int
}

/// The set of further stages that is worth most: expected maximum quality less price times cost.
///
/// The expected maximum is submodular in the set and costs add, so what a stage brings can only shrink as the set grows:
/// a stage that brings nothing to a set brings nothing to any larger one and is dropped below it, and the gains of the
/// stages that are left bound what the rest of a branch can reach. With both, the search is exact and looks at few sets.
struct SetSearch {
    /// The best set.
    private(set) var best = StageSet()
    /// Its value.
    private(set) var value: Double

    /// - Parameters:
    ///   - known: the best value in hand; -infinity when nothing was asked, and then at least one stage is chosen.
    ///   - stages: the stages that can be asked.
    ///   - costs: price times cost of each stage, `[all stages]`.
    ///   - scratch: ``scratchCount(stages:)`` doubles.
    init(
        known: Double, stages: StageSetRange, means: UnsafePointer<Double>, deviations: UnsafePointer<Double>,
        loadings: UnsafePointer<Double>?, costs: UnsafePointer<Double>, scratch: UnsafeMutablePointer<Double>
    ) {
        value = known
        guard !stages.set.isEmpty else { return }
        if stages.set.allSatisfy({ deviations[$0] == 0 }) && loadings == nil {
            // Nothing is revealed by asking: the maximum over a set is that of its best stage, which is asked alone.
            for stage in stages.set where means[stage] - costs[stage] > value {
                (value, best) = (means[stage] - costs[stage], StageSet(stage))
            }
            return
        }
        let stages = StageSetRange(
            set: Self.worthwhile(
                known: known, stages: stages.set, means: means, deviations: deviations, loadings: loadings, costs: costs
            ),
            total: stages.total)
        if stages.set.isEmpty { return }
        let maximum = ExpectedMaximum(
            known: known, stages: stages, means: means, deviations: deviations, loadings: loadings, scratch: scratch)
        maximum.begin()
        let gains = scratch + ExpectedMaximum.scratchCount(stages: stages.total)
        let start = settle(maximum, stages: stages, hasKnown: known > -.infinity, costs: costs)
        let current =
            start.included.isEmpty ? known : maximum.value(at: 0) - start.included.reduce(0) { $0 + costs[$1] }
        if current > value { (value, best) = (current, start.included) }
        if !start.open.isEmpty {
            descend(
                maximum, from: start.included, depth: 0, value: current, candidates: start.open, costs: costs,
                gains: gains, total: stages.total)
        }
    }

    /// The stages that bring something to the value in hand, each alone: what one brings to more can only be less.
    /// By the closed form E max(d, X) - d = (m - d) Φ((m - d) / s) + s φ((m - d) / s).
    private static func worthwhile(
        known: Double, stages: StageSet, means: UnsafePointer<Double>, deviations: UnsafePointer<Double>,
        loadings: UnsafePointer<Double>?, costs: UnsafePointer<Double>
    ) -> StageSet {
        if known == -.infinity { return stages }
        var kept = stages
        for stage in stages {
            let shared = loadings?[stage] ?? 0
            let spread = (deviations[stage] * deviations[stage] + shared * shared).squareRoot()
            let lead = means[stage] - known
            let gain =
                spread > 0
                ? lead * normalCDF(lead / spread) + spread * normalDensity(lead / spread) : max(lead, 0)
            if gain - costs[stage] <= least { kept.remove(stage) }
        }
        return kept
    }

    /// Settles what submodularity settles without a search. A stage that brings nothing to the stages taken is out; one
    /// that still brings something when all others are in is in. Leaves the product over the stages taken at depth 0.
    private func settle(
        _ maximum: ExpectedMaximum, stages: StageSetRange, hasKnown: Bool, costs: UnsafePointer<Double>
    ) -> (included: StageSet, open: StageSet) {
        var included = StageSet()
        var open = stages.set
        var changed = true
        while changed && !open.isEmpty {
            changed = false
            if hasKnown || !included.isEmpty {
                let value = maximum.value(at: 0)
                for stage in open where maximum.value(adding: stage, at: 0) - value - costs[stage] <= Self.least {
                    open.remove(stage)
                    changed = true
                }
            }
            guard open.count > 1 || hasKnown || !included.isEmpty else { break }
            var taken = StageSet()
            maximum.leaveOneOut(open) { stage, all, without in
                if all - without - costs[stage] > Self.least { taken.insert(stage) }
            }
            for stage in taken {
                maximum.descend(adding: stage, from: 0, to: 0)
                included.insert(stage)
                open.remove(stage)
                changed = true
            }
        }
        return (included, open)
    }

    /// Gains below this are within the quadrature's error.
    private static let least = 1e-7

    static func scratchCount(stages: Int) -> Int {
        ExpectedMaximum.scratchCount(stages: stages) + (stages + 1) * stages
    }

    /// Looks at every set that holds `set`, whose product stands at `depth` and whose value is `current`.
    private mutating func descend(
        _ maximum: ExpectedMaximum, from set: StageSet, depth: Int, value current: Double, candidates: StageSet,
        costs: UnsafePointer<Double>, gains: UnsafeMutablePointer<Double>, total: Int
    ) {
        var spent = 0.0
        for stage in set { spent += costs[stage] }
        // With nothing in hand every first stage is worth a look; afterwards only those that bring something.
        let hasNothing = current == -.infinity
        var rest = StageSet()
        let row = gains + depth * total
        var reachable = 0.0
        for stage in candidates {
            let with = maximum.value(adding: stage, at: depth) - spent - costs[stage]
            if with > value { (value, best) = (with, set.union(StageSet(stage))) }
            row[stage] = hasNothing ? with : with - current
            if hasNothing || row[stage] > Self.least {
                rest.insert(stage)
                reachable += row[stage]
            }
        }
        // From the most useful down; a stage tried is left out of the later branches, so that no set comes twice.
        while rest.count > 1 {
            // No set in this branch or a later one can reach more than all the gains that are left.
            if !hasNothing && current + reachable <= value { break }
            var stage = rest.first!
            for other in rest where row[other] > row[stage] { stage = other }
            rest.remove(stage)
            reachable -= row[stage]
            maximum.descend(adding: stage, from: depth, to: depth + 1)
            descend(
                maximum, from: set.union(StageSet(stage)), depth: depth + 1,
                value: hasNothing ? row[stage] : current + row[stage], candidates: rest, costs: costs, gains: gains,
                total: total)
        }
    }
}
