/// The selection among independent drafts of different distributions whose law overlaps the target most.
///
/// **The program.** A rule sends the probability of each list of drafts to tokens in it; the law m of the chosen draft that
/// comes of it is to have the largest Σ min(p, m). By max-flow min-cut the laws that can come of it are those with
///
///     m(H) >= g(H) = Π_i q_i(H)   for every set H of tokens, and m(all) = 1
///
/// since the choice must fall in H where all drafts do. g is supermodular (it is the probability that a random set lies in
/// H), so that these laws are the base polytope of g, whose corners are the rules "take the draft that stands highest in an
/// order of all tokens": a token then has what g gains by it, on top of all tokens that stand lower. Every rule is a
/// mixture of such orders, and so is the best one, of at most as many orders as there are tokens.
///
/// **The optimum** is the law nearest to the target, least Σ m² / p (Fujishige, 1980: that base is best for all functions of
/// m / p alike). It is approached by conditional gradients: the corner that helps most puts tokens into the order of m / p,
/// those chosen too often lowest, and the step towards it is the best one. So a mixture of a few orders comes out, and
/// to choose is to look which draft stands highest in each.
///
/// **What is lost.** For each prefix H of each order, p(H) + 1 - g(H) is more than any rule takes (see
/// ``TwoStepVerifier/lossBound``). The steps end where the least of these exceeds the overlap by no more than the tolerance,
/// or at their number; either way the difference bounds the loss, and the law m itself is exact.
///
/// All tokens that are no candidates stand at one place of an order; where that is the highest place drafted, the first
/// such draft is chosen. So the sets H hold all of them or none, which keeps the bound a bound of the whole vocabulary.
/// - Source: paper 215 for the program, which it truncates to a few tokens.
struct PriorityMixture: Sendable {
    /// The law of the chosen class, `[tokens + sources]`.
    private(set) var law: [Double]
    /// What no rule takes more than.
    private(set) var bound: Double
    /// The orders: of each the place of every candidate and, last, of all others, one after the other.
    private var ranks: [Int32] = []
    /// The probability of each order.
    private var shares: [Double] = []
    private let tokens: Int

    /// - Parameters:
    ///   - sources: which of the candidates' drafts each draft is from.
    ///   - tolerance: the loss at which the steps end.
    ///   - steps: how many there are at most.
    init(_ candidates: DraftCandidates, sources: [Int], tolerance: Double = 0x1p-8, steps: Int = 24) {
        tokens = candidates.tokens.count
        bound = 1
        let tokens = tokens
        let classes = tokens + 1
        var corners = CornerFinder(candidates, sources: sources)
        // What the target hardly takes and the drafts do must not outweigh all else: it counts as if the target gave it a small
        // part of the drafts' probability, which adds no more than that part to the loss.
        var gradient = (0..<classes).map { index in
            sources.reduce(0.0) { $0 + corners.drafts[$1 * classes + index] } / Double(sources.count)
        }
        let inverse = zip(corners.target, gradient).map { 1 / max($0, 0x1p-9 * $1, 1e-30) }
        // Lowest those that the drafts overdo most.
        for index in gradient.indices { gradient[index] *= inverse[index] }
        bound = min(bound, corners.find(gradient))
        law = corners.law
        ranks.reserveCapacity(classes * (steps + 1))
        keep(corners.order, share: 1)
        for _ in 0..<steps {
            // Of candidates and of all others together.
            let others = law[tokens...].reduce(0, +)
            gradient[tokens] = others * inverse[tokens]
            var overlap = min(others, corners.target[tokens])
            law.withUnsafeBufferPointer { law in
                for index in 0..<tokens {
                    gradient[index] = law[index] * inverse[index]
                    overlap += min(law[index], corners.target[index])
                }
            }
            if bound - overlap <= tolerance { break }
            bound = min(bound, corners.find(gradient))
            // The best step along the way to the corner.
            let difference = corners.law[tokens...].reduce(0, +) - others
            var slope = -gradient[tokens] * difference
            var curve = difference * difference * inverse[tokens]
            for index in 0..<tokens {
                let difference = corners.law[index] - law[index]
                slope -= gradient[index] * difference
                curve += difference * difference * inverse[index]
            }
            guard slope > 0, curve > 0 else { break }
            let step = min(1, slope / curve)
            for index in law.indices { law[index] += step * (corners.law[index] - law[index]) }
            for index in shares.indices { shares[index] *= 1 - step }
            keep(corners.order, share: step)
        }
    }

