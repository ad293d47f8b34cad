internal import Foundation

/// The layers' activations of some rows.
struct FeedForwardActivations: Sendable {
    let widths: [Int]
    /// Layer l is `[rows, widths[l]]`; layer 0 holds the inputs, the last the logits.
    var layers: [[Float]]

    init(widths: [Int], capacity: Int) {
        self.widths = widths
        layers = widths.map { [Float](repeating: 0, count: capacity * $0) }
    }

    /// Copies the inputs of consecutive rows.
    mutating func load(_ inputs: ArraySlice<Float>) {
        layers[0].replaceSubrange(0..<inputs.count, with: inputs)
    }

    mutating func forward(_ parameters: [Float], rows: Int) {
        var offset = 0
        for layer in 1..<widths.count {
            let (inputs, outputs) = (widths[layer - 1], widths[layer])
            let isLast = layer == widths.count - 1
            parameters.withUnsafeBufferPointer { parameters in
                let biases = parameters.baseAddress! + offset + inputs * outputs
                layers[layer - 1].withUnsafeBufferPointer { source in
                    layers[layer].withUnsafeMutableBufferPointer { target in
                        BLAS.gemm(
                            rows: rows, columns: outputs, inner: inputs,
                            UnsafeBufferPointer(rebasing: source[0..<rows * inputs]),
                            UnsafeBufferPointer(rebasing: parameters[offset..<offset + inputs * outputs]),
                            transposingB: true, into: UnsafeMutableBufferPointer(rebasing: target[0..<rows * outputs]))
                        for row in 0..<rows {
                            let values = target.baseAddress! + row * outputs
                            for output in 0..<outputs {
                                let value = values[output] + biases[output]
                                values[output] = isLast ? value : max(0, value)
                            }
                        }
                    }
                }
            }
            offset += (inputs + 1) * outputs
        }
    }
}

/// The mean gradient of a batch's loss in all parameters, by backpropagation.
///
/// A batch is cut into fixed shards of rows whose gradients are added in order, so that the sum is the same on any
/// number of threads.
final class FeedForwardGradient {
    private static let shardRows = 64
    private let widths: [Int]
    private let shards: Int
    private var activations: [FeedForwardActivations]
    private var slopes: [FeedForwardActivations]
    private var partials: [[Float]]
    private var sums: [Double]
    /// The gradient, laid out as the parameters.
    private(set) var total: [Float]

    init(widths: [Int], batchSize: Int) {
        self.widths = widths
        shards = (batchSize + Self.shardRows - 1) / Self.shardRows
        let capacity = min(Self.shardRows, batchSize)
        activations = (0..<shards).map { _ in FeedForwardActivations(widths: widths, capacity: capacity) }
        slopes = activations
        total = [Float](repeating: 0, count: FeedForwardModel.parameterCount(widths))
        partials = [[Float]](repeating: total, count: shards)
        sums = [Double](repeating: 0, count: shards)
    }

    /// Fills `total` for a batch of rows; returns the sum of their losses.
    func evaluate(
        _ parameters: [Float], inputs: [Float], batch: ArraySlice<Int>, loss: FeedForwardNetwork.Loss
    ) -> Double {
        let used = (batch.count + Self.shardRows - 1) / Self.shardRows
        let widths = widths
        let batch = Array(batch)
        let scale = 1 / Float(batch.count)
        activations.withUnsafeMutableBufferPointer { activations in
            slopes.withUnsafeMutableBufferPointer { slopes in
                partials.withUnsafeMutableBufferPointer { partials in
                    sums.withUnsafeMutableBufferPointer { sums in
                        // Every shard uses its own element of each list alone.
                        nonisolated(unsafe) let (activations, slopes) = (activations, slopes)
                        nonisolated(unsafe) let (partials, sums) = (partials, sums)
                        Parallel.forEach(count: used) { shard in
                            let start = shard * Self.shardRows
                            let rows = batch[start..<min(start + Self.shardRows, batch.count)]
                            sums[shard] = Self.backpropagate(
                                parameters, widths, inputs, rows, loss, scale, &activations[shard], &slopes[shard],
                                &partials[shard])
                        }
                    }
                }
            }
        }
        total.withUnsafeMutableBufferPointer { total in
            nonisolated(unsafe) let total = total
            let partials = partials
            Parallel.chunks(of: total.count, minimumChunk: 65_536) { range in
                for index in range { total[index] = partials[0][index] }
                for shard in 1..<max(used, 1) {
                    partials[shard].withUnsafeBufferPointer { partial in
                        for index in range { total[index] += partial[index] }
                    }
                }
            }
        }
        return sums[0..<used].reduce(0, +)
    }

