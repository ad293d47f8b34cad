import Foundation
import NumericalMethods
import Probability
import Testing

@testable import Deferral

@Suite struct `the two-point representation` {
    @Test func `is exact and comes back`() throws {
        var random = Random(seed: 1)
        for _ in 0..<200 {
            let count = 2 + random.integer(below: 8)
            var points = [random.normal()]
            while points.count < count { points.append(points.last! + 0.01 + random.exponential()) }
            let head = try TwoPointHead(points: points)
            let target = random.uniform(in: points[0]..<points[count - 1])
            let distribution = try head.distribution(of: target)
            #expect(abs(head.value(of: distribution) - target) < 1e-12 * (1 + abs(target)))
            #expect(abs(distribution.reduce(0, +) - 1) < 1e-15)
            #expect(distribution.allSatisfy { 0...1 ~= $0 })
            let used = distribution.indices.filter { distribution[$0] > 0 }
            #expect(used.count <= 2 && used.last! - used.first! <= 1)
        }
    }

    @Test func `puts a target on a point there alone, both ends included`() throws {
        let head = try TwoPointHead.even(0...60, count: 7)
        #expect(head.points == [0, 10, 20, 30, 40, 50, 60] && head.width == 10)
        for (index, point) in head.points.enumerated() {
            var alone = [Double](repeating: 0, count: 7)
            alone[index] = 1
            #expect(try head.distribution(of: point) == alone)
        }
        #expect(try head.representation(of: 28) == TwoPoint(lower: 2, share: 0.2))
        #expect(try head.representation(of: 60) == TwoPoint(lower: 5, share: 0))
    }

    @Test func `refuses targets off the scale and points that do not rise`() throws {
        let head = try TwoPointHead(points: [1, 2, 4])
        for target in [0.999, 4.001, .nan, .infinity] {
            #expect(throws: DeferralError.badParameter(name: "target", value: "\(target)", expected: "a number from 1.0 to 4.0")) {
                try head.distribution(of: target)
            }
            #expect(throws: DeferralError.self) { try head.loss(of: [2, target]) }
        }
        for points in [[], [1], [1, 1], [2, 1], [0, .nan], [0, .infinity]] {
            #expect(throws: DeferralError.self) { try TwoPointHead(points: points) }
        }
        #expect(throws: DeferralError.self) { try TwoPointHead(points: [0, 1], divergenceWeight: -1) }
        #expect(throws: DeferralError.self) { try TwoPointHead.even(0...1, count: 1) }
    }
}

@Suite struct `the two-point loss` {
    private func evaluate(_ head: TwoPointHead, _ target: Double, _ logits: [Float]) -> (loss: Double, gradient: [Float]) {
        var gradient = [Float](repeating: .nan, count: logits.count)
        let loss = logits.withUnsafeBufferPointer { logits in
            gradient.withUnsafeMutableBufferPointer { head.loss(of: target, logits: logits, gradient: $0) }
        }
        return (loss, gradient)
    }

    @Test(arguments: TwoPointHead.MeanLoss.allCases)
    func `has the gradient of finite differences`(_ meanLoss: TwoPointHead.MeanLoss) throws {
        var random = Random(seed: 2)
        for weight in [0, 0.5, 2] {
            let head = try TwoPointHead(points: [-1, 0, 0.5, 3], divergenceWeight: weight, meanLoss: meanLoss)
            for _ in 0..<20 {
                let logits = (0..<4).map { _ in Float(2 * random.normal()) }
                let target = random.uniform(in: -1..<3)
                let gradient = evaluate(head, target, logits).gradient
                for index in 0..<4 {
                    // Steps that `Float` holds exactly; the loss is computed in `Double`.
                    let step = Float(0x1p-10)
                    var (up, down) = (logits, logits)
                    up[index] += step
                    down[index] -= step
                    let distance = Double(up[index]) - Double(down[index])
                    let slope = (evaluate(head, target, up).loss - evaluate(head, target, down).loss) / distance
                    #expect(abs(slope - Double(gradient[index])) < 1e-5)
                }
            }
        }
    }

    @Test func `is the divergence plus the error in widths, by hand`() throws {
        // Two points, both logits 0: p = (1/2, 1/2), m = 5, y = 8 = 0.2 * 0 + 0.8 * 10.
        let head = try TwoPointHead(points: [0, 10], divergenceWeight: 3)
        let expected = 3 * (0.2 * log(0.4) + 0.8 * log(1.6)) + 0.3
        #expect(abs(evaluate(head, 8, [0, 0]).loss - expected) < 1e-12)
        let squared = try TwoPointHead(points: [0, 10], divergenceWeight: 0, meanLoss: .squared)
        #expect(abs(evaluate(squared, 8, [0, 0]).loss - 0.045) < 1e-12)
    }

    @Test func `is 0 with no slope where the distribution is the target's`() throws {
        let head = try TwoPointHead(points: [0, 1, 2], meanLoss: .squared)
        let result = evaluate(head, 1.25, [-200, Float(log(0.75)), Float(log(0.25))])
        #expect(result.loss < 1e-12)
        #expect(result.gradient.allSatisfy { abs($0) < 1e-6 })
    }

    @Test func `stays finite for logits far apart`() throws {
        let head = try TwoPointHead(points: [0, 1, 2])
        let result = evaluate(head, 0, [-3e4, 0, 3e4])
        #expect(abs(result.loss - (6e4 + 2)) < 1e-6)
        #expect(result.gradient.allSatisfy { $0.isFinite })
    }

    @Test func `trains a network to the conditional mean`() throws {
        // y = 3 x exactly: the head can represent it, so that the error falls far below the width of a bin.
        let head = try TwoPointHead.even(0...3, count: 4)
        let rows = 512
        let inputs = (0..<rows).map { Float($0) / Float(rows - 1) }
        let targets = inputs.map { min(3, 3 * Double($0)) }
        let model = try FeedForwardNetwork(
            widths: [1, 16, 4], head: .softmax, epochs: 200, batchSize: 32, learningRate: 0.01, seed: 3
        ).fit(inputs: inputs, rows: rows, loss: head.loss(of: targets))
        let predictions = model.predict(inputs, rows: rows)
        let error = (0..<rows).map { row in
            abs(head.value(of: predictions[row * 4..<(row + 1) * 4].map { Double($0) }) - targets[row])
        }.reduce(0, +) / Double(rows)
        #expect(error < 0.05)
    }
}
