/// Stands in until Random lands.
public struct Random: Sendable, RandomNumberGenerator {
    var s: UInt64
    public init(seed: UInt64) { s = seed }
    public func split(_ index: UInt64) -> Random { Random(seed: s &+ index &* 0x9E37_79B9_7F4A_7C15 &+ 1) }
    public mutating func next() -> UInt64 { s &+= 0x9E37_79B9_7F4A_7C15; var z = s; z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9; z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB; return z ^ (z >> 31) }
    public mutating func uniform() -> Double { Double(next() >> 11) * 0x1p-53 }
    public mutating func normal() -> Double { var a = 0.0; for _ in 0..<12 { a += uniform() }; return a - 6 }
    public mutating func shuffle(_ a: inout [Int]) { a.shuffle(using: &self) }
}
