import Cascades
import Foundation
import Probability

/// A Markov chain's step with random log-weights, some of them −infinity.
func chain(_ rows: Int, _ columns: Int, _ seed: UInt64) throws -> CategoricalKernel<Int> {
    var random = Random(seed: seed)
    return try CategoricalKernel(
        transitions: (0..<rows).map { _ in
            var row = (0..<columns).map { _ in random.normal() }
            if columns > 2 { row[random.integer(below: columns)] = -.infinity }
            return row
        })
}

/// The chain's matrix of probabilities, computed without its own density.
func matrix(_ kernel: CategoricalKernel<Int>) -> [[Double]] {
    let width = kernel.outputCount
    return (0..<kernel.parameters.count / width).map { row in
        let weights = kernel.parameters[row * width..<(row + 1) * width].map { exp($0) }
        return weights.map { $0 / weights.reduce(0, +) }
    }
}

/// The product of two matrices.
func product(_ left: [[Double]], _ right: [[Double]]) -> [[Double]] {
    left.map { row in
        right[0].indices.map { column in row.indices.reduce(0) { $0 + row[$1] * right[$1][column] } }
    }
}

let line = LinearGaussianKernel(slope: 0.7, intercept: -0.2, logScale: -0.4)
let steep = LinearGaussianKernel(slope: -1.3, intercept: 0.5, logScale: 0.1)
