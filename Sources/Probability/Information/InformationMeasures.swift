internal import Foundation
public import NumericalMethods

/// Entropies and divergences of discrete distributions, in nats.
///
/// Probabilities must sum to 1 within 1e-6 (they come from models, in single precision) and are used as they are.
public enum InformationMeasures {
    /// H(p) = −Σ p log p, from 0 (sure) to log n (knows nothing).
    public static func entropy(_ p: [Double]) throws(StatisticsError) -> Double {
        try checkDistribution(p, "probability")
        return max(0, -p.reduce(0) { $0 + ($1 > 0 ? $1 * log($1) : 0) })
    }

    /// −Σ p log q; infinite where q calls impossible what p does not.
    public static func crossEntropy(_ p: [Double], _ q: [Double]) throws(StatisticsError) -> Double {
        try checkPair(p, q)
        return zip(p, q).reduce(0) { $0 + ($1.0 > 0 ? -$1.0 * log($1.1) : 0) }
    }

    /// Kullback and Leibler's divergence, Σ p log(p / q); infinite where q calls impossible what p does not.
    public static func divergence(_ p: [Double], from q: [Double]) throws(StatisticsError) -> Double {
        try checkPair(p, q)
        // Each term with its share of Σ q − Σ p is at least 0, so that rounding can't turn the sum negative.
        return zip(p, q).reduce(0) { sum, pair in
            let (a, b) = pair
            return sum + (a > 0 ? max(0, a * log(a / b) - a + b) : b)
        }
    }

    /// Jensen and Shannon's divergence: the mean divergence of p and q from their middle, from 0 to log 2.
    public static func jensenShannon(_ p: [Double], _ q: [Double]) throws(StatisticsError) -> Double {
        try checkPair(p, q)
        let middle = zip(p, q).map { 0.5 * ($0 + $1) }
        return min(log(2), 0.5 * (try divergence(p, from: middle)) + 0.5 * (try divergence(q, from: middle)))
    }

    /// The mutual information of rows and columns of a table of counts or probabilities (any positive total).
    ///
    /// For counts this is the plug-in estimate, too high by about (rows − 1)(columns − 1) / 2n.
    ///
    /// - Throws: ``StatisticsError`` for a negative or missing number or a table without mass.
    public static func mutualInformation(_ table: Matrix) throws(StatisticsError) -> Double {
        try Check.values(table.storage, in: 0...Double.greatestFiniteMagnitude, "cell")
        let total = table.storage.reduce(0, +)
        guard total > 0, total < .infinity else {
            throw .undefined(what: "mutual information", reason: "the table sums to \(total)")
        }
        var rows = [Double](repeating: 0, count: table.rows)
        var columns = [Double](repeating: 0, count: table.columns)
        for i in 0..<table.rows {
            for j in 0..<table.columns {
                rows[i] += table[i, j] / total
                columns[j] += table[i, j] / total
            }
        }
        var sum = 0.0
        for i in 0..<table.rows {
            for j in 0..<table.columns where table[i, j] > 0 {
                let p = table[i, j] / total
                sum += p * (log(p) - log(rows[i]) - log(columns[j]))
            }
        }
        return max(0, sum)
    }

    /// The largest probability less the second largest: how sure a classifier is.
    ///
    /// - Throws: ``StatisticsError`` for fewer than two classes, or numbers that are no probabilities.
    public static func margin(_ p: [Double]) throws(StatisticsError) -> Double {
        try Check.count(p.count, atLeast: 2, "classes")
        try checkDistribution(p, "probability")
        var first = -1.0
        var second = -1.0
        for x in p {
            if x > first {
                second = first
                first = x
            } else if x > second {
                second = x
            }
        }
        return first - second
    }

    private static func checkPair(_ p: [Double], _ q: [Double]) throws(StatisticsError) {
        try Check.sameCount(q.count, p.count, "probabilities")
        try checkDistribution(p, "probability")
        try checkDistribution(q, "probability")
    }

    private static func checkDistribution(_ p: [Double], _ what: String) throws(StatisticsError) {
        try Check.count(p.count, atLeast: 1, "probabilities")
        try Check.values(p, in: 0...(1 + 1e-6), what)
        let total = p.reduce(0, +)
        guard abs(total - 1) <= 1e-6 else {
            throw .value(
                what: "the sum of \(p.count) probabilities", index: nil, value: total, requirement: "1 within 1e-6")
        }
    }
}
