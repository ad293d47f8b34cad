internal import Foundation

/// A trained network of dense layers.
public struct FeedForwardModel: Codable, Sendable, Equatable {
    /// The widths of all layers: inputs first, outputs last.
    public let widths: [Int]
    /// What the outputs mean.
    public let head: FeedForwardNetwork.Head
    /// Layer by layer, the weights `[outputs, inputs]` row-major, then the biases `[outputs]`.
    public internal(set) var parameters: [Float]
    /// The mean loss of each epoch, taken while it trained.
    public internal(set) var losses: [Double]

    /// The number of inputs.
    public var inputs: Int { widths[0] }
    /// The number of outputs.
    public var outputs: Int { widths[widths.count - 1] }
    /// The multiplications and additions that one row costs: Σ inputs · outputs over the layers.
    public var multiplyAddsPerItem: Int { zip(widths, widths.dropFirst()).reduce(0) { $0 + $1.0 * $1.1 } }

    static func parameterCount(_ widths: [Int]) -> Int {
        zip(widths, widths.dropFirst()).reduce(0) { $0 + ($1.0 + 1) * $1.1 }
    }

    /// Initial weights: normal of variance 2/inputs; biases 0.
    init(widths: [Int], head: FeedForwardNetwork.Head, seed: UInt64) {
        self.widths = widths
        self.head = head
        losses = []
        parameters = []
        parameters.reserveCapacity(Self.parameterCount(widths))
        var random = SplitMix64(seed: seed)
        for (inputs, outputs) in zip(widths, widths.dropFirst()) {
            let spread = (2 / Double(inputs)).squareRoot()
            for _ in 0..<inputs * outputs {
                // Box and Muller, 1958.
                let radius = (-2 * log(1 - random.uniform())).squareRoot()
                parameters.append(Float(spread * radius * cos(2 * .pi * random.uniform())))
            }
            for _ in 0..<outputs { parameters.append(0) }
        }
    }

    private enum CodingKeys: String, CodingKey { case widths, head, parameters, losses }

    /// Reads a stored network; throws `LearnerError.badModel` when its weights do not fit its widths.
    public init(from decoder: any Decoder) throws {
        let box = try decoder.container(keyedBy: CodingKeys.self)
        widths = try box.decode([Int].self, forKey: .widths)
        head = try box.decode(FeedForwardNetwork.Head.self, forKey: .head)
        losses = try box.decode([Double].self, forKey: .losses)
        let blob = try box.decode(Data.self, forKey: .parameters)
        guard widths.count >= 2, widths.allSatisfy({ 1...1_000_000 ~= $0 }),
            blob.count == 4 * Self.parameterCount(widths)
        else { throw LearnerError.badModel("the weights do not fit the widths") }
        parameters = (0..<blob.count / 4).map { index in
            let bits = (0..<4).reduce(UInt32(0)) {
                $0 | UInt32(blob[blob.startIndex + 4 * index + $1]) << UInt32(8 * $1)
            }
            return Float(bitPattern: bits)
        }
        guard parameters.allSatisfy({ $0.isFinite }) else { throw LearnerError.badModel("a weight is not finite") }
    }

    /// Writes the weights as base64 of little-endian `Float`.
    public func encode(to encoder: any Encoder) throws {
        var box = encoder.container(keyedBy: CodingKeys.self)
        try box.encode(widths, forKey: .widths)
        try box.encode(head, forKey: .head)
        try box.encode(losses, forKey: .losses)
        var blob = Data(capacity: 4 * parameters.count)
        for parameter in parameters {
            for shift in [0, 8, 16, 24] as [UInt32] {
                blob.append(UInt8(truncatingIfNeeded: parameter.bitPattern >> shift))
            }
        }
        try box.encode(blob, forKey: .parameters)
    }

    /// Memory for the hidden layers of one row: twice the widest layer.
    public func makeScratch() -> [Float] { [Float](repeating: 0, count: 2 * widths.reduce(0, max)) }

    /// Writes the outputs, `[outputs]`, of one row, `[inputs]`. Allocates nothing; `scratch` is of `makeScratch`.
    public func predict(
        _ row: UnsafeBufferPointer<Float>, into result: UnsafeMutableBufferPointer<Float>, scratch: inout [Float]
    ) {
        precondition(
            row.count == inputs && result.count == outputs,
            "a row holds one number for each input, the result one for each output")
        let half = scratch.count / 2
        scratch.withUnsafeMutableBufferPointer { scratch in
            parameters.withUnsafeBufferPointer { parameters in
                var source = row.baseAddress!
                var offset = 0
                for layer in 1..<widths.count {
                    let (inputs, outputs) = (widths[layer - 1], widths[layer])
                    let isLast = layer == widths.count - 1
                    let target = isLast ? result.baseAddress! : scratch.baseAddress! + (layer % 2) * half
                    let biases = parameters.baseAddress! + offset + inputs * outputs
                    for output in 0..<outputs {
                        let weights = parameters.baseAddress! + offset + output * inputs
                        // Eight partial sums: the compiler may not reorder a sum of floats by itself.
                        var partial = SIMD8<Float>()
                        var index = 0
                        while index + 8 <= inputs {
                            let a = UnsafeRawPointer(weights + index).loadUnaligned(as: SIMD8<Float>.self)
                            let b = UnsafeRawPointer(source + index).loadUnaligned(as: SIMD8<Float>.self)
                            partial += a * b
                            index += 8
                        }
                        var sum = partial.sum() + biases[output]
                        while index < inputs {
                            sum += weights[index] * source[index]
                            index += 1
                        }
                        target[output] = isLast ? sum : max(0, sum)
                    }
                    source = UnsafePointer(target)
                    offset += (inputs + 1) * outputs
                }
            }
        }
        head.transform(result)
    }

    /// The outputs of many rows, `[rows, outputs]` of `[rows, inputs]`, on all cores.
    public func predict(_ inputs: [Float], rows: Int) -> [Float] {
        precondition(inputs.count == rows * self.inputs, "the inputs hold one number for each row and input")
        var result = [Float](repeating: 0, count: rows * outputs)
        let block = 256
        result.withUnsafeMutableBufferPointer { buffer in
            // Every block writes its own rows alone.
            nonisolated(unsafe) let buffer = buffer
            Parallel.forEach(count: (rows + block - 1) / block) { index in
                let range = index * block..<min((index + 1) * block, rows)
                var activations = FeedForwardActivations(widths: widths, capacity: range.count)
                activations.load(inputs[range.lowerBound * self.inputs..<range.upperBound * self.inputs])
                activations.forward(parameters, rows: range.count)
                for offset in 0..<range.count * outputs {
                    buffer[range.lowerBound * outputs + offset] = activations.layers[widths.count - 1][offset]
                }
                for row in range {
                    head.transform(UnsafeMutableBufferPointer(rebasing: buffer[row * outputs..<(row + 1) * outputs]))
                }
            }
        }
        return result
    }

    /// The outputs of many rows, `[rows, outputs]` of `[rows, inputs]`.
    public func predict(_ rows: Matrix) -> Matrix {
        precondition(rows.columns == inputs, "a row holds one number for each input")
        let result = predict(rows.storage.map { Float($0) }, rows: rows.rows)
        return Matrix(rows: rows.rows, columns: outputs, storage: result.map { Double($0) })
    }
}
