import Foundation
import NumericalMethods
import Testing

private func rosenbrock(_ x: [Double]) -> Double {
    var sum = 0.0
    for i in 0..<x.count - 1 { sum += 100 * pow(x[i + 1] - x[i] * x[i], 2) + pow(1 - x[i], 2) }
    return sum
}

private func rosenbrock(_ x: [Double], _ gradient: inout [Double]) -> Double {
    for i in x.indices { gradient[i] = 0 }
    for i in 0..<x.count - 1 {
        let gap = x[i + 1] - x[i] * x[i]
        gradient[i] -= 400 * x[i] * gap + 2 * (1 - x[i])
        gradient[i + 1] += 200 * gap
    }
    return rosenbrock(x)
}

/// Many local minima; the global one is 0 at the origin.
private func rastrigin(_ x: [Double]) -> Double {
    x.reduce(10 * Double(x.count)) { $0 + $1 * $1 - 10 * cos(2 * Double.pi * $1) }
}

@Suite struct `minimisation` {
    @Test func `finds Rosenbrock's minimum with gradients, in ten dimensions`() throws {
        let start = (0..<10).map { $0 % 2 == 0 ? 0.5 : 2.0 }
        let minimum = try minimize(withGradient: { x, g in rosenbrock(x, &g) }, from: start, tolerance: 1e-12)
        #expect(minimum.value < 1e-10, "\(minimum)")
        #expect(distance(minimum.point, [Double](repeating: 1, count: 10)) < 1e-4)
        #expect(minimum.evaluations < 500)
        let close = try minimize(withGradient: { x, g in rosenbrock(x, &g) }, from: [-1.2, 1], tolerance: 1e-12)
        #expect(distance(close.point, [1, 1]) < 1e-6 && close.reason != .evaluationsUsed)
    }

    @Test(arguments: [MinimizationMethod.nelderMead, .subplex, .bobyqa])
    func `finds Rosenbrock's minimum without gradients`(method: MinimizationMethod) throws {
        let minimum = try minimize({ rosenbrock($0) }, from: [-1.2, 1], method: method, tolerance: 1e-12)
        #expect(distance(minimum.point, [1, 1]) < 1e-4, "\(method): \(minimum)")
        #expect(minimum.value == rosenbrock(minimum.point))
    }

    @Test func `stays within bounds`() throws {
        let bounds = [-2.0...0.5, -1.0...2]
        // On x₁ = 0.5 the best x₂ is 0.25, with value 0.25.
        for method in [MinimizationMethod.nelderMead, .subplex, .bobyqa] {
            let minimum = try minimize(
                { x in
                    #expect(bounds[0].contains(x[0]) && bounds[1].contains(x[1]))
                    return rosenbrock(x)
                }, from: [-1.2, 1], method: method, bounds: bounds, tolerance: 1e-10)
            #expect(distance(minimum.point, [0.5, 0.25]) < 1e-3, "\(method): \(minimum)")
        }
        let minimum = try minimize(
            withGradient: { x, g in rosenbrock(x, &g) }, from: [-1.2, 1], bounds: bounds, tolerance: 1e-10)
        #expect(distance(minimum.point, [0.5, 0.25]) < 1e-4, "\(minimum)")
    }

    @Test(arguments: [MinimizationMethod.direct, .controlledRandomSearch(seed: 3)])
    func `finds the lowest of many minima`(method: MinimizationMethod) throws {
        func search() throws -> Minimum {
            try minimize(
                rastrigin, from: [3, -2.2], method: method, bounds: [-5.12...4.1, -4.2...5.12], tolerance: 1e-10,
                maximumEvaluations: 20_000)
        }
        let minimum = try search()
        #expect(minimum.value < 1e-3, "\(method): \(minimum)")
        // A search is a function of its arguments.
        #expect(try search() == minimum)
    }

