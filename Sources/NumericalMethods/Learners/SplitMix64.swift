/// The generator of the learners' own draws (initial weights, shuffles, subsamples).
///
/// The room lies below `Probability` and cannot use its `Random`; a learner therefore takes a `seed`.
/// Source: Steele, Lea and Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014, figure 16.
struct SplitMix64: Sendable {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    /// The next 64 random bits.
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    /// A number uniform on [0, 1), a multiple of 2⁻⁵³.
    mutating func uniform() -> Double { Double(next() >> 11) * 0x1p-53 }

    /// An index uniform on 0..<count, without bias (Lemire, 2019, "Fast random integer generation in an interval").
    mutating func index(below count: Int) -> Int {
        precondition(count > 0, "an index needs a positive count")
        let bound = UInt64(count)
        var product = next().multipliedFullWidth(by: bound)
        if product.low < bound {
            let threshold = (0 &- bound) % bound
            while product.low < threshold { product = next().multipliedFullWidth(by: bound) }
        }
        return Int(product.high)
    }

    /// Puts `items` in a uniformly random order (Fisher and Yates).
    mutating func shuffle<Item>(_ items: inout [Item]) {
        var last = items.count - 1
        while last > 0 {
            items.swapAt(last, index(below: last + 1))
            last -= 1
        }
    }
}
