internal import NumericalMethods

/// A chain's probabilities laid out for recursions over all states at once.
struct TransitionLanes: Sendable, Equatable {
    /// π, `[vectors]`.
    let initial: [StateVector]
    /// Row i holds the probabilities from state i, `[paddedStates, vectors]`; rows past the last state are 0.
    let rows: [StateVector]
    /// Row j holds the probabilities to state j.
    let columns: [StateVector]
    let states: Int
    let vectors: Int
    /// The number of states, rounded up to even: how many rows the recursions read.
    let evenStates: Int
    /// Whether the chain can go from every state to every other at once, with a probability that no scale can hide.
    let isDense: Bool

    /// Below this the scaled recursions no longer vouch for their result.
    static let tiny = 1e-100

    init(initial: [Double], transition: Matrix) {
        states = initial.count
        vectors = (states + 7) / 8
        evenStates = (states + 1) / 2 * 2
        self.initial = StateVector.packed(initial, vectors: vectors)
        var rows: [StateVector] = []
        var columns: [StateVector] = []
        for state in 0..<evenStates {
            rows += StateVector.packed(state < states ? Array(transition.row(state)) : [], vectors: vectors)
            columns += StateVector.packed(state < states ? transition.column(state) : [], vectors: vectors)
        }
        self.rows = rows
        self.columns = columns
        isDense = transition.storage.allSatisfy { $0 >= Self.tiny }
    }
}

/// Σᵢ weights[i] · rows[i · stride] over an even number of rows.
@inline(__always)
func combine(
    _ weights: UnsafePointer<Double>, _ rows: UnsafePointer<StateVector>, stride: Int, evenCount: Int
) -> StateVector {
    // Two sums halve the chain of additions that the next step waits for.
    var even = StateVector.zero
    var odd = StateVector.zero
    var index = 0
    while index < evenCount {
        even += StateVector(repeating: weights[index]) * rows[index * stride]
        odd += StateVector(repeating: weights[index + 1]) * rows[(index + 1) * stride]
        index += 2
    }
    return even + odd
}

/// sums[i] += Σₜ left[t, i] · right[t]: the outer products of the rows of two stretches, `[count, vectors]` each.
@inline(__always)
func addOuterProducts(
    _ left: UnsafePointer<StateVector>, _ right: UnsafePointer<StateVector>, count: Int, evenStates: Int, vectors: Int,
    into sums: UnsafeMutablePointer<StateVector>
) {
    let scalars = UnsafeRawPointer(left).assumingMemoryBound(to: Double.self)
    let stride = vectors * 8
    for vector in 0..<vectors {
        for state in Swift.stride(from: 0, to: evenStates, by: 2) {
            // Two rows of sums stay in registers while time runs.
            var first = StateVector.zero
            var second = StateVector.zero
            var weights = scalars + state
            var row = right + vector
            for _ in 0..<count {
                first += StateVector(repeating: weights[0]) * row[0]
                second += StateVector(repeating: weights[1]) * row[0]
                weights += stride
                row += vectors
            }
            sums[state * vectors + vector] += first
            sums[(state + 1) * vectors + vector] += second
        }
    }
}
