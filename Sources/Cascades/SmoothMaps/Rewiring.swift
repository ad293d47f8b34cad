/// A smooth map that only moves numbers: output `i` is input `sources[i]`.
///
/// Identity, copying, dropping and swapping are of this kind.
public struct Rewiring: SmoothMap, Hashable, Codable {
    /// How many numbers go in.
    public let inputCount: Int
    /// Where each output comes from, `[outputCount]`.
    public let sources: [Int]

    /// Output `i` is input `sources[i]`.
    public init(inputCount: Int, sources: [Int]) {
        precondition(sources.allSatisfy { (0..<inputCount).contains($0) }, "an output comes from one of the inputs")
        self.inputCount = inputCount
        self.sources = sources
    }

    /// What comes in goes out: the unit of `>>>`.
    public static func identity(_ count: Int) -> Rewiring {
        Rewiring(inputCount: count, sources: Array(0..<count))
    }

    /// `x` becomes `x ++ x`.
    public static func copy(_ count: Int) -> Rewiring {
        Rewiring(inputCount: count, sources: Array(0..<count) + Array(0..<count))
    }

    /// `x ++ y` becomes `y ++ x`, where `x` has `first` numbers and `y` has `second`.
    public static func swap(_ first: Int, _ second: Int) -> Rewiring {
        Rewiring(inputCount: first + second, sources: Array(first..<first + second) + Array(0..<first))
    }

    public var parameterCount: Int { 0 }
    public var outputCount: Int { sources.count }

    @inlinable
    public func apply<Scalar: SmoothScalar>(_ parameters: Span<Scalar>, to input: Span<Scalar>) -> [Scalar] {
        sources.map { input[$0] }
    }

    public func pullback(
        _ cotangent: Span<Double>, parameters: Span<Double>, input: Span<Double>, addingTo gradient: inout [Double],
        at offset: Int
    ) -> [Double] {
        var back = [Double](repeating: 0, count: inputCount)
        for (index, source) in sources.enumerated() { back[source] += cotangent[index] }
        return back
    }
}