    private mutating func keep(_ order: [Int], share: Double) {
        let start = ranks.count
        ranks.append(contentsOf: repeatElement(0, count: order.count))
        ranks.withUnsafeMutableBufferPointer { ranks in
            for (rank, index) in order.enumerated() { ranks[start + index] = Int32(rank) }
        }
        shares.append(share)
    }

    /// The probability that each draft is chosen, given their classes.
    func probabilities(_ classes: [Int]) -> [Double] {
        var result = [Double](repeating: 0, count: classes.count)
        for (number, share) in shares.enumerated() {
            let start = number * (tokens + 1)
            var best = 0
            var highest = Int32(-1)
            for (place, index) in classes.enumerated() {
                let rank = ranks[start + min(index, tokens)]
                if rank > highest { (best, highest) = (place, rank) }
            }
            result[best] += share
        }
        return result
    }
}

/// Finds the law of an order of classes.
private struct CornerFinder {
    /// The target, `[tokens + 1]`, all others as one.
    let target: [Double]
    /// The drafts' distributions, `[sources][tokens + 1]`.
    let drafts: [Double]
    /// The order found last, lowest first, and its law, `[tokens + sources]`.
    private(set) var order: [Int] = []
    private(set) var law: [Double] = []
    private let sources: [Int]
    /// How many drafts are from each distribution.
    private let counts: [Int]
    private var keys: [UInt64] = []

    init(_ candidates: DraftCandidates, sources: [Int]) {
        let tokens = candidates.tokens.count
        target = candidates.target[..<tokens] + [candidates.rest]
        drafts = candidates.drafts.enumerated().flatMap { $1[..<tokens] + [$1[tokens + $0]] }
        self.sources = sources
        counts = candidates.drafts.indices.map { source in sources.count { $0 == source } }
    }

    /// Finds the order that has the largest of `heights` lowest, and its law; the least p(H) + 1 - g(H) over its prefixes H.
    mutating func find(_ heights: [Double]) -> Double {
        let classes = target.count
        // Positive numbers in single precision are in the order of their bits.
        keys.removeAll(keepingCapacity: true)
        for (index, height) in heights.enumerated() {
            keys.append(UInt64(~Float(max(0, height)).bitPattern) << 32 | UInt64(index))
        }
        keys.sort()
        order.removeAll(keepingCapacity: true)
        for key in keys { order.append(Int(key & 0xFFFF_FFFF)) }
        let (drafts, counts, target, order) = (drafts, counts, target, order)
        var law = [Double](repeating: 0, count: classes - 1 + counts.count)
        var bound = 1.0
        law.withUnsafeMutableBufferPointer { law in
            // What each distribution has in the prefix, all drafts together, and the target.
            withUnsafeTemporaryAllocation(of: Double.self, capacity: counts.count) { inside in
                inside.initialize(repeating: 0)
                var (below, own) = (0.0, 0.0)
                for index in order {
                    if index == classes - 1 { share(inside, law) }
                    var product = 1.0
                    for source in inside.indices {
                        let share = min(1, inside[source] + drafts[source * classes + index])
                        inside[source] = share
                        for _ in 0..<counts[source] { product *= share }
                    }
                    if index < classes - 1 { law[index] = max(0, product - below) }
                    below = product
                    own += target[index]
                    bound = min(bound, own + 1 - product)
                }
            }
        }
        self.law = law
        return bound
    }

    /// What the others have on top of a prefix: that draft i is the first of them, no draft being above.
    private func share(_ inside: UnsafeMutableBufferPointer<Double>, _ law: UnsafeMutableBufferPointer<Double>) {
        let classes = target.count
        for (place, source) in sources.enumerated() {
            var product = drafts[source * classes + classes - 1]
            for (other, row) in sources.enumerated() where other != place {
                let rest = other > place ? drafts[row * classes + classes - 1] : 0
                product *= min(1, inside[row] + rest)
            }
            law[classes - 1 + source] += product
        }
    }
}
