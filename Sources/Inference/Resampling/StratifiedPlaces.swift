internal import NumericalMethods
internal import Probability

/// Systematic and stratified resampling: point k lies in stratum k of `count` equal ones of the cumulative weight.
///
/// Particle i's offspring are the points from its own first one up to the next particle's. Blocks of particles know where
/// they begin from the sums of those before, and each fills its own stretch of ancestors, on all cores: it marks each
/// particle's first point (a particle without offspring is overwritten by the next) and then carries marks forward. No
/// branch depends on the weights, which a processor could not foresee.
enum StratifiedPlaces {
    static let blockSize = 4096

    /// The strata's points share one random place.
    static func fillSystematic(
        _ ancestors: UnsafeMutableBufferPointer<Int32>, weights: UnsafeBufferPointer<Double>, using random: inout Random
    ) {
        let count = ancestors.count
        let place = random.uniform()
        fill(ancestors, weights: weights) { (position: Double) -> Int in
            min(max(Int((position - place).rounded(.up)), 0), count)
        }
    }

    /// Each stratum's point has a place of its own.
    static func fillStratified(
        _ ancestors: UnsafeMutableBufferPointer<Int32>, weights: UnsafeBufferPointer<Double>, using random: inout Random
    ) {
        let count = ancestors.count
        // One place more, never used: it lets the last stratum's end look one up.
        let places = [Double](unsafeUninitializedCapacity: count + 1) { buffer, filled in
            random.fillUniforms(UnsafeMutableBufferPointer(rebasing: buffer[0..<count]))
            buffer[count] = 1
            filled = count + 1
        }
        places.withUnsafeBufferPointer { buffer in
            nonisolated(unsafe) let places = buffer
            fill(ancestors, weights: weights) { (position: Double) -> Int in
                let stratum = min(Int(position), count)
                return min(stratum + (Double(stratum) + places[stratum] < position ? 1 : 0), count)
            }
        }
    }

    /// - Parameter firstPoint: how many points lie below a position on the scale 0 ... `count`.
    @inline(__always)
    private static func fill(
        _ ancestors: UnsafeMutableBufferPointer<Int32>, weights: UnsafeBufferPointer<Double>,
        firstPoint: @escaping @Sendable (Double) -> Int
    ) {
        let blocks = (weights.count + blockSize - 1) / blockSize
        // Buffers that every block reads, and whose own stretch it writes.
        nonisolated(unsafe) let weights = weights
        nonisolated(unsafe) let ancestors = ancestors
        let range = { @Sendable (block: Int) in block * blockSize..<min((block + 1) * blockSize, weights.count) }
        let sums = Parallel.map(count: blocks) { block in
            var sum = 0.0
            for index in range(block) { sum += weights[index] }
            return sum
        }
        var starts = [0.0]
        for sum in sums { starts.append(starts.last! + sum) }
        let scale = Double(ancestors.count) / starts.last!
        let offsets = starts
        Parallel.forEach(count: blocks) { block in
            let first = firstPoint(offsets[block] * scale)
            let end = block == blocks - 1 ? ancestors.count : firstPoint(offsets[block + 1] * scale)
            guard first < end else { return }
            for index in first..<end { ancestors[index] = 0 }
            var particles = range(block)
            // What has no weight gets no offspring, whatever rounding does at the end of the stretch.
            while particles.count > 1, weights[particles.upperBound - 1] == 0 {
                particles = particles.lowerBound..<particles.upperBound - 1
            }
            var sum = 0.0
            for particle in particles {
                let point = firstPoint((offsets[block] + sum) * scale)
                if point < end { ancestors[point] = Int32(truncatingIfNeeded: particle) }
                sum += weights[particle]
            }
            var last = Int32(truncatingIfNeeded: particles.lowerBound)
            for index in first..<end {
                last = max(last, ancestors[index])
                ancestors[index] = last
            }
        }
    }
}
