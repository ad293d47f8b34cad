internal import Foundation

extension Random {
    /// A draw from the standard normal distribution, by the ziggurat.
    public mutating func normal() -> Double {
        Ziggurat.normal.withUnsafeBufferPointer { normal($0.baseAddress!) }
    }

    /// A draw from the exponential distribution of mean 1, by the ziggurat.
    public mutating func exponential() -> Double {
        Ziggurat.exponential.withUnsafeBufferPointer { exponential($0.baseAddress!) }
    }

    @inline(__always)
    mutating func normal(_ edges: UnsafePointer<Double>) -> Double {
        while true {
            let bits = next()
            let strip = Int(bits & 0xFF)
            // Bit 8 becomes the sign; bits 9 to 11 are not used.
            let sign = (bits & 0x100) &<< 55
            let x = Double(Int64(bitPattern: bits &>> 12)) * 0x1p-52 * edges[strip]
            if x < edges[strip + 1] { return Double(bitPattern: x.bitPattern ^ sign) }
            let other = strip == 0 ? normalTail(edges[1]) : normalWedge(x, edges[strip], edges[strip + 1])
            if let other { return Double(bitPattern: other.bitPattern ^ sign) }
        }
    }

    @inline(__always)
    mutating func exponential(_ edges: UnsafePointer<Double>) -> Double {
        while true {
            let bits = next()
            let strip = Int(bits & 0xFF)
            let x = Double(Int64(bitPattern: bits &>> 12)) * 0x1p-52 * edges[strip]
            if x < edges[strip + 1] { return x }
            // Without memory: beyond the start of the tail it is an exponential again.
            let other = strip == 0 ? edges[1] - log(uniformOpen()) : exponentialWedge(x, edges[strip], edges[strip + 1])
            if let other { return other }
        }
    }

    /// The place `x`, if a point drawn above it between the densities at the edges of its wedge lies under the density.
    @inline(never)
    private mutating func normalWedge(_ x: Double, _ right: Double, _ left: Double) -> Double? {
        let low = exp(-0.5 * right * right)
        return low + (exp(-0.5 * left * left) - low) * uniform() < exp(-0.5 * x * x) ? x : nil
    }

    @inline(never)
    private mutating func exponentialWedge(_ x: Double, _ right: Double, _ left: Double) -> Double? {
        let low = exp(-right)
        return low + (exp(-left) - low) * uniform() < exp(-x) ? x : nil
    }

    /// A normal given that it lies beyond `start` (G. Marsaglia, 1964).
    @inline(never)
    private mutating func normalTail(_ start: Double) -> Double? {
        while true {
            let x = -log(uniformOpen()) / start
            let y = -log(uniformOpen())
            if y + y > x * x { return start + x }
        }
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
            let bits = Philox.eightNumbers(first: nextBlock, high: stream, key: key)
            nextBlock &+= 4
            for j in 0..<8 { target[i + j] = Double(Int64(bitPattern: bits[j] &>> 11)) * 0x1p-53 }
            i += 8
        }
        while i < target.count {
            target[i] = uniform()
            i += 1
        }
    }

    /// Fills `target` with what as many calls of ``normal()`` would give.
    public mutating func fillNormal(_ target: UnsafeMutableBufferPointer<Double>) {
        var random = self
        Ziggurat.normal.withUnsafeBufferPointer {
            let edges = $0.baseAddress!
            for i in target.indices { target[i] = random.normal(edges) }
        }
        self = random
    }

    /// Fills `target` with what as many calls of ``exponential()`` would give.
    public mutating func fillExponential(_ target: UnsafeMutableBufferPointer<Double>) {
        var random = self
        Ziggurat.exponential.withUnsafeBufferPointer {
            let edges = $0.baseAddress!
            for i in target.indices { target[i] = random.exponential(edges) }
        }
        self = random
    }
}
