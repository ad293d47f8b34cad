/// One of the two threads of a ``SequenceSmoother``, with what it sums up.
final class SmootherSide {
    /// Expected transitions before the factor A, `[evenStates, vectors]`.
    let transitions: LaneBuffer
    /// The posterior of the first state, where this side met it.
    private(set) var first: [StateVector] = []
    /// Σ uₜ(k) vₜ(k) at its least; NaN or 0 once anything has left its range.
    private(set) var least = Double.infinity
    /// The likelihood, of the forward side.
    private(set) var product = RunningProduct()

    private let lanes: TransitionLanes
    private let recursions: ScaledRecursions
    private let block: Int
    /// Rows of the recursion, one more than a block.
    private let rows: LaneBuffer
    private let partners: LaneBuffer
    private let posteriors: LaneBuffer
    private var sums: [Double]
    /// The sum of the last forward row before the middle.
    private var middleSum = 0.0

    init(_ lanes: TransitionLanes, block: Int) {
        self.lanes = lanes
        self.block = block
        recursions = ScaledRecursions(lanes: lanes)
        transitions = LaneBuffer(count: lanes.evenStates * lanes.vectors, isZeroed: true)
        rows = LaneBuffer(count: (block + 1) * lanes.vectors)
        partners = LaneBuffer(count: block * lanes.vectors)
        posteriors = LaneBuffer(count: block * lanes.vectors)
        sums = [Double](repeating: 0, count: block + 1)
    }

    /// Blocks of `times`, in order.
    private func blocks(_ times: Range<Int>) -> [Range<Int>] {
        stride(from: times.lowerBound, to: times.upperBound, by: block).map { $0..<min($0 + block, times.upperBound) }
    }

    /// Writes u of the first `half` times.
    func forwardToMiddle(
        _ half: Int, likelihoods: UnsafePointer<StateVector>, rows u: UnsafeMutablePointer<StateVector>
    ) {
        for times in blocks(0..<half) {
            sums[0] = sums[block]
            sums.withUnsafeMutableBufferPointer { sums in
                recursions.forward(
                    times, likelihoods: likelihoods, rows: u + times.lowerBound * lanes.vectors,
                    sums: sums.baseAddress! + 1)
            }
            for place in 1...times.count { product.multiply(by: sums[place]) }
            sums[block] = sums[times.count]
        }
        middleSum = sums[block]
    }

    /// Writes v of `times`, the last of which is the sequence's.
    func backwardToMiddle(
        _ times: Range<Int>, likelihoods: UnsafePointer<StateVector>, rows v: UnsafeMutablePointer<StateVector>
    ) {
        let vectors = lanes.vectors
        for vector in 0..<vectors {
            var ones = StateVector.zero
            for lane in 0..<min(8, lanes.states - vector * 8) { ones[lane] = 1 }
            v[(times.count - 1) * vectors + vector] = ones
        }
        for part in blocks(times.lowerBound..<times.upperBound - 1).reversed() {
            sums.withUnsafeMutableBufferPointer { sums in
                recursions.backward(
                    part, likelihoods: likelihoods, rows: v + (part.lowerBound - times.lowerBound) * vectors,
                    products: partners.start, sums: sums.baseAddress!)
            }
        }
    }

    /// Goes on forward through `times`, whose v is known.
    func forwardFromMiddle(
        _ times: Range<Int>, likelihoods: UnsafePointer<StateVector>, forward: UnsafePointer<StateVector>,
        backward: UnsafePointer<StateVector>, receive: (Range<Int>, UnsafePointer<StateVector>) -> Void
    ) {
        let vectors = lanes.vectors
        let half = times.lowerBound
        for vector in 0..<vectors {
            rows.start[vector] = half > 0 ? forward[(half - 1) * vectors + vector] : .zero
        }
        sums[0] = middleSum
        for part in blocks(times) {
            sums.withUnsafeMutableBufferPointer { sums in
                recursions.forward(
                    part, likelihoods: likelihoods, rows: rows.start + vectors, sums: sums.baseAddress! + 1)
            }
            for place in 0..<part.count {
                product.multiply(by: sums[place + 1])
                let time = part.lowerBound + place
                let v = backward + (time - half) * vectors
                let scale = weigh(rows.start + (place + 1) * vectors, v, place)
                // The pair that ends here was divided by the sum of the row before. The pair across the middle is the
                // other side's.
                let pair = StateVector(repeating: time == half ? 0 : scale / sums[place])
                for vector in 0..<vectors {
                    partners.start[place * vectors + vector] =
                        likelihoods[time * vectors + vector] * v[vector] * pair
                }
            }
            if part.lowerBound == 0 { first = Array(UnsafeBufferPointer(start: posteriors.start, count: vectors)) }
            // Row 0 is the one before the block.
            addOuterProducts(
                rows.start, partners.start, count: part.count, evenStates: lanes.evenStates, vectors: vectors,
                into: transitions.start)
            receive(part, posteriors.start)
            for vector in 0..<vectors { rows.start[vector] = rows.start[part.count * vectors + vector] }
            sums[0] = sums[part.count]
        }
    }

    /// Goes on backward through the first `half` times, whose u is known.
    func backwardFromMiddle(
        _ half: Int, likelihoods: UnsafePointer<StateVector>, forward: UnsafePointer<StateVector>,
        backward: UnsafePointer<StateVector>, receive: (Range<Int>, UnsafePointer<StateVector>) -> Void
    ) {
        let vectors = lanes.vectors
        for (number, part) in blocks(0..<half).reversed().enumerated() {
            for vector in 0..<vectors {
                rows.start[part.count * vectors + vector] = number == 0 ? backward[vector] : rows.start[vector]
            }
            sums.withUnsafeMutableBufferPointer { sums in
                recursions.backward(
                    part, likelihoods: likelihoods, rows: rows.start, products: partners.start,
                    sums: sums.baseAddress!)
            }
            let u = forward + part.lowerBound * vectors
            for place in 0..<part.count {
                let scale = weigh(u + place * vectors, rows.start + place * vectors, place)
                let pair = StateVector(repeating: scale / sums[place])
                for vector in 0..<vectors { partners.start[place * vectors + vector] *= pair }
            }
            addOuterProducts(
                u, partners.start, count: part.count, evenStates: lanes.evenStates, vectors: vectors,
                into: transitions.start)
            receive(part, posteriors.start)
            if part.lowerBound == 0 { first = Array(UnsafeBufferPointer(start: posteriors.start, count: vectors)) }
        }
    }

    /// Writes the posterior u ∘ v / Σ u v of a place and returns 1 / Σ u v.
    @inline(__always)
    private func weigh(_ u: UnsafePointer<StateVector>, _ v: UnsafePointer<StateVector>, _ place: Int) -> Double {
        let vectors = lanes.vectors
        let target = posteriors.start + place * vectors
        var sum = 0.0
        for vector in 0..<vectors {
            target[vector] = u[vector] * v[vector]
            sum += target[vector].laneSum
        }
        // A NaN stays: no comparison with it is true.
        least = sum < least || sum.isNaN ? sum : least
        let scale = 1 / sum
        for vector in 0..<vectors { target[vector] *= StateVector(repeating: scale) }
        return scale
    }
}
