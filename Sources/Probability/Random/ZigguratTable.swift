internal import Foundation

/// The layers of a ziggurat of 256 strips of equal area under a decreasing density on [0, ∞).
///
/// Strip 0 is the base with the tail beyond `tailStart`. A draw takes 8 bits for the strip and 52 bits `m` for the place
/// `m widths[i]`; where `m < inside[i]` the place lies under the density for sure.
///
/// - Source: G. Marsaglia and W. Tsang, "The ziggurat method for generating random variables", 2000, with strip and
///   place from separate bits as J. Doornik, "An improved ziggurat method to generate normal random samples", 2005, asks.
@usableFromInline
struct ZigguratTable: @unchecked Sendable {  // never written after init
    /// One strip; together in memory, so that a draw touches one cache line.
    @usableFromInline
    struct Strip {
        @usableFromInline var inside: UInt64
        @usableFromInline var width: Double
        /// Density at the strip's right edge, and at the right edge of the next one up.
        @usableFromInline var low: Double
        @usableFromInline var high: Double
    }

    @usableFromInline let strips: UnsafePointer<Strip>
    /// Where the tail starts.
    let tailStart: Double
    /// The right edges, widest first: what the tests check.
    let edges: [Double]

    init(tailStart: Double, area: Double, density: (Double) -> Double, inverse: (Double) -> Double) {
        let count = 256
        var edges = [Double](repeating: 0, count: count + 1)
        edges[0] = area / density(tailStart)
        edges[1] = tailStart
        for i in 2..<count { edges[i] = inverse(area / edges[i - 1] + density(edges[i - 1])) }
        let strips = UnsafeMutablePointer<Strip>.allocate(capacity: count)
        for i in 0..<count {
            (strips + i).initialize(
                to: Strip(
                    inside: UInt64(edges[i + 1] / edges[i] * 0x1p52), width: edges[i] * 0x1p-52,
                    low: density(edges[i]), high: density(edges[i + 1])))
        }
        self.strips = UnsafePointer(strips)
        self.tailStart = tailStart
        self.edges = edges
    }

    /// exp(-x²/2). The tail starts where 256 equal strips close at the top, found by bisection to double precision.
    @usableFromInline static let normal: ZigguratTable = {
        let r = 3.6541528853610088
        return ZigguratTable(
            tailStart: r, area: r * exp(-0.5 * r * r) + (Double.pi / 2).squareRoot() * erfc(r / 2.0.squareRoot()),
            density: { exp(-0.5 * $0 * $0) }, inverse: { (-2 * log($0)).squareRoot() })
    }()

    /// exp(-x).
    @usableFromInline static let exponential: ZigguratTable = {
        let r = 7.69711747013104972
        return ZigguratTable(
            tailStart: r, area: (r + 1) * exp(-r), density: { exp(-$0) }, inverse: { -log($0) })
    }()
}
