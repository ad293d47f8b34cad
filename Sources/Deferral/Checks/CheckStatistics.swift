#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif
import NumericalMethods

/// The tests that checks use. Each returns nil where there is too little to test.
enum CheckStatistics {
    /// Mean and variance (divisor n - 1).
    static func moments(_ values: [Double]) -> (mean: Double, variance: Double) {
        let mean = values.reduce(0, +) / Double(values.count)
        let squares = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
        return (mean, values.count > 1 ? squares / Double(values.count - 1) : 0)
    }

    /// Two-sided tail probability of Student's t.
    static func tTail(_ t: Double, degrees: Double) -> Double {
        regularizedBeta(degrees / (degrees + t * t), degrees / 2, 0.5)
    }

    /// Welch's test (1947) that two means are equal. At least 10 values each, since they needn't be normal.
    static func welch(_ a: [Double], _ b: [Double]) -> (difference: Double, p: Double)? {
        guard a.count >= 10, b.count >= 10 else { return nil }
        let (meanA, varianceA) = moments(a)
        let (meanB, varianceB) = moments(b)
        let (errorA, errorB) = (varianceA / Double(a.count), varianceB / Double(b.count))
        guard errorA + errorB > 0 else { return nil }
        let t = (meanA - meanB) / (errorA + errorB).squareRoot()
        let degrees =
            (errorA + errorB) * (errorA + errorB)
            / (errorA * errorA / Double(a.count - 1) + errorB * errorB / Double(b.count - 1))
        return (meanA - meanB, tTail(t, degrees: degrees))
    }

    /// Ranks from 1, tied values sharing their mean rank.
    static func ranks(_ values: [Double]) -> [Double] {
        let order = values.indices.sorted { (values[$0], $0) < (values[$1], $1) }
        var ranks = [Double](repeating: 0, count: values.count)
        var start = 0
        while start < order.count {
            var end = start
            while end < order.count, values[order[end]] == values[order[start]] { end += 1 }
            for position in start..<end { ranks[order[position]] = Double(start + end + 1) / 2 }
            start = end
        }
        return ranks
    }

    /// Spearman's rank correlation and its two-sided p-value by the t approximation; at least 20 pairs.
    static func spearman(_ a: [Double], _ b: [Double]) -> (correlation: Double, p: Double)? {
        guard a.count >= 20 else { return nil }
        let (x, y) = (ranks(a), ranks(b))
        let (meanX, varianceX) = moments(x)
        let (meanY, varianceY) = moments(y)
        guard varianceX > 0, varianceY > 0 else { return nil }
        var product = 0.0
        for i in x.indices { product += (x[i] - meanX) * (y[i] - meanY) }
        let degrees = Double(a.count - 2)
        let r = min(max(product / Double(a.count - 1) / (varianceX * varianceY).squareRoot(), -1), 1)
        // A perfect correlation has an infinite t.
        let p = abs(r) == 1 ? 0 : tTail(r * (degrees / (1 - r * r)).squareRoot(), degrees: degrees)
        return (r, p)
    }

    /// One-way analysis of variance: the p-value of equal group means and the intra-class correlation.
    static func analysisOfVariance(_ values: [Double], groups: [Int]) -> (intraClass: Double, p: Double)? {
        let groupCount = (groups.max() ?? -1) + 1
        var sums = [Double](repeating: 0, count: groupCount)
        var counts = [Double](repeating: 0, count: groupCount)
        for (value, group) in zip(values, groups) {
            sums[group] += value
            counts[group] += 1
        }
        let used = Double(counts.count { $0 > 0 })
        let count = Double(values.count)
        guard used >= 2, count - used >= 20 else { return nil }
        let (mean, variance) = moments(values)
        var between = 0.0
        for group in 0..<groupCount where counts[group] > 0 {
            let difference = sums[group] / counts[group] - mean
            between += counts[group] * difference * difference
        }
        let total = variance * (count - 1)
        let within = max(total - between, 0)
        guard total > 0 else { return nil }
        let (betweenMean, withinMean) = (between / (used - 1), within / (count - used))
        let size = (count - counts.reduce(0) { $0 + $1 * $1 } / count) / (used - 1)
        let intraClass = (betweenMean - withinMean) / (betweenMean + (size - 1) * withinMean)
        let p = regularizedBeta(within / (within + between), (count - used) / 2, (used - 1) / 2)
        return (intraClass, p)
    }

    /// The share of (positive, negative) pairs in which the positive one has the larger score, ties half.
    static func areaUnderROC(_ scores: [Double], positive: [Bool]) -> (area: Double, rarer: Int)? {
        let positives = positive.count { $0 }
        let negatives = scores.count - positives
        guard positives > 0, negatives > 0 else { return nil }
        let ranks = ranks(scores)
        var sum = 0.0
        for (rank, isPositive) in zip(ranks, positive) where isPositive { sum += rank }
        let pairs = Double(positives) * Double(negatives)
        return ((sum - Double(positives) * Double(positives + 1) / 2) / pairs, min(positives, negatives))
    }

    /// A bound on the probability that the mean of `count` numbers in 0...1 reaches `mean` although its expectation is at
    /// most `expectation` (Hoeffding 1963, theorem 1): exp(-n kl(mean, expectation)).
    static func hoeffding(mean: Double, expectation: Double, count: Int) -> Double {
        guard mean > expectation else { return 1 }
        func term(_ p: Double, _ q: Double) -> Double { p == 0 ? 0 : p * log(p / q) }
        return exp(-Double(count) * (term(mean, expectation) + term(1 - mean, 1 - expectation)))
    }
}
