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
        fill(ancestors, weights: weights, SharedPlace(place: random.uniform()))
    }

    /// Each stratum's point has a place of its own.
    static func fillStratified(
        _ ancestors: UnsafeMutableBufferPointer<Int32>, weights: UnsafeBufferPointer<Double>, using random: inout Random
    ) {
        let count = ancestors.count
        // One place more, never reached: it lets the last stratum's end look one up.
        withUnsafeTemporaryAllocation(of: Double.self, capacity: count + 1) { places in
            random.fillUniforms(UnsafeMutableBufferPointer(rebasing: places[0..<count]))
            places[count] = 1
            fill(ancestors, weights: weights, OwnPlaces(places: UnsafePointer(places.baseAddress!), count: count))
        }
    }

    private static func fill<Places: StratumPlaces>(
        _ ancestors: UnsafeMutableBufferPointer<Int32>, weights: UnsafeBufferPointer<Double>, _ places: Places
    ) {
        let points = ancestors.count
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
            let first = places.firstPoint(offsets[block] * scale, of: points)
            let end = block == blocks - 1 ? ancestors.count : places.firstPoint(offsets[block + 1] * scale, of: points)
            guard first < end else { return }
            for index in first..<end { ancestors[index] = 0 }
            let particles = range(block)
            var upper = particles.upperBound
            // What has no weight gets no offspring, whatever rounding does at the end of the stretch.
            while upper > particles.lowerBound + 1, weights[upper - 1] == 0 { upper -= 1 }
            let offset = offsets[block]
            var sum = 0.0
            for particle in particles.lowerBound..<upper {
                let point = places.firstPoint((offset + sum) * scale, of: points)
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

/// Where in its stratum each point lies.
private protocol StratumPlaces: Sendable {
    /// How many points lie below a position on the scale 0 ... `points`.
    func firstPoint(_ position: Double, of points: Int) -> Int
}

private struct SharedPlace: StratumPlaces {
    let place: Double

    @inline(__always)
    func firstPoint(_ position: Double, of points: Int) -> Int {
        // Rounded up by hand: without SSE4 the library's function is a call. The distance is above -1.
        let distance = position - place
        let whole = Int(distance)
        return min(Double(whole) < distance ? whole + 1 : whole, points)
    }
}

// The places are only read, and outlive the call.
private struct OwnPlaces: StratumPlaces, @unchecked Sendable {  // protected by being read only
    let places: UnsafePointer<Double>
    let count: Int

    @inline(__always)
    func firstPoint(_ position: Double, of points: Int) -> Int {
        let stratum = min(Int(position), count)
        return min(Double(stratum) + places[stratum] < position ? stratum + 1 : stratum, points)
    }
}
