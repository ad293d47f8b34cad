internal import Foundation
internal import NumericalMethods

/// The scratch memory of one thread and the scaled recursions over one sequence at a time.
///
/// Labels are padded to a multiple of four. A table `[positions, labels]` is `width` vectors a position. A transition
/// matrix is kept in column blocks, `[width, labels]` vectors: vector `b * labels + i` holds row `i`, columns `4 b ..< 4 b + 4`,
/// so that a product with it runs down memory. Scores become numbers in [0, 1] by subtracting each position's largest, and
/// each position's forward vector is scaled to sum to 1; where that fails, because scores lie more than some 600 nats
/// apart, the recursions say so and the caller turns to ``ChainPotentials``, which never fails but is slower.
///
/// - Source: Sutton and McCallum 2012, section 4.1; scaling as in Rabiner 1989, "A tutorial on hidden Markov models".
struct ChainWorkspace: ~Copyable {
    typealias Vector = SIMD4<Double>

    let labels: Int
    /// Vectors a position.
    let width: Int
    let capacity: Int
    /// Scores, then their exponentials, `[positions, width]`; padded labels hold -infinity, then 0.
    let states: UnsafeMutablePointer<Vector>
    /// Forward vectors, then probabilities, `[positions, width]`.
    let forward: UnsafeMutablePointer<Vector>
    /// What each forward vector summed to before it was scaled, `[positions]`.
    let scales: UnsafeMutablePointer<Double>
    private let backward: UnsafeMutablePointer<Vector>
    private let ahead: UnsafeMutablePointer<Vector>
    /// Where the best path into each label came from, `[positions, width]`.
    private let origins: UnsafeMutablePointer<Vector>

    init(labels: Int, capacity: Int) {
        self.labels = labels
        width = Self.width(of: labels)
        self.capacity = max(1, capacity)
        let size = width * self.capacity
        states = .allocate(capacity: size)
        forward = .allocate(capacity: size)
        origins = .allocate(capacity: size)
        scales = .allocate(capacity: self.capacity)
        backward = .allocate(capacity: width)
        ahead = .allocate(capacity: width)
        states.initialize(repeating: .zero, count: size)
        forward.initialize(repeating: .zero, count: size)
        origins.initialize(repeating: .zero, count: size)
        scales.initialize(repeating: 0, count: self.capacity)
        backward.initialize(repeating: .zero, count: width)
        ahead.initialize(repeating: .zero, count: width)
    }

    deinit {
        states.deallocate()
        forward.deallocate()
        origins.deallocate()
        scales.deallocate()
        backward.deallocate()
        ahead.deallocate()
    }

    static func width(of labels: Int) -> Int { (labels + 3) / 4 }

    /// Sets all scores of `length` positions to 0, those of padded labels to -infinity.
    func clear(_ length: Int) {
        states.update(repeating: .zero, count: length * width)
        let padding = width * 4 - labels
        guard padding > 0 else { return }
        for t in 1...length {
            for lane in (4 - padding)..<4 { states[t * width - 1][lane] = -.infinity }
        }
    }

    /// Replaces scores by exponentials relative to each position's largest; returns the sum of those.
    func exponentiate(_ length: Int) -> Double {
        var total = 0.0
        for t in 0..<length {
            var largest = states[t * width]
            for b in 1..<max(1, width) {
                let next = states[t * width + b]
                largest.replace(with: next, where: next .> largest)
            }
            let most = max(max(largest[0], largest[1]), max(largest[2], largest[3]))
            total += most
            for b in 0..<width { states[t * width + b] -= most }
        }
        Self.exponentiate(states, count: length * width)
        return total
    }

    /// exp in place.
    static func exponentiate(_ vectors: UnsafeMutablePointer<Vector>, count: Int) {
        let numbers = UnsafeMutableBufferPointer(start: vectors.scalars, count: 4 * count)
        VectorFunctions.exp(UnsafeBufferPointer(numbers), into: numbers)
    }

    /// The forward recursion over exponentials.
    ///
    /// - Parameters:
    ///   - matrix: exponentials of transitions; `stride` vectors further for every later step.
    /// - Returns: the logarithm of the sum over labellings; nil when a position's vector vanishes.
    func runForward(_ length: Int, _ matrix: UnsafePointer<Vector>, stride: Int) -> Double? {
        var logTotal = 0.0
        var product = 1.0
        for t in 0..<length {
            let now = forward + t * width
            let state = states + t * width
            var sums = Vector.zero
            if t == 0 {
                for b in 0..<width {
                    now[b] = state[b]
                    sums += state[b]
                }
            } else {
                let before = (now - width).scalars
                var row = matrix + (t - 1) * stride
                for b in 0..<width {
                    var sum = Vector.zero
                    for i in 0..<labels { sum += row[i] * before[i] }
                    sum *= state[b]
                    now[b] = sum
                    sums += sum
                    row += labels
                }
            }
            let scale = sums.sum()
            guard scale > 1e-260 else { return nil }
            scales[t] = scale
            let inverse = 1 / scale
            for b in 0..<width { now[b] *= inverse }
            // One logarithm for many positions.
            product *= scale
            if product < 1e-30 || product > 1e30 {
                logTotal += log(product)
                product = 1
            }
        }
        return logTotal + log(product)
    }

