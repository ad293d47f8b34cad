internal import Foundation

extension Random {
    /// A draw from the standard normal distribution, by the ziggurat.
    @inlinable
    public mutating func normal() -> Double {
        normal(ZigguratTable.normal.strips)
    }

    /// A draw from the exponential distribution of mean 1, by the ziggurat.
    @inlinable
    public mutating func exponential() -> Double {
        exponential(ZigguratTable.exponential.strips)
    }

    @inlinable @inline(__always)
    mutating func normal(_ strips: UnsafePointer<ZigguratTable.Strip>) -> Double {
        while true {
            let bits = next()
            let strip = strips + Int(bits & 0xFF)
            let place = bits &>> 12
            // Bit 8 becomes the sign; bits 9 to 11 are not used.
            let sign = (bits & 0x100) &<< 55
            let x = Double(Int64(bitPattern: place)) * strip.pointee.width
            if place < strip.pointee.inside || acceptNormal(strip, isBase: bits & 0xFF == 0, x: x) {
                return Double(bitPattern: x.bitPattern ^ sign)
            }
            if bits & 0xFF == 0 { return Double(bitPattern: normalTail().bitPattern ^ sign) }
        }
    }

    @inlinable @inline(__always)
    mutating func exponential(_ strips: UnsafePointer<ZigguratTable.Strip>) -> Double {
        while true {
            let bits = next()
            let strip = strips + Int(bits & 0xFF)
            let place = bits &>> 12
            let x = Double(Int64(bitPattern: place)) * strip.pointee.width
            if place < strip.pointee.inside || acceptExponential(strip, isBase: bits & 0xFF == 0, x: x) { return x }
            // Without memory: beyond the start of the tail it is an exponential again.
            if bits & 0xFF == 0 { return exponentialTail() }
        }
    }

    /// Whether a place in the wedge of a strip lies under the density; never in the base, whose wedge is the tail.
    @usableFromInline @inline(never)
    mutating func acceptNormal(_ strip: UnsafePointer<ZigguratTable.Strip>, isBase: Bool, x: Double) -> Bool {
        guard !isBase else { return false }
        let s = strip.pointee
        return s.low + (s.high - s.low) * uniform() < exp(-0.5 * x * x)
    }

    @usableFromInline @inline(never)
    mutating func acceptExponential(_ strip: UnsafePointer<ZigguratTable.Strip>, isBase: Bool, x: Double) -> Bool {
        guard !isBase else { return false }
        let s = strip.pointee
        return s.low + (s.high - s.low) * uniform() < exp(-x)
    }

    /// A normal given that it lies beyond the base of the ziggurat (Marsaglia, 1964).
    @usableFromInline @inline(never)
    mutating func normalTail() -> Double {
        let r = ZigguratTable.normal.tailStart
        while true {
            let x = -log(uniformOpen()) / r
            let y = -log(uniformOpen())
            if y + y > x * x { return r + x }
        }
    }

    @usableFromInline @inline(never)
    mutating func exponentialTail() -> Double {
        ZigguratTable.exponential.tailStart - log(uniformOpen())
    }

    // MARK: Fills

    /// Fills `target` with what as many calls of ``uniform()`` would give, whole blocks at a time.
    public mutating func fillUniform(_ target: UnsafeMutableBufferPointer<Double>) {
        var i = 0
        while i < target.count, position < 8 {
            target[i] = uniform()
            i += 1
        }
        while i + 8 <= target.count {
            let bits = Philox.eightNumbers(first: nextBlock, high: stream, key: key) &>> 11
            nextBlock &+= 4
            // Bits to double without a 64-bit conversion, which SSE2 lacks: the two halves as mantissas of 2^84 and 2^52.
            let high = (bits &>> 32) | SIMD8(repeating: 0x4530_0000_0000_0000)
            let low = (bits & SIMD8(repeating: 0xFFFF_FFFF)) | SIMD8(repeating: 0x4330_0000_0000_0000)
            let value =
                (unsafeBitCast(high, to: SIMD8<Double>.self) - SIMD8(repeating: 0x1.00000001p84))
                + unsafeBitCast(low, to: SIMD8<Double>.self)
            UnsafeMutableRawPointer(target.baseAddress! + i)
                .storeBytes(of: value * SIMD8(repeating: 0x1p-53), as: SIMD8<Double>.self)
            i += 8
        }
        while i < target.count {
            target[i] = uniform()
            i += 1
        }
    }

    /// Fills `target` with what as many calls of ``normal()`` would give.
    public mutating func fillNormal(_ target: UnsafeMutableBufferPointer<Double>) {
        let strips = ZigguratTable.normal.strips
        var random = self
        for i in target.indices { target[i] = random.normal(strips) }
        self = random
    }

    /// Fills `target` with what as many calls of ``exponential()`` would give.
    public mutating func fillExponential(_ target: UnsafeMutableBufferPointer<Double>) {
        let strips = ZigguratTable.exponential.strips
        var random = self
        for i in target.indices { target[i] = random.exponential(strips) }
        self = random
    }
}
