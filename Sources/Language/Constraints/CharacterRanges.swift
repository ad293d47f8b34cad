/// A set of Unicode scalars, as ranges.
struct CharacterRanges: Sendable, Hashable {
    /// Disjoint, ascending, not touching; without surrogates.
    private(set) var ranges: [ClosedRange<UInt32>] = []

    static let all = CharacterRanges([0...0x10FFFF])

    init(_ ranges: [ClosedRange<UInt32>]) {
        var parts: [ClosedRange<UInt32>] = []
        for range in ranges {
            // Surrogates are no characters and have no bytes in UTF-8.
            if range.lowerBound < 0xD800 { parts.append(range.lowerBound...min(range.upperBound, 0xD7FF)) }
            if range.upperBound > 0xDFFF {
                parts.append(max(range.lowerBound, 0xE000)...min(range.upperBound, 0x10FFFF))
            }
        }
        parts.sort { $0.lowerBound < $1.lowerBound }
        for part in parts {
            if let last = self.ranges.last, part.lowerBound <= last.upperBound + 1 {
                self.ranges[self.ranges.count - 1] = last.lowerBound...max(last.upperBound, part.upperBound)
            } else {
                self.ranges.append(part)
            }
        }
    }

    init(_ scalar: Unicode.Scalar) { self.init([scalar.value...scalar.value]) }

    var isEmpty: Bool { ranges.isEmpty }

    func union(_ other: CharacterRanges) -> CharacterRanges { CharacterRanges(ranges + other.ranges) }

    /// All others.
    var inverted: CharacterRanges {
        var gaps: [ClosedRange<UInt32>] = []
        var next: UInt32 = 0
        for range in ranges {
            if range.lowerBound > next { gaps.append(next...range.lowerBound - 1) }
            next = range.upperBound + 1
        }
        if next <= 0x10FFFF { gaps.append(next...0x10FFFF) }
        return CharacterRanges(gaps)
    }

    func intersection(_ other: CharacterRanges) -> CharacterRanges {
        var parts: [ClosedRange<UInt32>] = []
        for a in ranges {
            for b in other.ranges where a.overlaps(b) { parts.append(a.clamped(to: b)) }
        }
        return CharacterRanges(parts)
    }

    func contains(_ scalar: UInt32) -> Bool { ranges.contains { $0.contains(scalar) } }

    /// Sequences of byte ranges whose products are the UTF-8 forms of these scalars.
    var byteSequences: [[ClosedRange<UInt8>]] {
        var sequences: [[ClosedRange<UInt8>]] = []
        for range in ranges {
            // One length of encoding at a time.
            for (low, high): (UInt32, UInt32) in [(0, 0x7F), (0x80, 0x7FF), (0x800, 0xFFFF), (0x10000, 0x10FFFF)]
            where range.lowerBound <= high && range.upperBound >= low {
                Self.split(max(range.lowerBound, low), min(range.upperBound, high), into: &sequences)
            }
        }
        return sequences
    }

    /// Cuts a range of one length of encoding so that behind a byte that varies all later bytes vary over all they can.
    private static func split(_ low: UInt32, _ high: UInt32, into sequences: inout [[ClosedRange<UInt8>]]) {
        let first = bytes(low)
        let last = bytes(high)
        for place in stride(from: first.count - 1, to: 0, by: -1) {
            let mask: UInt32 = (1 << (6 * UInt32(first.count - place))) - 1
            guard low & ~mask != high & ~mask else { continue }
            if low & mask != 0 {
                split(low, low | mask, into: &sequences)
                split((low | mask) + 1, high, into: &sequences)
                return
            }
            if high & mask != mask {
                split(low, (high & ~mask) - 1, into: &sequences)
                split(high & ~mask, high, into: &sequences)
                return
            }
        }
        sequences.append(zip(first, last).map { $0...$1 })
    }

    private static func bytes(_ scalar: UInt32) -> [UInt8] {
        switch scalar {
        case ..<0x80: [UInt8(scalar)]
        case ..<0x800: [0xC0 | UInt8(scalar >> 6), 0x80 | UInt8(scalar & 63)]
        case ..<0x10000: [0xE0 | UInt8(scalar >> 12), 0x80 | UInt8(scalar >> 6 & 63), 0x80 | UInt8(scalar & 63)]
        default:
            [
                0xF0 | UInt8(scalar >> 18), 0x80 | UInt8(scalar >> 12 & 63), 0x80 | UInt8(scalar >> 6 & 63),
                0x80 | UInt8(scalar & 63),
            ]
        }
    }
}
