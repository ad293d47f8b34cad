internal import CVectorKernels

/// Turns rows of log-densities into densities relative to the largest of their row.
enum ScaledLikelihoods {
    /// Log-densities further below the largest than this become 0, before the exponential can leave the normal numbers.
    static let floor = -690.0

    /// Replaces `[times, vectors]` log-densities by exp(log-density − largest), and writes the largest of each row.
    static func exponentiate(
        _ rows: UnsafeMutablePointer<StateVector>, times: Int, vectors: Int, logScales: UnsafeMutablePointer<Double>
    ) {
        let impossible = StateVector(repeating: -.infinity)
        let least = StateVector(repeating: floor)
        for time in 0..<times {
            let row = rows + time * vectors
            var largest = row[0].laneMaximum
            for vector in 1..<max(1, vectors) { largest = max(largest, row[vector].laneMaximum) }
            logScales[time] = largest
            // Where all are impossible there is nothing to subtract: −infinity has no distance from itself.
            let shift = StateVector(repeating: largest > -.infinity ? largest : 0)
            for vector in 0..<vectors {
                let relative = row[vector] - shift
                row[vector] = relative.replacing(with: impossible, where: relative .< least)
            }
        }
        let values = UnsafeMutableRawPointer(rows).assumingMemoryBound(to: Double.self)
        cvk_exp(values, values, times * vectors * 8)
    }
}
