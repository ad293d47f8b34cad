internal import Foundation

extension FeedForwardNetwork.Head {
    /// The head's loss on hard classes.
    func loss(classes: [Int]) -> FeedForwardNetwork.Loss {
        { row, logits, gradient in
            loss(logits, gradient) { $0 == classes[row] ? 1 : 0 }
        }
    }

    /// The head's loss on `targets`, `[rows, outputs]`.
    func loss(targets: [Float]) -> FeedForwardNetwork.Loss {
        { row, logits, gradient in
            loss(logits, gradient) { targets[row * logits.count + $0] }
        }
    }

    @inline(__always)
    private func loss(
        _ logits: UnsafeBufferPointer<Float>, _ gradient: UnsafeMutableBufferPointer<Float>, target: (Int) -> Float
    ) -> Double {
        var sum = 0.0
        switch self {
        case .linear:
            for index in logits.indices {
                let error = logits[index] - target(index)
                gradient[index] = error
                sum += Double(error * error) / 2
            }
        case .bernoulli:
            for index in logits.indices {
                let z = logits[index]
                let small = exp(-abs(z))
                let wanted = target(index)
                gradient[index] = (z >= 0 ? 1 : small) / (1 + small) - wanted
                sum += Double(max(z, 0) + log1p(small) - wanted * z)
            }
        case .softmax:
            for index in logits.indices { gradient[index] = logits[index] }
            let total = Self.softmax(gradient)
            for index in logits.indices {
                let wanted = target(index)
                sum += Double(wanted) * Double(total - logits[index])
                gradient[index] -= wanted
            }
        }
        return sum
    }

    /// Turns logits into what the head means: a distribution, probabilities, or the numbers themselves.
    func transform(_ logits: UnsafeMutableBufferPointer<Float>) {
        switch self {
        case .linear: break
        case .bernoulli: for index in logits.indices { logits[index] = 1 / (1 + exp(-logits[index])) }
        case .softmax: Self.softmax(logits)
        }
    }

    /// Replaces logits by their softmax; returns the logarithm of the sum of exponentials.
    @discardableResult
    private static func softmax(_ logits: UnsafeMutableBufferPointer<Float>) -> Float {
        var largest = -Float.infinity
        for logit in logits { largest = max(largest, logit) }
        var sum: Float = 0
        for index in logits.indices {
            logits[index] = exp(logits[index] - largest)
            sum += logits[index]
        }
        for index in logits.indices { logits[index] /= sum }
        return largest + log(sum)
    }
}
