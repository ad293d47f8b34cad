import Foundation
import NumericalMethods

/// The selection among K identical, independent drafts whose law overlaps the target most.
///
/// What laws m can the chosen draft have at all? Those with m(H) >= q(H)^K for every set of tokens H, since the choice
/// must fall in H where all drafts do. The probability that a draft can be taken, Σ min(p, m), is then at most
///
///     min over H of p(H) + 1 - q(H)^K
///
/// and only sets of tokens with the smallest p / q matter: with tokens in the order of p / q, let m / p be constant on the
/// segments of the least concave majorant of the points (p(H), q(H)^K). That law reaches the bound (it is the base of the
/// polymatroid nearest to p).
///
/// To choose with exactly this law, each token owns a part of the numbers from 0 to 1 of the size of its probability q; a
/// draft draws a number from its token's part, and the largest number wins. A number t wins with density K t^(K-1), so the
/// part must have the mean of that density which m / q asks for. Tokens of one segment share one interval; in the order
/// of p / q each takes the stretch of what is left of it that has the right mean (the shadow embedding of Beiglböck and
/// Juillet, 2016), which leaves the others enough. So the optimum takes a sort and one pass, and no linear program.
/// - Source: paper 215 for the two steps and the bound at K = 2; the bound at any K by max-flow min-cut.
struct SharedQuantiles: Sendable {
    private struct Piece: Sendable {
        var low: Double
        var high: Double
        var length: Double { high - low }
    }

    /// The law of the chosen class, `[classes]`.
    private(set) var law: [Double]
    /// The largest probability with which any rule can take a draft: the bound over prefixes, for these classes.
    private(set) var bound: Double
    private let count: Int
    private var pieces: [Piece] = []
    /// Where the pieces of each class begin and end among ``pieces``.
    private var ranges: [Range<Int>]
    /// Σ lengths of the pieces of each class.
    private var sizes: [Double]

    private static let rules: [GaussRule] = (1...16).compactMap { try? GaussRule.legendre($0, on: 0...1) }

    /// - Parameter count: how many drafts there are; up to 31.
    init(_ candidates: DraftCandidates, count: Int) {
        precondition((1...31).contains(count), "1 to 31 drafts can be selected from, not \(count)")
        self.count = count
        let p = candidates.target
        let q = candidates.drafts[0]
        law = [Double](repeating: 0, count: p.count)
        ranges = [Range<Int>](repeating: 0..<0, count: p.count)
        sizes = law
        let ratios = zip(p, q).map { $1 > 0 ? $0 / $1 : 0 }
        var order = p.indices.filter { q[$0] > 0 }
        order.sort { ratios[$0] == ratios[$1] ? $0 < $1 : ratios[$0] < ratios[$1] }
        let total = order.reduce(0.0) { $0 + q[$1] }
        let shares = q.map { $0 / total }
        // Prefixes of the order: p(H), q(H) and q(H)^K.
        var target = [0.0]
        var draft = [0.0]
        for index in order {
            target.append(target.last! + p[index])
            draft.append(min(1, draft.last! + shares[index]))
        }
        draft[draft.count - 1] = 1
        let powers = draft.map { Self.power($0, count) }
        bound = 1
        for (own, power) in zip(target, powers) { bound = min(bound, own + 1 - power) }
        // The corners of the least concave majorant.
        var corners: [Int] = []
        for point in target.indices {
            while corners.count >= 2 {
                let (a, b) = (corners[corners.count - 2], corners[corners.count - 1])
                let left = (powers[b] - powers[a]) * (target[point] - target[b])
                let right = (powers[point] - powers[b]) * (target[b] - target[a])
                if left > right { break }
                corners.removeLast()
            }
            corners.append(point)
        }
        for (from, to) in zip(corners, corners.dropFirst()) {
            embed(
                order[from..<to], p: p, q: shares, interval: Piece(low: draft[from], high: draft[to]),
                slope: (powers[to] - powers[from]) / (target[to] - target[from]))
        }
    }

    @inline(__always)
    private static func power(_ base: Double, _ exponent: Int) -> Double {
        var result = 1.0
        for _ in 0..<exponent { result *= base }
        return result
    }

    private func mass(_ low: Double, _ high: Double) -> Double {
        Self.power(high, count) - Self.power(low, count)
    }

