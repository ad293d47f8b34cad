import Foundation
public import Probability

/// An effect measured with every member of a population on every item.
///
///     y[member, item] = μ + a[member] + b[item] + e[member, item]
///
/// a, b and e are draws: of members, of items, and of what is left. For a full table the estimates are in closed form. With
/// M members, I items and the mean squares of the analysis of variance, A of members, B of items and E of the rest:
///
///     var(a) = (A - E) / I      var(b) = (B - E) / M      var(e) = E      var(mean) = (A + B - E) / (M I)
///
/// An estimated variance below 0 is taken as 0, and var(mean) as no less than either of A and B alone says.
///
/// - Source: Searle, Casella and McCulloch, "Variance components", 1992, section 4.3 (two-way crossed, random).
public struct CrossedEffects: Sendable, Hashable {
    /// The effects, `[members][items]`.
    public let values: [[Double]]
    /// The mean over all, with its standard error for other members and other items.
    public let mean: Estimate
    /// The standard deviations of members, of items, and of what is left.
    public let memberDeviation: Double
    public let itemDeviation: Double
    public let residualDeviation: Double

    /// The effects `values`, `[members][items]`.
    /// - Throws: ``LanguageError/improperParameter(name:value:expected:)`` unless there are two items and one member at
    ///   least, and a finite number for each pair. With one member its variance is unknown and taken as 0: what a study of
    ///   one model must assume.
    public init(_ values: [[Double]]) throws(LanguageError) {
        let members = values.count
        let items = values.first?.count ?? 0
        guard members >= 1, items >= 2, values.allSatisfy({ $0.count == items && $0.allSatisfy(\.isFinite) }) else {
            throw .improperParameter(
                name: "effects", value: "\(members) members, \(items) items",
                expected: "a finite number for each of one or more members and two or more items")
        }
        self.values = values
        let (m, n) = (Double(members), Double(items))
        let memberMeans = values.map { $0.reduce(0, +) / n }
        let itemMeans = (0..<items).map { item in values.reduce(0) { $0 + $1[item] } / m }
        let mean = memberMeans.reduce(0, +) / m
        let itemSquares = m * itemMeans.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / (n - 1)
        guard members > 1 else {
            memberDeviation = 0
            residualDeviation = 0
            itemDeviation = itemSquares.squareRoot()
            self.mean = Estimate(value: mean, standardError: (itemSquares / n).squareRoot(), count: items)
            return
        }
        let memberSquares = n * memberMeans.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / (m - 1)
        var rest = 0.0
        for member in 0..<members {
            for item in 0..<items {
                let left = values[member][item] - memberMeans[member] - itemMeans[item] + mean
                rest += left * left
            }
        }
        rest /= (m - 1) * (n - 1)
        memberDeviation = max(0, (memberSquares - rest) / n).squareRoot()
        itemDeviation = max(0, (itemSquares - rest) / m).squareRoot()
        residualDeviation = rest.squareRoot()
        let variance = max(memberSquares + itemSquares - rest, memberSquares, itemSquares) / (m * n)
        self.mean = Estimate(value: mean, standardError: variance.squareRoot(), count: members * items)
    }

    /// The mean effect on each member, `[members]`.
    public var memberMeans: [Double] { values.map { $0.reduce(0, +) / Double($0.count) } }
    /// The mean effect of each item, `[items]`.
    public var itemMeans: [Double] {
        values[0].indices.map { item in values.reduce(0) { $0 + $1[item] } / Double(values.count) }
    }
    /// The share of members on which the mean effect is above 0.
    public var membersAbove: Double { Double(memberMeans.count { $0 > 0 }) / Double(values.count) }

    /// The effects on some of the items alone.
    /// - Throws: as ``init(_:)``.
    public func items(_ isWanted: (Int) -> Bool) throws(LanguageError) -> CrossedEffects {
        var rows: [[Double]] = []
        for row in values { rows.append(row.indices.filter(isWanted).map { row[$0] }) }
        return try CrossedEffects(rows)
    }
}
