import Foundation
import Inference
import NumericalMethods
import Probability
import Testing

@Suite struct `Hamiltonian dynamics` {
    @Test func `a trajectory run backwards comes back to its start`() throws {
        let target = try NormalTarget.standard()
        for metric in [EuclideanMetric.diagonal([1, 2, 0.5]), .dense(try Cholesky(target.covariance).lower)] {
            let path = try LeapfrogPath(target, metric)
            let start = path.point([0.3, 0.1, -0.7], momentum: [1, -0.4, 0.2])
            let there = path.run(start, stepSize: 0.17, steps: 40)
            let back = path.run(path.reversed(there), stepSize: 0.17, steps: 40)
            for i in 0..<3 {
                #expect(abs(back.position[i] - start.position[i]) < 1e-12)
                #expect(abs(back.momentum[i] + start.momentum[i]) < 1e-12)
            }
        }
    }

    @Test func `a step keeps volume: the derivative has determinant 1`() throws {
        let path = try LeapfrogPath(SkewedTarget(), .diagonal([1.3, 0.7]))
        let start = [0.4, -0.8, 0.6, 1.1]
        var jacobian = Matrix(rows: 4, columns: 4)
        let h = 1e-5
        func image(_ x: [Double]) -> [Double] {
            let end = path.run(path.point(Array(x[..<2]), momentum: Array(x[2...])), stepSize: 0.6, steps: 3)
            return end.position + end.momentum
        }
        for j in 0..<4 {
            var (up, down) = (start, start)
            up[j] += h
            down[j] -= h
            let (a, b) = (image(up), image(down))
            for i in 0..<4 { jacobian[i, j] = (a[i] - b[i]) / (2 * h) }
        }
        // det J = ±√det(JᵀJ)
        let gram = jacobian.multiplied(by: jacobian, transposingSelf: true)
        #expect(abs(try Cholesky(gram).determinant - 1) < 1e-7)
    }

    @Test func `the energy's error falls with the square of the step`() throws {
        let path = try LeapfrogPath(SkewedTarget(), .unit(dimension: 2))
        let start = path.point([0.2, 0.9], momentum: [0.7, -1])
        let energies = [(0.1, 10), (0.05, 20), (0.025, 40)].map { step, count in
            path.energy(path.run(start, stepSize: step, steps: count)) - path.energy(start)
        }
        #expect(abs(energies[0] / energies[1] - 4) < 0.2 && abs(energies[1] / energies[2] - 4) < 0.1)
    }
}
