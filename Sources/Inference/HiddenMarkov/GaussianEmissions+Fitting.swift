internal import Foundation
public import NumericalMethods

/// The sums of a state, about its present mean m: Σ g, Σ g (x − m), and Σ g (x − m)(x − m)ᵀ, of which the lower triangle
/// is kept by rows, or the diagonal alone where covariances have no more.
extension GaussianEmissions {
    public var statisticsCount: Int {
        (1 + dimension + (table.isDiagonal ? dimension : dimension * (dimension + 1) / 2)) * table.vectors
    }

    public func accumulate(
        _ observations: Matrix, times: Range<Int>, posterior: UnsafePointer<StateVector>,
        into statistics: UnsafeMutablePointer<StateVector>
    ) {
        observations.storage.withUnsafeBufferPointer { points in
            let points = points.baseAddress! + times.lowerBound * dimension
            table.means.withUnsafeBufferPointer { means in
                for vector in 0..<table.vectors {
                    if dimension == 2 && !table.isDiagonal {
                        plane(points, times.count, vector, means, posterior, statistics)
                    } else {
                        general(points, times.count, vector, means, posterior, statistics)
                    }
                }
            }
        }
    }

    private func plane(
        _ points: UnsafePointer<Double>, _ count: Int, _ vector: Int, _ means: UnsafeBufferPointer<StateVector>,
        _ posterior: UnsafePointer<StateVector>, _ statistics: UnsafeMutablePointer<StateVector>
    ) {
        let vectors = table.vectors
        let (mean0, mean1) = (means[vector], means[vectors + vector])
        var (s, s0, s1) = (StateVector.zero, StateVector.zero, StateVector.zero)
        var (s00, s10, s11) = (StateVector.zero, StateVector.zero, StateVector.zero)
        for time in 0..<count {
            let weight = posterior[time * vectors + vector]
            let d0 = StateVector(repeating: points[2 * time]) - mean0
            let d1 = StateVector(repeating: points[2 * time + 1]) - mean1
            let (g0, g1) = (weight * d0, weight * d1)
            s += weight
            s0 += g0
            s1 += g1
            s00 += g0 * d0
            s10 += g1 * d0
            s11 += g1 * d1
        }
        for (row, sum) in [s, s0, s1, s00, s10, s11].enumerated() { statistics[row * vectors + vector] += sum }
    }

    private func general(
        _ points: UnsafePointer<Double>, _ count: Int, _ vector: Int, _ means: UnsafeBufferPointer<StateVector>,
        _ posterior: UnsafePointer<StateVector>, _ statistics: UnsafeMutablePointer<StateVector>
    ) {
        let (dimension, vectors, isDiagonal) = (dimension, table.vectors, table.isDiagonal)
        withUnsafeTemporaryAllocation(of: StateVector.self, capacity: dimension) { differences in
            let d = differences.baseAddress!
            for time in 0..<count {
                let point = points + time * dimension
                let weight = posterior[time * vectors + vector]
                statistics[vector] += weight
                var row = (1 + dimension) * vectors + vector
                for i in 0..<dimension {
                    d[i] = StateVector(repeating: point[i]) - means[i * vectors + vector]
                    let weighted = weight * d[i]
                    statistics[(1 + i) * vectors + vector] += weighted
                    for j in (isDiagonal ? i : 0)...i {
                        statistics[row] += weighted * d[j]
                        row += vectors
                    }
                }
            }
        }
    }

    public func maximised(_ statistics: [StateVector], prior: Prior) throws(InferenceError) -> GaussianEmissions {
        guard prior.weight >= 0, prior.weight < .infinity, prior.variance > 0, prior.variance < .infinity else {
            throw .improperParameter(
                name: "the prior of the covariances", value: "variance \(prior.variance), weight \(prior.weight)",
                expected: "a finite variance above 0 and a finite weight of at least 0")
        }
        let (dimension, vectors) = (dimension, table.vectors)
        var means = means
        var scatters: [Matrix] = []
        var weights: [Double] = []
        for state in 0..<states {
            let weight = statistics.lane(state, row: 0, vectors: vectors)
            var scatter = Matrix(rows: dimension, columns: dimension)
            if weight > 0 {
                let shifts = (0..<dimension).map { statistics.lane(state, row: 1 + $0, vectors: vectors) / weight }
                var row = 1 + dimension
                for i in 0..<dimension {
                    means[state, i] += shifts[i]
                    for j in (table.isDiagonal ? i : 0)...i {
                        scatter[i, j] =
                            statistics.lane(state, row: row, vectors: vectors) - weight * shifts[i] * shifts[j]
                        scatter[j, i] = scatter[i, j]
                        row += 1
                    }
                }
            }
            scatters.append(scatter)
            weights.append(weight)
        }
        return try GaussianEmissions(
            means: means, covariances: covariances(scatters, weights: weights, prior: prior))
    }

    private func covariances(_ scatters: [Matrix], weights: [Double], prior: Prior) -> Covariances {
        let added = prior.weight * prior.variance
        func isFree(_ state: Int) -> Bool { weights[state] + prior.weight > 0 }
        switch covariances {
        case .full(let old):
            return .full(
                scatters.indices.map { state in
                    isFree(state)
                        ? (scatters[state] + .identity(dimension) * added) * (1 / (weights[state] + prior.weight))
                        : old[state]
                })
        case .tied(let old):
            let weight = weights.reduce(prior.weight, +)
            guard weight > 0 else { return .tied(old) }
            return .tied(scatters.reduce(.identity(dimension) * added, +) * (1 / weight))
        case .diagonal(var variances):
            for state in scatters.indices where isFree(state) {
                for i in 0..<dimension {
                    variances[state, i] = (scatters[state][i, i] + added) / (weights[state] + prior.weight)
                }
            }
            return .diagonal(variances)
        case .spherical(var variances):
            for state in scatters.indices where isFree(state) {
                let sum = scatters[state].diagonal.reduce(0, +)
                variances[state] = (sum / Double(dimension) + added) / (weights[state] + prior.weight)
            }
            return .spherical(variances)
        }
    }

    public func logPrior(_ prior: Prior) -> Double {
        guard prior.weight > 0 else { return 0 }
        var sum = 0.0
        for (factor, logDeterminant) in zip(table.factors, table.logDeterminants) {
            // The trace of the inverse is the sum of squares of the inverse factor.
            let inverse = factor.solvingTriangular(.lower, .identity(dimension))
            let trace = inverse.storage.reduce(0) { $0 + $1 * $1 }
            sum -= 0.5 * prior.weight * (logDeterminant + prior.variance * trace)
        }
        return sum
    }
}
