import Foundation
import Testing

@testable import NumericalMethods

@Suite struct `a feed-forward network` {
    /// The loss of a batch by a plain forward pass in `Double`.
    func loss(
        _ model: FeedForwardModel, _ parameters: [Double], _ inputs: [Float], _ row: Int, _ loss: ([Double]) -> Double
    ) -> Double {
        var layer = inputs[row * model.inputs..<(row + 1) * model.inputs].map { Double($0) }
        var offset = 0
        for (index, (inner, outer)) in zip(model.widths, model.widths.dropFirst()).enumerated() {
            layer = (0..<outer).map { output in
                let sum = (0..<inner).reduce(parameters[offset + inner * outer + output]) {
                    $0 + parameters[offset + output * inner + $1] * layer[$1]
                }
                return index == model.widths.count - 2 ? sum : max(0, sum)
            }
            offset += (inner + 1) * outer
        }
        return loss(layer)
    }

    /// Compares backpropagation with central differences of the mean loss computed in `Double`.
    func checkGradient(
        head: FeedForwardNetwork.Head, loss given: FeedForwardNetwork.Loss, _ exact: @escaping (Int, [Double]) -> Double
    ) {
        let widths = [5, 7, 6, 4]
        let rows = 70
        var random = TestRandom(77)
        let inputs = (0..<rows * 5).map { _ in Float(random.normal()) }
        let model = FeedForwardModel(widths: widths, head: head, seed: 3)
        let gradient = FeedForwardGradient(widths: widths, batchSize: rows)
        let sum = gradient.evaluate(model.parameters, inputs: inputs, batch: Array(0..<rows)[...], loss: given)
        let parameters = model.parameters.map { Double($0) }
        func mean(_ parameters: [Double]) -> Double {
            (0..<rows).reduce(0) { sum, row in sum + loss(model, parameters, inputs, row) { exact(row, $0) } }
                / Double(rows)
        }
        #expect(abs(sum / Double(rows) - mean(parameters)) < 1e-5)
        for index in stride(from: 0, to: parameters.count, by: 3) {
            var up = parameters
            var down = parameters
            up[index] += 1e-6
            down[index] -= 1e-6
            let slope = (mean(up) - mean(down)) / 2e-6
            #expect(abs(slope - Double(gradient.total[index])) < 2e-5, "parameter \(index)")
        }
    }

    let classes = (0..<70).map { ($0 * $0 + 1) % 4 }
    let targets = (0..<280).map { Float(0.5 + 0.4 * sin(Double($0))) }

    @Test func `backpropagates cross-entropy as finite differences do`() {
        let classes = classes
        checkGradient(head: .softmax, loss: FeedForwardNetwork.Head.softmax.loss(classes: classes)) { row, z in
            log(z.reduce(0) { $0 + exp($1) }) - z[classes[row]]
        }
    }

    @Test func `backpropagates log-loss as finite differences do`() {
        let targets = targets
        checkGradient(head: .bernoulli, loss: FeedForwardNetwork.Head.bernoulli.loss(targets: targets)) { row, z in
            (0..<4).reduce(0) { $0 + log(1 + exp(z[$1])) - Double(targets[row * 4 + $1]) * z[$1] }
        }
    }

    @Test func `backpropagates squared error as finite differences do`() {
        let targets = targets
        checkGradient(head: .linear, loss: FeedForwardNetwork.Head.linear.loss(targets: targets)) { row, z in
            (0..<4).reduce(0) { $0 + pow(z[$1] - Double(targets[row * 4 + $1]), 2) / 2 }
        }
    }

    @Test func `backpropagates a loss of one's own: an expected bin with an absolute error`() {
        // L = |Σ p_b b − y| with p the softmax over bins; dL/dz_b = sign · p_b (b − Σ p b).
        let own: FeedForwardNetwork.Loss = { row, logits, gradient in
            let weights = logits.map { exp(Double($0)) }
            let total = weights.reduce(0, +)
            let mean = weights.enumerated().reduce(0) { $0 + Double($1.offset) * $1.element / total }
            let error = mean - Double(row % 3) - 0.5
            for bin in logits.indices {
                gradient[bin] = Float((error < 0 ? -1 : 1) * weights[bin] / total * (Double(bin) - mean))
            }
            return abs(error)
        }
        checkGradient(head: .softmax, loss: own) { row, z in
            let total = z.reduce(0) { $0 + exp($1) }
            let mean = z.enumerated().reduce(0) { $0 + Double($1.offset) * exp($1.element) / total }
            return abs(mean - Double(row % 3) - 0.5)
        }
    }

    @Test func `one Adam step moves each parameter as the algorithm says`() {
        var model = FeedForwardModel(widths: [2, 1], head: .linear, seed: 1)
        model.parameters = [1, -2, 0.5]
        var adam = Adam(model: model, weightDecay: 0.1)
        // First step: m̂ = g, v̂ = g², so each moves by rate · sign(g); weights also shrink by rate · decay.
        adam.step(&model.parameters, gradient: [3, -0.01, 2], rate: 0.01)
        let expected: [Float] = [1 * 0.999 - 0.01, -2 * 0.999 + 0.01, 0.5 - 0.01]
        #expect(zip(model.parameters, expected).allSatisfy { abs($0 - $1) < 1e-5 })
        // Second step by the formulas, in Double.
        let before = model.parameters.map { Double($0) }
        let gradients = [[3, -0.01, 2], [-1, 0.02, 2]]
        adam.step(&model.parameters, gradient: [-1, 0.02, 2], rate: 0.01)
        for index in 0..<3 {
            let m = (0.9 * 0.1 * gradients[0][index] + 0.1 * gradients[1][index]) / (1 - 0.81)
            let v =
                (0.999 * 0.001 * pow(gradients[0][index], 2) + 0.001 * pow(gradients[1][index], 2))
                / (1 - 0.999 * 0.999)
            let next = before[index] * (index < 2 ? 0.999 : 1) - 0.01 * m / (sqrt(v) + 1e-8)
            #expect(abs(Double(model.parameters[index]) - next) < 1e-5)
        }
    }

