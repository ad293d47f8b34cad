/// A splittable source of random numbers: the stream of Philox4x32-10 blocks under one key.
///
/// Number `2 b` of the stream is words 0 (low half) and 1 of block `b`, number `2 b + 1` is words 2 and 3; block `b` has
/// the counter `(b, stream)`. So every number is a pure function of the seed, the path of splits and its place in the
/// stream, the same on every machine and on any number of threads.
///
/// ```swift
/// var random = Random(seed: 7)
/// let x = random.normal()
/// var worker = random.split(3)      // stream 3; `random` does not move
/// var trial = random.fork()         // a fresh stream every time; `random` moves on by one number
/// ```
///
/// A stream holds 2^65 numbers. Not for cryptography.
///
/// - Source: Salmon et al., 2011 (see ``Philox``); splitting by hashing the path as in K. Claessen and M. Pałka,
///   "Splittable pseudorandom number generators using cryptographic hashing", 2013.
public struct Random: Sendable, RandomNumberGenerator {
    /// The numbers of the present four blocks.
    @usableFromInline var buffer = SIMD8<UInt64>()
    /// Place of the next number in the buffer; 8 says that it is spent.
    @usableFromInline var position = 8
    /// The first block that has not been computed.
    @usableFromInline var nextBlock: UInt64 = 0
    /// The high half of every counter.
    @usableFromInline let stream: UInt64
    @usableFromInline let key: UInt64

    /// The root stream of a seed. Any two seeds give unrelated streams.
    public init(seed: UInt64) {
        key = seed
        stream = 0
    }

    @usableFromInline
    init(key: UInt64, stream: UInt64) {
        self.key = key
        self.stream = stream
    }

    /// Stream `index` below this one.
    ///
    /// It depends on the seed and the path of splits alone, not on how many numbers were drawn, and does not move this
    /// stream: the same index gives the same stream again. Whoever is handed an `inout Random` and wants streams of its
    /// own takes ``fork()`` first, so that two such callees do not share them.
    ///
    /// The child's 64-bit key and 64-bit stream are one Philox block of `(index, stream)` under a key apart from the one
    /// that makes numbers; among n streams two coincide with probability about n² 2^-129.
    public func split(_ index: UInt64) -> Random {
        let name = Philox.block(
            counter: SIMD4(
                UInt32(truncatingIfNeeded: index), UInt32(truncatingIfNeeded: index >> 32),
                UInt32(truncatingIfNeeded: stream), UInt32(truncatingIfNeeded: stream >> 32)),
            // Digits of pi: sets naming streams apart from drawing numbers.
            key: SIMD2(
                UInt32(truncatingIfNeeded: key) ^ 0x243F_6A88, UInt32(truncatingIfNeeded: key >> 32) ^ 0x85A3_08D3))
        return Random(
            key: UInt64(name[1]) << 32 | UInt64(name[0]), stream: UInt64(name[3]) << 32 | UInt64(name[2]))
    }

    /// A fresh stream: ``split(_:)`` by the next number of this stream, which moves on by one.
    public mutating func fork() -> Random {
        split(next())
    }

    /// The next 64 random bits.
    @inlinable @inline(__always)
    public mutating func next() -> UInt64 {
        if position == 8 { refill() }
        let bits = withUnsafeBytes(of: &buffer) { $0.load(fromByteOffset: position &* 8, as: UInt64.self) }
        position &+= 1
        return bits
    }

    @inlinable @inline(never)
    mutating func refill() {
        buffer = Philox.eightNumbers(first: nextBlock, high: stream, key: key)
        nextBlock &+= 4
        position = 0
    }

    // MARK: Uniform

    /// A number in [0, 1): a multiple of 2^-53.
    @inlinable @inline(__always)
    public mutating func uniform() -> Double {
        Double(Int64(bitPattern: next() &>> 11)) * 0x1p-53
    }

    /// A number strictly between 0 and 1, symmetric about 1/2: an odd multiple of 2^-53.
    @inlinable @inline(__always)
    public mutating func uniformOpen() -> Double {
        (Double(Int64(bitPattern: next() &>> 12)) + 0.5) * 0x1p-52
    }

    /// A number in the half-open range, which must be finite.
    @inlinable
    public mutating func uniform(in range: Range<Double>) -> Double {
        let width = range.upperBound - range.lowerBound
        precondition(width > 0 && width.isFinite, "a uniform draw needs a finite, non-empty range, not \(range)")
        // Rounding can reach the upper bound; draw again.
        while true {
            let value = range.lowerBound + width * uniform()
            if value < range.upperBound { return value }
        }
    }

    /// True with the given probability, which must lie in [0, 1].
    @inlinable
    public mutating func bernoulli(_ probability: Double) -> Bool {
        precondition(probability >= 0 && probability <= 1, "a probability lies in [0, 1], not \(probability)")
        return uniform() < probability
    }

    // MARK: Integers

    /// An integer in `0..<bound`, exactly uniform.
    ///
    /// - Source: D. Lemire, "Fast random integer generation in an interval", 2019, algorithm 5.
    @inlinable
    public mutating func integer(below bound: Int) -> Int {
        precondition(bound > 0, "an integer below \(bound) does not exist")
        let width = UInt64(bound)
        var product = next().multipliedFullWidth(by: width)
        if product.low < width {
            let threshold = (0 &- width) % width
            while product.low < threshold { product = next().multipliedFullWidth(by: width) }
        }
        return Int(product.high)
    }
}
