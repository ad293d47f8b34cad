/// A set of stages by index, at most 64 of them, in one machine word.
public struct StageSet: Sendable, Hashable, Codable {
    /// Bit `i` is set when stage `i` is in the set.
    public var bits: UInt64

    /// The set with the bits of `bits`.
    @inlinable public init(bits: UInt64) { self.bits = bits }
    /// The empty set.
    @inlinable public init() { bits = 0 }
    /// The set of one stage.
    @inlinable public init(_ stage: Int) { bits = 1 << UInt64(stage) }
    /// The set of `stages`.
    @inlinable public init(_ stages: some Sequence<Int>) {
        bits = 0
        for stage in stages { bits |= 1 << UInt64(stage) }
    }
    /// The set of the first `count` stages.
    @inlinable public static func all(_ count: Int) -> StageSet {
        StageSet(bits: count >= 64 ? .max : (1 << UInt64(count)) - 1)
    }

    /// The largest number of stages a set can hold.
    public static let capacity = 64

    /// Whether there is no stage in the set.
    @inlinable public var isEmpty: Bool { bits == 0 }
    /// How many stages there are in the set.
    @inlinable public var count: Int { bits.nonzeroBitCount }
    /// The lowest stage, or nil when the set is empty.
    @inlinable public var first: Int? { bits == 0 ? nil : bits.trailingZeroBitCount }
    /// The highest stage, or nil when the set is empty.
    @inlinable public var last: Int? { bits == 0 ? nil : 63 - bits.leadingZeroBitCount }
    /// Whether `stage` is in the set.
    @inlinable public func contains(_ stage: Int) -> Bool { bits >> UInt64(stage) & 1 == 1 }
    /// Adds `stage`.
    @inlinable public mutating func insert(_ stage: Int) { bits |= 1 << UInt64(stage) }
    /// Takes `stage` away.
    @inlinable public mutating func remove(_ stage: Int) { bits &= ~(1 << UInt64(stage)) }
    /// The stages in either set.
    @inlinable public func union(_ other: StageSet) -> StageSet { StageSet(bits: bits | other.bits) }
    /// The stages in both sets.
    @inlinable public func intersection(_ other: StageSet) -> StageSet { StageSet(bits: bits & other.bits) }
    /// The stages in this set and not in `other`.
    @inlinable public func subtracting(_ other: StageSet) -> StageSet { StageSet(bits: bits & ~other.bits) }
    /// Whether all stages of this set are in `other`.
    @inlinable public func isSubset(of other: StageSet) -> Bool { bits & ~other.bits == 0 }
}

extension StageSet: Sequence {
    /// Walks the stages from the lowest up.
    public struct Iterator: IteratorProtocol {
        @usableFromInline var rest: UInt64
        @inlinable init(rest: UInt64) { self.rest = rest }
        @inlinable public mutating func next() -> Int? {
            if rest == 0 { return nil }
            let stage = rest.trailingZeroBitCount
            rest &= rest - 1
            return stage
        }
    }
    @inlinable public func makeIterator() -> Iterator { Iterator(rest: bits) }
    @inlinable public var underestimatedCount: Int { count }
}

extension StageSet: ExpressibleByArrayLiteral {
    public init(arrayLiteral elements: Int...) { self.init(elements) }
}

extension StageSet: CustomStringConvertible {
    public var description: String { "{" + map(String.init).joined(separator: ", ") + "}" }
}
