internal import Foundation
public import NumericalMethods

/// Intervals by resampling the data, the same on any number of threads: replicate r draws from stream r.
///
///     var bootstrap = Bootstrap(replicates: 2000)
///     bootstrap.groups = questionOfItem                  // resample whole questions
///     let result = try bootstrap.means(of: qualities, using: &random)
///     result.interval(0)                                  // BCa, 95 %
///
/// Means of many columns are the fast path. A replicate is a row of weights times the data, so no item is ever copied: the
/// columns of an item lie together and share one weight, and blocks of 2,048 items stay in cache while a batch of
/// replicates passes over them. With Poisson weights a weight costs a quarter of a random number and a byte of table, no
/// jump in memory: on one core a million items and a thousand replicates take seconds.
///
/// - Source: B. Efron and R. Tibshirani, "An introduction to the bootstrap", 1993; Poisson weights: J. Hanley and
///   B. MacGibbon, 2006, N. Chamandy et al., "Estimating uncertainty for massive data streams", 2012.
public struct Bootstrap: Sendable {
    /// How often a unit comes up in a replicate.
    public enum Scheme: String, Sendable, Codable, CaseIterable {
        /// As often as drawn: n draws with replacement.
        case multinomial
        /// A Poisson number of mean 1, on its own: the same to order 1 / n for means, and much faster for many items. A
        /// replicate that draws nothing at all in a stratum is drawn again.
        case poisson
    }

    /// Number of replicates.
    public var replicates: Int
    /// How weights are drawn.
    public var scheme: Scheme
    /// `[items]`: items of equal number are drawn together (clusters); nil for single items.
    public var groups: [Int]?
    /// `[items]`: items of equal number are a stratum, whose size every replicate keeps; nil for one stratum.
    public var strata: [Int]?

    /// A bootstrap of single items, unless ``groups`` or ``strata`` are set.
    public init(replicates: Int = 1000, scheme: Scheme = .poisson, groups: [Int]? = nil, strata: [Int]? = nil) {
        self.replicates = replicates
        self.scheme = scheme
        self.groups = groups
        self.strata = strata
    }

    /// The replicates of the mean of every column. The stream moves on by one number.
    ///
    /// With groups the mean is still that of the items: the ratio of the groups' sums to their sizes. With strata each
    /// stratum keeps its share of the items.
    ///
    /// - Parameter columns: `[items, statistics]`, finite.
    /// - Throws: ``StatisticsError``.
    public func means(of columns: Matrix, using random: inout Random) throws(StatisticsError) -> BootstrapResult {
        try Check.count(columns.columns, atLeast: 1, "columns")
        try Check.finite(columns.storage, "value")
        try Check.count(replicates, atLeast: 2, "replicates")
        let units = try ResamplingUnits(items: columns.rows, groups: groups, strata: strata)
        return try WeightedMeans(columns, units).bootstrap(replicates, scheme, streams: random.fork())
    }

    /// The replicates of one mean.
    ///
    /// - Throws: ``StatisticsError``.
    public func mean(of values: [Double], using random: inout Random) throws(StatisticsError) -> BootstrapResult {
        try means(of: Matrix(rows: values.count, columns: 1, storage: values), using: &random)
    }

    /// The replicates of the mean of `first − second`, item by item: what two ways differ by on the same items.
    ///
    /// - Throws: ``StatisticsError``.
    public func pairedDifference(
        _ first: [Double], _ second: [Double], using random: inout Random
    ) throws(StatisticsError) -> BootstrapResult {
        try Check.sameCount(second.count, first.count, "paired values")
        return try mean(of: zip(first, second).map { $0 - $1 }, using: &random)
    }

    /// The replicates of any statistic that can be computed from weights, `[items]`, whole numbers as doubles.
    ///
    /// It is called once with all weights 1, once per replicate, and, for the acceleration, once per unit with that unit
    /// left out (`needsAcceleration` false saves that, and leaves BCa intervals to the bias correction alone).
    ///
    /// - Throws: ``StatisticsError``, also where the statistic is NaN; whatever the statistic throws.
    public func statistic(
        items: Int, needsAcceleration: Bool = true, using random: inout Random,
        _ statistic: @Sendable (UnsafeBufferPointer<Double>) throws -> Double
    ) throws -> BootstrapResult {
        try Check.count(replicates, atLeast: 2, "replicates")
        let units = try ResamplingUnits(items: items, groups: groups, strata: strata)
        let streams = random.fork()
        let scheme = scheme
        @Sendable func value(of unitWeights: [Double]) throws -> Double {
            var weights = [Double](repeating: 0, count: items)
            for unit in 0..<units.count {
                for position in units.starts[unit]..<units.starts[unit + 1] {
                    weights[units.order[position]] = unitWeights[unit]
                }
            }
            let value = try weights.withUnsafeBufferPointer(statistic)
            if value.isNaN {
                throw StatisticsError.undefined(what: "a bootstrap replicate", reason: "the statistic gave NaN")
            }
            return value
        }
        let ones = [Double](repeating: 1, count: units.count)
        let estimate = try value(of: ones)
        let values = try Parallel.map(count: replicates) { replicate in
            var random = streams.split(UInt64(replicate))
            var weights = [Double](repeating: 0, count: units.count)
            for stratum in units.strata { UnitWeights.draw(stratum, scheme, into: &weights, using: &random) }
            return try value(of: weights)
        }
        var acceleration = 0.0
        if needsAcceleration, units.strata.allSatisfy({ $0.count > 1 }) {
            let left = try Parallel.map(count: units.count) { unit in
                var weights = ones
                weights[unit] = 0
                return try value(of: weights)
            }
            var influences: [Double] = []
            for stratum in units.strata {
                let mean = stratum.reduce(0) { $0 + left[$1] } / Double(stratum.count)
                influences += stratum.map { mean - left[$0] }
            }
            acceleration = BootstrapResult.acceleration(influences)
        }
        return BootstrapResult(
            estimates: [estimate], replicates: Matrix(rows: replicates, columns: 1, storage: values),
            accelerations: [acceleration], count: units.count)
    }
}
