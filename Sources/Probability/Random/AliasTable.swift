/// A categorical distribution prepared for constant-time draws: a column per choice, each shared by at most two.
///
/// - Source: A. Walker, 1977; the linear-time construction is M. Vose, "A linear algorithm for generating random numbers
///   with a given distribution", 1991.
public struct AliasTable: Sendable {
    /// Probability that a column yields its own choice.
    @usableFromInline let keep: [Double]
    /// The choice that fills the rest of a column.
    @usableFromInline let alias: [Int32]

    /// Number of choices.
    public var count: Int { keep.count }

    /// Prepares draws with probability proportional to `weights` (`[choices]`, not normalised).
    ///
    /// - Throws: ``WeightError`` where there are none, one is NaN, negative or infinite, or all are zero.
    /// - Complexity: O(n).
    public init(weights: [Double]) throws(WeightError) {
        guard !weights.isEmpty else { throw .empty }
        var largest = 0.0
        for (i, w) in weights.enumerated() {
            guard w >= 0, w < .infinity else { throw .invalid(index: i, value: w) }
            largest = max(largest, w)
        }
        guard largest > 0 else { throw .allZero(count: weights.count) }
        let n = weights.count
        precondition(n <= Int(Int32.max), "an alias table has at most \(Int32.max) choices")
        var total = 0.0
        for w in weights { total += w / largest }
        var scaled = weights.map { $0 / largest / total * Double(n) }
        var keep = [Double](repeating: 1, count: n)
        var alias = (0..<n).map(Int32.init)
        var small = (0..<n).filter { scaled[$0] < 1 }
        var large = (0..<n).filter { scaled[$0] >= 1 }
        while let s = small.popLast() {
            guard let l = large.last else {
                // Rounding left a column a hair short: it is full, unless it was impossible.
                if weights[s] == 0 {
                    keep[s] = 0
                    alias[s] = Int32(weights.firstIndex(of: largest)!)
                }
                continue
            }
            keep[s] = scaled[s]
            alias[s] = Int32(l)
            scaled[l] -= 1 - scaled[s]
            if scaled[l] < 1 {
                large.removeLast()
                small.append(l)
            }
        }
        self.keep = keep
        self.alias = alias
    }

    /// A choice, from two numbers of the stream.
    @inlinable
    public func sample(using random: inout Random) -> Int {
        let column = random.integer(below: keep.count)
        return random.uniform() < keep[column] ? column : Int(alias[column])
    }
}