    /// The backward recursion; ``forward`` becomes the probabilities of labels.
    ///
    /// - Parameters:
    ///   - transposed: the transposed matrices in the same layout.
    ///   - pair: called for every step from the last to the first with its number, the forward vector before it, and the
    ///     vector `v` such that the probability of labels `(i, j)` is `before[i] * matrix[i, j] * v[j]`.
    /// - Returns: false when numbers left the range of `Double`.
    @inline(__always)
    func runBackward(
        _ length: Int, _ transposed: UnsafePointer<Vector>, stride: Int,
        pair: (_ step: Int, _ before: UnsafePointer<Double>, _ ahead: UnsafePointer<Vector>) -> Void
    ) -> Bool {
        for b in 0..<width { backward[b] = Vector(repeating: 1) }
        for t in Swift.stride(from: length - 1, through: 0, by: -1) {
            let now = forward + t * width
            let state = states + t * width
            let inverse = 1 / scales[t]
            var sums = Vector.zero
            for b in 0..<width {
                let posterior = now[b] * backward[b]
                now[b] = posterior
                sums += posterior
                ahead[b] = state[b] * backward[b] * inverse
            }
            // It is 1 but for rounding; NaN fails too.
            guard abs(sums.sum() - 1) < 1e-6 else { return false }
            guard t > 0 else { break }
            pair(t - 1, (now - width).scalars, ahead)
            let values = ahead.scalars
            var row = transposed + (t - 1) * stride
            for b in 0..<width {
                var sum = Vector.zero
                for j in 0..<labels { sum += row[j] * values[j] }
                backward[b] = sum
                row += labels
            }
        }
        return true
    }

    /// Writes the best labelling by scores (not exponentials) to `path`.
    func runViterbi(
        _ length: Int, _ matrix: UnsafePointer<Vector>, stride: Int, path: UnsafeMutablePointer<Int32>
    ) {
        for b in 0..<width { forward[b] = states[b] }
        for t in 1..<max(1, length) {
            let now = forward + t * width
            let before = (now - width).scalars
            var row = matrix + (t - 1) * stride
            for b in 0..<width {
                var best = row[0] + before[0]
                var origin = Vector.zero
                for i in 1..<max(1, labels) {
                    let candidate = row[i] + before[i]
                    let isBetter = candidate .> best
                    best.replace(with: candidate, where: isBetter)
                    origin.replace(with: Double(i), where: isBetter)
                }
                now[b] = best + states[t * width + b]
                origins[t * width + b] = origin
                row += labels
            }
        }
        let last = (forward + (length - 1) * width).scalars
        var label = 0
        for y in 1..<max(1, labels) where last[y] > last[label] { label = y }
        for t in Swift.stride(from: length - 1, through: 0, by: -1) {
            path[t] = Int32(label)
            if t > 0 { label = Int((origins + t * width).scalars[label]) }
        }
    }

    /// Lays a matrix `[labels, labels]` out in column blocks, the padded columns filled with `padding`.
    static func layOut(
        _ matrix: UnsafePointer<Double>, labels: Int, transposed: Bool, padding: Double,
        into blocks: UnsafeMutablePointer<Vector>
    ) {
        for b in 0..<width(of: labels) {
            for i in 0..<labels {
                var vector = Vector(repeating: padding)
                for lane in 0..<min(4, labels - 4 * b) {
                    let j = 4 * b + lane
                    vector[lane] = transposed ? matrix[j * labels + i] : matrix[i * labels + j]
                }
                blocks[b * labels + i] = vector
            }
        }
    }
}

extension UnsafeMutablePointer where Pointee == SIMD4<Double> {
    /// The same memory number by number.
    @inline(__always)
    var scalars: UnsafeMutablePointer<Double> { UnsafeMutableRawPointer(self).assumingMemoryBound(to: Double.self) }
}

extension UnsafePointer where Pointee == SIMD4<Double> {
    /// The same memory number by number.
    @inline(__always)
    var scalars: UnsafePointer<Double> { UnsafeRawPointer(self).assumingMemoryBound(to: Double.self) }
}