    @Test func `learns two interleaved rings that no line can part`() throws {
        var random = TestRandom(6)
        var inputs: [Float] = []
        var classes: [Int] = []
        for i in 0..<2000 {
            let angle = 2 * .pi * random.uniform()
            let radius = (i % 2 == 0 ? 1.0 : 2.0) + 0.1 * random.normal()
            inputs += [Float(radius * cos(angle)), Float(radius * sin(angle))]
            classes.append(i % 2)
        }
        let network = FeedForwardNetwork(
            widths: [2, 32, 32, 2], head: .softmax, epochs: 30, batchSize: 64, learningRate: 5e-3, seed: 2)
        let model = try network.fit(inputs: inputs, classes: classes)
        let guess = model.predict(inputs, rows: 2000)
        let right = (0..<2000).count { (guess[2 * $0 + 1] > guess[2 * $0]) == (classes[$0] == 1) }
        // The rings are 10 standard deviations apart, 5 from the middle: all but a few are separable.
        #expect(right > 1980)
        #expect(model.losses.count == 30 && model.losses[29] < model.losses[0])
    }

    @Test func `a seed gives the same weights on any number of threads`() throws {
        var random = TestRandom(16)
        let inputs = (0..<500 * 20).map { _ in Float(random.normal()) }
        let classes = (0..<500).map { $0 % 3 }
        var network = FeedForwardNetwork(widths: [20, 40, 3], head: .softmax, epochs: 3, batchSize: 200, seed: 9)
        let before = Parallel.threads
        defer { Parallel.threads = before }
        Parallel.threads = 1
        let one = try network.fit(inputs: inputs, classes: classes)
        Parallel.threads = 3
        #expect(try network.fit(inputs: inputs, classes: classes) == one)
        network.seed = 10
        #expect(try network.fit(inputs: inputs, classes: classes) != one)
    }

    @Test func `one row and many rows agree, storage keeps every bit, and costs are counted`() throws {
        var random = TestRandom(26)
        let inputs = (0..<300 * 13).map { _ in Float(random.normal()) }
        let model = FeedForwardModel(widths: [13, 9, 21, 4], head: .softmax, seed: 5)
        #expect(model.multiplyAddsPerItem == 13 * 9 + 9 * 21 + 21 * 4)
        let again = try stored(model)
        #expect(again == model)
        let all = again.predict(inputs, rows: 300)
        var scratch = model.makeScratch()
        var one = [Float](repeating: 0, count: 4)
        for row in 0..<300 {
            inputs.withUnsafeBufferPointer { inputs in
                one.withUnsafeMutableBufferPointer {
                    model.predict(
                        UnsafeBufferPointer(rebasing: inputs[row * 13..<(row + 1) * 13]), into: $0, scratch: &scratch)
                }
            }
            #expect(zip(one, all[row * 4..<row * 4 + 4]).allSatisfy { abs($0 - $1) < 1e-5 })
            #expect(abs(one.reduce(0, +) - 1) < 1e-5)
        }
    }

    @Test func `refuses bad shapes, classes and inputs`() {
        let network = FeedForwardNetwork(widths: [2, 3, 2], head: .softmax)
        #expect(
            learnerError { _ = try network.fit(inputs: [1, 2, 3], classes: [0]) }
                == .mismatchedShapes(what: "the numbers in the inputs", expected: 2, found: 3))
        #expect(
            learnerError { _ = try network.fit(inputs: [1, 2], classes: [2]) }
                == .targetOutOfRange(row: 0, value: 2, expected: "a class from 0 to 1"))
        #expect(
            learnerError { _ = try network.fit(inputs: [1, .nan], classes: [1]) } == .infiniteFeature(row: 0, column: 1)
        )
        #expect(learnerError { _ = try network.fit(inputs: [], classes: []) } == .noRows)
        #expect(
            learnerError { _ = try FeedForwardNetwork(widths: [2], head: .softmax).fit(inputs: [1, 2], classes: [0]) }
                != nil)
    }

    @Test func `an epoch of the size of Fashion-MNIST's 784-256-10 is timed`() throws {
        // A twelfth of an epoch: 5,000 images.
        var random = TestRandom(46)
        let inputs = (0..<5000 * 784).map { _ in Float(random.uniform()) }
        let classes = (0..<5000).map { $0 % 10 }
        let network = FeedForwardNetwork(widths: [784, 256, 10], head: .softmax, epochs: 1)
        let elapsed = try seconds { _ = try network.fit(inputs: inputs, classes: classes) }
        print("network 784-256-10, 5,000 rows: \(elapsed) s")
        #expect(elapsed < 10)
    }
}