    private static func backpropagate(
        _ parameters: [Float], _ widths: [Int], _ inputs: [Float], _ rows: ArraySlice<Int>,
        _ loss: FeedForwardNetwork.Loss, _ scale: Float, _ activations: inout FeedForwardActivations,
        _ slopes: inout FeedForwardActivations, _ partial: inout [Float]
    ) -> Double {
        let count = rows.count
        let width = widths[0]
        activations.layers[0].withUnsafeMutableBufferPointer { target in
            inputs.withUnsafeBufferPointer { inputs in
                for (offset, row) in rows.enumerated() {
                    (target.baseAddress! + offset * width).update(from: inputs.baseAddress! + row * width, count: width)
                }
            }
        }
        activations.forward(parameters, rows: count)
        let last = widths.count - 1
        let outputs = widths[last]
        var sum = 0.0
        activations.layers[last].withUnsafeBufferPointer { logits in
            slopes.layers[last].withUnsafeMutableBufferPointer { gradient in
                for (offset, row) in rows.enumerated() {
                    let range = offset * outputs..<(offset + 1) * outputs
                    sum += loss(
                        row, UnsafeBufferPointer(rebasing: logits[range]),
                        UnsafeMutableBufferPointer(rebasing: gradient[range]))
                    for index in range { gradient[index] *= scale }
                }
            }
        }
        var offset = partial.count
        for layer in stride(from: last, to: 0, by: -1) {
            let (inner, outer) = (widths[layer - 1], widths[layer])
            offset -= (inner + 1) * outer
            let start = offset
            slopes.layers.withUnsafeMutableBufferPointer { slopes in
                activations.layers[layer - 1].withUnsafeBufferPointer { below in
                    slopes[layer].withUnsafeBufferPointer { above in
                        let above = UnsafeBufferPointer(rebasing: above[0..<count * outer])
                        partial.withUnsafeMutableBufferPointer { partial in
                            BLAS.gemm(
                                rows: outer, columns: inner, inner: count, above, transposingA: true,
                                UnsafeBufferPointer(rebasing: below[0..<count * inner]),
                                into: UnsafeMutableBufferPointer(rebasing: partial[start..<start + inner * outer]))
                            let biases = partial.baseAddress! + start + inner * outer
                            for output in 0..<outer { biases[output] = 0 }
                            for row in 0..<count {
                                for output in 0..<outer { biases[output] += above[row * outer + output] }
                            }
                        }
                    }
                }
                guard layer > 1 else { return }
                let above = slopes[layer]
                slopes[layer - 1].withUnsafeMutableBufferPointer { target in
                    above.withUnsafeBufferPointer { above in
                        parameters.withUnsafeBufferPointer { parameters in
                            BLAS.gemm(
                                rows: count, columns: inner, inner: outer,
                                UnsafeBufferPointer(rebasing: above[0..<count * outer]),
                                UnsafeBufferPointer(rebasing: parameters[start..<start + inner * outer]),
                                into: UnsafeMutableBufferPointer(rebasing: target[0..<count * inner]))
                        }
                    }
                    activations.layers[layer - 1].withUnsafeBufferPointer { values in
                        // The rectifier passes the gradient where it passed the value.
                        for index in 0..<count * inner where values[index] <= 0 { target[index] = 0 }
                    }
                }
            }
        }
        return sum
    }
}

/// Adam's running moments of one network.
struct Adam {
    private var first: [Float]
    private var second: [Float]
    /// 1 for weights, 0 for biases, which do not decay.
    private let decays: [Bool]
    private let weightDecay: Double
    private var steps = 0

    init(model: FeedForwardModel, weightDecay: Double) {
        first = [Float](repeating: 0, count: model.parameters.count)
        second = first
        self.weightDecay = weightDecay
        decays = zip(model.widths, model.widths.dropFirst()).flatMap { inputs, outputs in
            [Bool](repeating: true, count: inputs * outputs) + [Bool](repeating: false, count: outputs)
        }
    }

    /// One step with β₁ = 0.9, β₂ = 0.999 and ε = 10⁻⁸.
    mutating func step(_ parameters: inout [Float], gradient: [Float], rate: Double) {
        steps += 1
        let firstScale = Float(1 / (1 - pow(0.9, Double(steps))))
        let secondScale = Float(1 / (1 - pow(0.999, Double(steps))))
        let length = Float(rate)
        let kept = Float(1 - rate * weightDecay)
        let decays = decays
        parameters.withUnsafeMutableBufferPointer { parameters in
            first.withUnsafeMutableBufferPointer { first in
                second.withUnsafeMutableBufferPointer { second in
                    // Every chunk writes its own indices alone.
                    nonisolated(unsafe) let (parameters, first, second) = (parameters, first, second)
                    Parallel.chunks(of: gradient.count, minimumChunk: 32_768) { range in
                        gradient.withUnsafeBufferPointer { gradient in
                            decays.withUnsafeBufferPointer { decays in
                                for index in range {
                                    let g = gradient[index]
                                    let m = 0.9 * first[index] + 0.1 * g
                                    let v = 0.999 * second[index] + 0.001 * g * g
                                    first[index] = m
                                    second[index] = v
                                    let change = length * m * firstScale / ((v * secondScale).squareRoot() + 1e-8)
                                    parameters[index] = parameters[index] * (decays[index] ? kept : 1) - change
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}