    /// Gives the classes of one segment, in order of p / q, their parts of its interval.
    private mutating func embed(
        _ classes: ArraySlice<Int>, p: [Double], q: [Double], interval: Piece, slope: Double
    ) {
        if !slope.isFinite {
            // Tokens that the target never takes share the interval alike.
            let start = pieces.count
            pieces.append(interval)
            for index in classes {
                ranges[index] = start..<start + 1
                sizes[index] = interval.length
                law[index] = interval.length > 0 ? q[index] / interval.length * mass(interval.low, interval.high) : 0
            }
            return
        }
        // What is left: pieces to the left of the last stretch taken, and all from `start` on.
        var left: [Piece] = []
        var start = interval.low
        for index in classes.dropLast() {
            let first = pieces.count
            var length = q[index]
            let wanted = p[index] * slope
            // Where less than that is left ahead, it has to reach back in any case.
            if start + length <= interval.high, mass(start, start + length) < wanted {
                let low = stretch(from: start, length: length, mass: wanted, end: interval.high)
                if low > start { left.append(Piece(low: start, high: low)) }
                pieces.append(Piece(low: low, high: low + length))
                start = low + length
            } else {
                // Reaches back over pieces on the left until the mean is low enough.
                var taken = 0.0
                while let piece = left.last, length > 0 {
                    if piece.length <= length,
                        taken + mass(piece.low, piece.high) + mass(start, start + length - piece.length) >= wanted
                    {
                        left.removeLast()
                        pieces.append(piece)
                        taken += mass(piece.low, piece.high)
                        length -= piece.length
                        continue
                    }
                    let part = reach(into: piece, from: start, length: length, mass: wanted - taken)
                    if part > 0 {
                        pieces.append(Piece(low: piece.high - part, high: piece.high))
                        left[left.count - 1].high = piece.high - part
                        if left[left.count - 1].length <= 0 { left.removeLast() }
                        length -= part
                    }
                    break
                }
                let end = min(interval.high, start + max(0, length))
                pieces.append(Piece(low: start, high: end))
                start = end
            }
            close(index, from: first)
        }
        if let last = classes.last {
            let first = pieces.count
            pieces += left
            if interval.high > start || left.isEmpty { pieces.append(Piece(low: start, high: interval.high)) }
            close(last, from: first)
        }
    }

    /// The class has the pieces from `first` on. Its law is what they come to, so that no error of a solver counts.
    private mutating func close(_ index: Int, from first: Int) {
        ranges[index] = first..<pieces.count
        for piece in pieces[first...] {
            sizes[index] += piece.length
            law[index] += mass(piece.low, piece.high)
        }
    }

    /// Where a stretch of this length begins that has this mass, at or behind `from`.
    private func stretch(from: Double, length: Double, mass wanted: Double, end: Double) -> Double {
        root(in: from...max(from, end - length), rising: true) { low in
            (
                self.mass(low, low + length) - wanted,
                Double(count) * (Self.power(low + length, count - 1) - Self.power(low, count - 1))
            )
        }
    }

    /// How much of the end of `piece` joins a stretch of `length` less that from `start` on for this mass.
    private func reach(into piece: Piece, from start: Double, length: Double, mass wanted: Double) -> Double {
        root(in: 0...max(0, min(piece.length, length)), rising: false) { part in
            let low = piece.high - part
            let high = start + length - part
            return (
                self.mass(low, piece.high) + self.mass(start, high) - wanted,
                Double(count) * (Self.power(low, count - 1) - Self.power(high, count - 1))
            )
        }
    }

    /// The root of a monotone function, by Newton's steps kept within a bracket.
    private func root(
        in range: ClosedRange<Double>, rising: Bool, _ function: (Double) -> (value: Double, slope: Double)
    ) -> Double {
        var low = range.lowerBound
        var high = range.upperBound
        var x = rising ? low : (low + high) / 2
        for _ in 0..<60 where high > low {
            let (value, slope) = function(x)
            if value == 0 { return x }
            if (value < 0) == rising { low = x } else { high = x }
            var next = slope != 0 ? x - value / slope : (low + high) / 2
            if !(next > low && next < high) { next = (low + high) / 2 }
            if abs(next - x) <= 1e-16 * max(1, abs(x)) || next == low || next == high { return next }
            x = next
        }
        return x
    }

    // MARK: Choosing

    /// The probability that each draft has the largest number, given their classes.
    func probabilities(_ classes: [Int]) -> [Double] {
        var result = [Double](repeating: 0, count: classes.count)
        if classes.count == 1 { return [1] }
        // No number below the least that some draft can't fall short of wins.
        var floor = 0.0
        var corners: [Double] = []
        for index in classes {
            var low = 1.0
            for piece in pieces[ranges[index]] {
                low = min(low, piece.low)
                corners.append(piece.low)
                corners.append(piece.high)
            }
            floor = max(floor, low)
        }
        corners.sort()
        let rule = Self.rules[(classes.count + 1) / 2 - 1]
        var densities = result
        var below = result
        for (low, high) in zip(corners, corners.dropFirst()) where high > low && low >= floor {
            for (place, index) in classes.enumerated() {
                densities[place] = 0
                below[place] = 0
                for piece in pieces[ranges[index]] {
                    if piece.high <= low {
                        below[place] += piece.length
                    } else if piece.low <= low {
                        densities[place] = 1 / sizes[index]
                        below[place] += low - piece.low
                    }
                }
                below[place] = min(1, below[place] / sizes[index])
            }
            for (node, weight) in zip(rule.nodes, rule.weights) {
                let ahead = node * (high - low)
                for place in result.indices where densities[place] > 0 {
                    var product = densities[place] * weight * (high - low)
                    for other in result.indices where other != place {
                        product *= below[other] + densities[other] * ahead
                    }
                    result[place] += product
                }
            }
        }
        // The integral is exact; what rounding left over goes to all in proportion.
        let total = result.reduce(0, +)
        return total > 0 ? result.map { $0 / total } : result.indices.map { $0 == 0 ? 1 : 0 }
    }
}
