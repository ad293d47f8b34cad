internal import Foundation

/// A product of many numbers of (0, 1], kept as a number and a logarithm.
struct RunningProduct {
    private var product = 1.0
    private var logarithm = 0.0

    @inline(__always)
    mutating func multiply(by factor: Double) {
        product *= factor
        if product < 1e-150 {
            logarithm += log(product)
            product = 1
        }
    }

    var total: Double { logarithm + log(product) }
}

/// The recursions of Rabiner, section V.A, on probabilities relative to their sum.
///
/// A row is divided by the sum of the row before it, not by its own, so that the division need not wait for the product:
/// row t then sums to p(xₜ | x₀ … xₜ₋₁) up to the scale of the likelihoods.
struct ScaledRecursions {
    let lanes: TransitionLanes

    /// u[t] = (u[t−1] A) ∘ b[t] / Σ u[t−1] for `times`, and the sums of the rows.
    ///
    /// - Parameters:
    ///   - rows: u, `[times, vectors]`; the row before the first is read unless `times` begins at 0.
    ///   - likelihoods: b of all times.
    ///   - sums: `[times]`; the number before the first is read unless `times` begins at 0.
    @inline(never)
    func forward(
        _ times: Range<Int>, likelihoods: UnsafePointer<StateVector>, rows: UnsafeMutablePointer<StateVector>,
        sums: UnsafeMutablePointer<Double>
    ) {
        let (vectors, evenStates) = (lanes.vectors, lanes.evenStates)
        var row = rows
        var b = likelihoods + times.lowerBound * vectors
        var place = 0
        var sum = times.lowerBound == 0 ? 0 : sums[-1]
        lanes.rows.withUnsafeBufferPointer { matrix in
            let matrix = matrix.baseAddress!
            if times.lowerBound == 0 && !times.isEmpty {
                sum = 0
                for vector in 0..<vectors {
                    row[vector] = lanes.initial[vector] * b[vector]
                    sum += row[vector].laneSum
                }
                sums[0] = sum
                row += vectors
                b += vectors
                place = 1
            }
            if vectors == 1 {
                while place < times.count {
                    let scale = 1 / sum
                    let weights = UnsafeRawPointer(row - 1).assumingMemoryBound(to: Double.self)
                    let next =
                        combine(weights, matrix, stride: 1, evenCount: evenStates)
                        * (b[0] * StateVector(repeating: scale))
                    row[0] = next
                    sum = next.laneSum
                    sums[place] = sum
                    row += 1
                    b += 1
                    place += 1
                }
                return
            }
            while place < times.count {
                let scale = StateVector(repeating: 1 / sum)
                let weights = UnsafeRawPointer(row - vectors).assumingMemoryBound(to: Double.self)
                var total = StateVector.zero
                for vector in 0..<vectors {
                    let next =
                        combine(weights, matrix + vector, stride: vectors, evenCount: evenStates) * (b[vector] * scale)
                    row[vector] = next
                    total += next
                }
                sum = total.laneSum
                sums[place] = sum
                row += vectors
                b += vectors
                place += 1
            }
        }
    }

    /// v[t] = A (b[t+1] ∘ v[t+1]) / Σ v[t+1], from the last of `times` to the first.
    ///
    /// - Parameters:
    ///   - rows: v, `[times + 1, vectors]`, whose last row is that of the time after `times`.
    ///   - products: b[t+1] ∘ v[t+1] for each of `times`, `[times, vectors]`.
    ///   - sums: Σ v[t+1] for each of `times`, `[times]`.
    @inline(never)
    func backward(
        _ times: Range<Int>, likelihoods: UnsafePointer<StateVector>, rows: UnsafeMutablePointer<StateVector>,
        products: UnsafeMutablePointer<StateVector>, sums: UnsafeMutablePointer<Double>
    ) {
        guard !times.isEmpty else { return }
        let (vectors, evenStates) = (lanes.vectors, lanes.evenStates)
        var place = times.count - 1
        var sum = 0.0
        for vector in 0..<vectors { sum += rows[times.count * vectors + vector].laneSum }
        lanes.columns.withUnsafeBufferPointer { matrix in
            let matrix = matrix.baseAddress!
            let b = likelihoods + times.lowerBound * vectors
            if vectors == 1 {
                while place >= 0 {
                    sums[place] = sum
                    let product = b[place + 1] * rows[place + 1]
                    products[place] = product
                    let weights = UnsafeRawPointer(products + place).assumingMemoryBound(to: Double.self)
                    let next =
                        combine(weights, matrix, stride: 1, evenCount: evenStates) * StateVector(repeating: 1 / sum)
                    rows[place] = next
                    sum = next.laneSum
                    place -= 1
                }
                return
            }
            while place >= 0 {
                sums[place] = sum
                let scale = StateVector(repeating: 1 / sum)
                let product = products + place * vectors
                for vector in 0..<vectors {
                    product[vector] = b[(place + 1) * vectors + vector] * rows[(place + 1) * vectors + vector]
                }
                let weights = UnsafeRawPointer(product).assumingMemoryBound(to: Double.self)
                var total = StateVector.zero
                for vector in 0..<vectors {
                    let next =
                        combine(weights, matrix + vector, stride: vectors, evenCount: evenStates) * scale
                    rows[place * vectors + vector] = next
                    total += next
                }
                sum = total.laneSum
                place -= 1
            }
        }
    }
}
