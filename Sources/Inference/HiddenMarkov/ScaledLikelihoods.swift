internal import Foundation

/// Turns rows of log-densities into densities relative to the largest of their row.
enum ScaledLikelihoods {
    /// Log-densities further below the largest than this become 0, before the exponential can leave the normal numbers.
    static let floor = -690.0

    /// Replaces `[times, vectors]` log-densities by exp(log-density − largest), and writes the largest of each row.
    static func exponentiate(
        _ rows: UnsafeMutablePointer<StateVector>, times: Int, vectors: Int, logScales: UnsafeMutablePointer<Double>
    ) {
        for time in 0..<times {
            let row = rows + time * vectors
            var largest = row[0]
            for vector in 1..<max(1, vectors) { largest = pointwiseMax(largest, row[vector]) }
            let scale = largest.max()
            logScales[time] = scale
            guard scale > -.infinity else {
                for vector in 0..<vectors { row[vector] = .zero }
                continue
            }
            for vector in 0..<vectors { row[vector] = row[vector] - StateVector(repeating: scale) }
        }
        let values = UnsafeMutableRawPointer(rows).assumingMemoryBound(to: Double.self)
        for index in 0..<times * vectors * 8 {
            values[index] = values[index] < floor ? 0 : exp(values[index])
        }
        for time in 0..<times where logScales[time] == -.infinity {
            for vector in 0..<vectors { rows[time * vectors + vector] = .zero }
        }
    }
}
