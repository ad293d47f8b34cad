internal import Foundation

/// Draws from the Poisson distribution of mean 1, four from one number of the stream.
///
/// Sixteen bits index a table of 65,536 cells; a cell that one value covers wholly (all but nine do) settles the draw, a
/// cell that a step of the cumulative runs through is settled by inversion with 53 further bits. So the law is exact to
/// double precision at the price of a table of bytes that fits the first cache level.
struct PoissonWeights: Sendable {
    /// The value of each cell; 255 marks one to be settled.
    static let cells: [UInt8] = {
        var cells = [UInt8](repeating: 255, count: 65_536)
        var value = 0
        for i in cells.indices {
            let low = Double(i) * 0x1p-16
            let high = Double(i + 1) * 0x1p-16
            while value < cumulatives.count - 1, cumulatives[value] <= low { value += 1 }
            if high <= cumulatives[value] { cells[i] = UInt8(value) }
        }
        return cells
    }()

    /// P(X ≤ k).
    static let cumulatives: [Double] = {
        var mass = exp(-1.0)
        var sum = 0.0
        return (0..<20).map { k in
            sum += mass
            mass /= Double(k + 1)
            return k == 19 ? 1 : sum
        }
    }()

    /// Fills `weights` with draws.
    static func fill(_ weights: UnsafeMutableBufferPointer<UInt8>, using random: inout Random) {
        cells.withUnsafeBufferPointer { cells in
            var i = 0
            while i < weights.count {
                var bits = random.next()
                for j in i..<min(i + 4, weights.count) {
                    let cell = Int(bits & 0xFFFF)
                    bits >>= 16
                    let value = cells[cell]
                    weights[j] = value == 255 ? settle(cell, &random) : value
                }
                i += 4
            }
        }
    }

    @inline(never)
    private static func settle(_ cell: Int, _ random: inout Random) -> UInt8 {
        let u = (Double(cell) + random.uniform()) * 0x1p-16
        return UInt8(cumulatives.firstIndex { u < $0 } ?? cumulatives.count - 1)
    }
}
