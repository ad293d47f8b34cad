public import NumericalMethods

extension GaussianEmissions {
    public func writeLogDensities(
        of observations: Matrix, times: Range<Int>, into target: UnsafeMutablePointer<StateVector>
    ) {
        observations.storage.withUnsafeBufferPointer { points in
            let points = points.baseAddress! + times.lowerBound * dimension
            table.means.withUnsafeBufferPointer { means in
                table.whitening.withUnsafeBufferPointer { whitening in
                    for vector in 0..<table.vectors {
                        let constant = table.constants[vector]
                        if dimension == 2 && !table.isDiagonal {
                            plane(points, times.count, vector, means, whitening, constant, target)
                        } else {
                            general(points, times.count, vector, means, whitening, constant, target)
                        }
                    }
                }
            }
        }
    }

    /// Two coordinates, all in registers.
    private func plane(
        _ points: UnsafePointer<Double>, _ count: Int, _ vector: Int, _ means: UnsafeBufferPointer<StateVector>,
        _ whitening: UnsafeBufferPointer<StateVector>, _ constant: StateVector,
        _ target: UnsafeMutablePointer<StateVector>
    ) {
        let vectors = table.vectors
        let (mean0, mean1) = (means[vector], means[vectors + vector])
        let (w00, w10, w11) = (whitening[vector], whitening[vectors + vector], whitening[2 * vectors + vector])
        for time in 0..<count {
            let d0 = StateVector(repeating: points[2 * time]) - mean0
            let d1 = StateVector(repeating: points[2 * time + 1]) - mean1
            let z0 = w00 * d0
            let z1 = w10 * d0 + w11 * d1
            target[time * vectors + vector] = constant - StateVector(repeating: 0.5) * (z0 * z0 + z1 * z1)
        }
    }

    private func general(
        _ points: UnsafePointer<Double>, _ count: Int, _ vector: Int, _ means: UnsafeBufferPointer<StateVector>,
        _ whitening: UnsafeBufferPointer<StateVector>, _ constant: StateVector,
        _ target: UnsafeMutablePointer<StateVector>
    ) {
        let (dimension, vectors, isDiagonal) = (dimension, table.vectors, table.isDiagonal)
        withUnsafeTemporaryAllocation(of: StateVector.self, capacity: dimension) { differences in
            let d = differences.baseAddress!
            for time in 0..<count {
                let point = points + time * dimension
                var square = StateVector.zero
                var row = vector
                for i in 0..<dimension {
                    d[i] = StateVector(repeating: point[i]) - means[i * vectors + vector]
                    var z = StateVector.zero
                    for j in (isDiagonal ? i : 0)...i {
                        z += whitening[row] * d[j]
                        row += vectors
                    }
                    square += z * z
                }
                target[time * vectors + vector] = constant - StateVector(repeating: 0.5) * square
            }
        }
    }
}