    @Test func `names the point at which the objective is not a number`() throws {
        do {
            _ = try minimize({ x in x[0] < 0.5 ? .nan : x[0] * x[0] }, from: [2], method: .nelderMead)
            Issue.record("NaN went unnoticed")
        } catch NumericalError.notANumber(_, let point) {
            #expect(point.count == 1 && point[0] < 0.5)
        }
    }

    @Test func `hands on the objective's own error`() {
        struct Broken: Error {}
        var calls = 0
        #expect(throws: Broken.self) {
            try minimize(
                { x in
                    calls += 1; if calls == 5 { throw Broken() }; return x[0] * x[0]
                }, from: [2])
        }
        #expect(calls == 5)
    }

    @Test func `steps around infinite values`() throws {
        let minimum = try minimize({ x in x[0] <= 0 ? .infinity : x[0] - log(x[0]) }, from: [3], method: .nelderMead)
        #expect(abs(minimum.point[0] - 1) < 1e-3)
    }

    @Test func `stops when its evaluations are used up`() throws {
        let minimum = try minimize({ rosenbrock($0) }, from: [-1.2, 1], method: .nelderMead, maximumEvaluations: 20)
        #expect(minimum.reason == .evaluationsUsed && minimum.evaluations == 20)
    }

    @Test func `refuses a start outside the bounds, and a global search without bounds`() {
        #expect(
            throws: NumericalError.invalidArgument(
                name: "unknown 1 of the start", value: 3, requirement: "within 0.0...1.0")
        ) {
            try minimize({ $0[0] }, from: [0, 3], bounds: [0...1, 0...1])
        }
        #expect(throws: NumericalError.self) { try minimize({ $0[0] }, from: [0], method: .direct) }
    }
}

@Suite struct `searches in one dimension` {
    private let problems: [(ClosedRange<Double>, Double, @Sendable (Double) -> Double)] = [
        (0...2, 2.0.squareRoot(), { $0 * $0 - 2 }), (-1...3, 0.5671432904097838730, { $0 - exp(-$0) }),
        (0...1.5, 0.7390851332151606417, { cos($0) - $0 }), (-10...10, 0, { atan($0) }), (0...1e6, 1e-3, { $0 - 1e-3 }),
    ]

    @Test func `find roots by Brent's method and by halving`() throws {
        for (range, root, f) in problems {
            #expect(abs(try findRoot(in: range, f) - root) < 2e-14)
            #expect(abs(try bisect(in: range, f) - root) <= 4e-16 * abs(root) + 1e-300)
        }
    }

    @Test func `take few evaluations`() throws {
        var calls = 0
        _ = try findRoot(in: 0...2) {
            calls += 1; return $0 * $0 * $0 - 2
        }
        #expect(calls < 20)
    }

    @Test func `say when no root is bracketed`() {
        let expected = NumericalError.notBracketed(lower: 1, upper: 2, valueAtLower: 1, valueAtUpper: 4)
        #expect(throws: expected) { try findRoot(in: 1...2) { $0 * $0 } }
        #expect(throws: expected) { try bisect(in: 1...2) { $0 * $0 } }
        #expect(throws: NumericalError.notANumber(method: "the search for a root", point: [1])) {
            try bisect(in: 1...2) { _ in .nan }
        }
    }

    @Test func `find minima`() throws {
        let smooth = try minimizeScalar(in: -1...4) { ($0 - 1.3) * ($0 - 1.3) + 2 }
        #expect(abs(smooth.point[0] - 1.3) < 1e-7 && smooth.value - 2 < 1e-13 && smooth.evaluations < 30)
        let kink = try minimizeScalar(in: -1...4) { abs($0 - 0.7) }
        #expect(abs(kink.point[0] - 0.7) < 1e-7)
        let edge = try minimizeScalar(in: 1...4) { $0 }
        #expect(edge.point[0] - 1 < 1e-6 && edge.reason == .converged)
    }
}
