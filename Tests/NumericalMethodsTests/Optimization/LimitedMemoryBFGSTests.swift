import Foundation
import NumericalMethods
import Testing

@Suite struct `limited-memory BFGS` {
    /// Rosenbrock's valley in many dimensions, lowest at ones.
    private func rosenbrock(_ x: [Double], _ gradient: inout [Double]) -> Double {
        gradient = [Double](repeating: 0, count: x.count)
        var value = 0.0
        for i in 0..<(x.count - 1) {
            let (a, b) = (x[i + 1] - x[i] * x[i], 1 - x[i])
            value += 100 * a * a + b * b
            gradient[i] += -400 * a * x[i] - 2 * b
            gradient[i + 1] += 200 * a
        }
        return value
    }

    private let tight = LimitedMemoryBFGS(gradientTolerance: 1e-9, valueTolerance: 0, maximumSteps: 3000)

    @Test(arguments: [2, 10, 101]) func `finds the end of Rosenbrock's valley`(_ count: Int) throws {
        let start = (0..<count).map { $0 % 2 == 0 ? -1.2 : 1.0 }
        let minimum = try tight.minimize(from: start) { x, gradient in rosenbrock(x, &gradient) }
        #expect(minimum.reason == .converged)
        // Of the local minima that the valley has in some dimensions the start leads to the global one or near -1.
        #expect(minimum.value < 1e-12 || abs(minimum.value - 3.98) < 0.1)
    }

    @Test func `solves a quadratic whose scales differ by a thousand`() throws {
        let scales = (0..<50).map { pow(10, Double($0) * 3 / 49) }
        let minimum = try LimitedMemoryBFGS(gradientTolerance: 1e-10, valueTolerance: 0, maximumSteps: 100_000)
            .minimize(
                from: [Double](repeating: 1, count: 50)
            ) { x, gradient in
                for i in x.indices { gradient[i] = scales[i] * (x[i] - 0.5) }
                return x.indices.reduce(0) { $0 + 0.5 * scales[$1] * (x[$1] - 0.5) * (x[$1] - 0.5) }
            }
        #expect(minimum.reason == .converged)
        #expect(minimum.point.allSatisfy { abs($0 - 0.5) < 1e-6 })
    }

    @Test(arguments: [0.0, 0.1, 1, 3, 100]) func `with absolute values gives the soft threshold`(_ penalty: Double)
        throws
    {
        let targets = [-3.0, -1, -0.05, 0, 0.2, 1, 5]
        var search = tight
        search.absolutePenalty = penalty
        let minimum = try search.minimize(from: [1, 1, 1, 1, 1, 1, 1]) { x, gradient in
            for i in x.indices { gradient[i] = x[i] - targets[i] }
            return x.indices.reduce(0) { $0 + 0.5 * (x[$1] - targets[$1]) * (x[$1] - targets[$1]) }
        }
        for (x, target) in zip(minimum.point, targets) {
            let exact = max(0, abs(target) - penalty) * (target < 0 ? -1 : 1)
            #expect(abs(x - exact) < 1e-7)
            if exact == 0 && penalty > 0 { #expect(x == 0) }
        }
    }

    @Test func `never raises the objective, and says why it stopped`() throws {
        var state = try tight.start(at: [-1.2, 1, 0.5]) { x, gradient in rosenbrock(x, &gradient) }
        var last = state.value
        while state.reason == nil {
            let info = try tight.step(&state) { x, gradient in rosenbrock(x, &gradient) }
            #expect(info.value <= last)
            last = info.value
        }
        #expect(state.reason == .converged && state.steps > 5)
        let again = try tight.step(&state) { x, gradient in rosenbrock(x, &gradient) }
        #expect(again.length == 0 && again.evaluations == 0)
        var short = tight
        short.maximumSteps = 3
        #expect(
            try short.minimize(from: [-1.2, 1]) { x, gradient in rosenbrock(x, &gradient) }.reason == .evaluationsUsed)
        var steps = 0
        _ = try tight.minimize(from: [-1.2, 1]) { x, gradient in
            rosenbrock(x, &gradient)
        } observe: { _, _ in
            steps += 1
            return steps < 2
        }
        #expect(steps == 2)
    }

    @Test func `steps back from where the objective is not defined`() throws {
        // -log x + x is lowest at 1, infinite below 0; from 0.01 the first full step jumps far.
        let minimum = try tight.minimize(from: [0.01, 30]) { x, gradient in
            guard x.allSatisfy({ $0 > 0 }) else { return .infinity }
            for i in x.indices { gradient[i] = 1 - 1 / x[i] }
            return x.reduce(0) { $0 + $1 - log($1) }
        }
        #expect(minimum.point.allSatisfy { abs($0 - 1) < 1e-6 })
    }

    @Test func `refuses what is not finite`() {
        #expect(throws: NumericalError.self) { try tight.minimize(from: [.nan]) { _, _ in 0 } }
        #expect(throws: NumericalError.self) { try tight.minimize(from: [1]) { _, _ in .nan } }
        #expect(throws: NumericalError.self) { try tight.minimize(from: [1]) { _, _ in .infinity } }
        #expect(throws: NumericalError.self) {
            try tight.minimize(from: [1]) { _, gradient in
                gradient = [.nan]
                return 0
            }
        }
        #expect(throws: NumericalError.self) {
            try LimitedMemoryBFGS(absolutePenalty: -1).minimize(from: [1]) { _, _ in 0 }
        }
        #expect(throws: Never.self) { try tight.minimize(from: []) { _, _ in 0 } }
    }
}
