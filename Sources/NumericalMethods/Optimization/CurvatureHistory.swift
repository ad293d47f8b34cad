/// The last steps of a quasi-Newton search and the changes of the gradient over them, in two flat buffers.
struct CurvatureHistory: Sendable {
    let capacity: Int
    let unknowns: Int
    /// Steps and gradient changes, `[capacity, unknowns]` each, used as rings.
    private var moves: [Double]
    private var changes: [Double]
    /// The inner product of each step with its gradient change, `[capacity]`.
    private var products: [Double]
    private(set) var count = 0
    /// Where the next step goes.
    private var next = 0

    init(capacity: Int, unknowns: Int) {
        self.capacity = capacity
        self.unknowns = unknowns
        moves = [Double](repeating: 0, count: capacity * unknowns)
        changes = moves
        products = [Double](repeating: 0, count: capacity)
    }

    var isEmpty: Bool { count == 0 }

    mutating func removeAll() { (count, next) = (0, 0) }

    /// Remembers a step unless it shows no positive curvature.
    mutating func add(from point: [Double], _ gradient: [Double], to newPoint: [Double], _ newGradient: [Double]) {
        let base = next * unknowns
        for i in 0..<unknowns {
            moves[base + i] = newPoint[i] - point[i]
            changes[base + i] = newGradient[i] - gradient[i]
        }
        let product = moves.withUnsafeBufferPointer { s in
            changes.withUnsafeBufferPointer { y in dotProduct(s.baseAddress! + base, y.baseAddress! + base, unknowns) }
        }
        guard product > 0, product.isFinite else { return }
        products[next] = product
        next = (next + 1) % capacity
        count = min(count + 1, capacity)
    }

    /// Multiplies by the approximate inverse Hessian: the two loops of Nocedal 1980.
    func applyInverse(to vector: inout [Double]) {
        guard count > 0, unknowns > 0 else { return }
        moves.withUnsafeBufferPointer { moves in
            changes.withUnsafeBufferPointer { changes in
                vector.withUnsafeMutableBufferPointer { vector in
                    let (s, y, q) = (moves.baseAddress!, changes.baseAddress!, vector.baseAddress!)
                    var factors = [Double](repeating: 0, count: capacity)
                    for age in 1...count {
                        let slot = (next - age + 2 * capacity) % capacity
                        let factor = dotProduct(s + slot * unknowns, q, unknowns) / products[slot]
                        factors[slot] = factor
                        addScaled(-factor, y + slot * unknowns, to: q, unknowns)
                    }
                    let last = (next - 1 + capacity) % capacity
                    let scale = products[last] / dotProduct(y + last * unknowns, y + last * unknowns, unknowns)
                    for i in 0..<unknowns { q[i] *= scale }
                    for age in stride(from: count, through: 1, by: -1) {
                        let slot = (next - age + 2 * capacity) % capacity
                        let factor = dotProduct(y + slot * unknowns, q, unknowns) / products[slot]
                        addScaled(factors[slot] - factor, s + slot * unknowns, to: q, unknowns)
                    }
                }
            }
        }
    }
}

/// The inner product with eight running sums, so that it doesn't wait for each addition; one thread, so that the result
/// depends on nothing else.
func dotProduct(_ a: UnsafePointer<Double>, _ b: UnsafePointer<Double>, _ count: Int) -> Double {
    var sums = SIMD8<Double>()
    var i = 0
    while i + 8 <= count {
        let x = UnsafeRawPointer(a + i).loadUnaligned(as: SIMD8<Double>.self)
        let y = UnsafeRawPointer(b + i).loadUnaligned(as: SIMD8<Double>.self)
        sums += x * y
        i += 8
    }
    var sum = sums.sum()
    while i < count {
        sum += a[i] * b[i]
        i += 1
    }
    return sum
}

func dotProduct(_ a: [Double], _ b: [Double]) -> Double {
    a.withUnsafeBufferPointer { a in
        b.withUnsafeBufferPointer { b in
            a.isEmpty ? 0 : dotProduct(a.baseAddress!, b.baseAddress!, a.count)
        }
    }
}

private func addScaled(_ factor: Double, _ x: UnsafePointer<Double>, to y: UnsafeMutablePointer<Double>, _ count: Int) {
    for i in 0..<count { y[i] += factor * x[i] }
}
