import Foundation
import NumericalMethods

/// What a row of logits says as a whole.
struct LogitSummary {
    /// The largest logit.
    var largest = -Float.infinity
    /// ln Σ e^(x - largest): the surprise of the likeliest token.
    var logNormaliser = 0.0
    /// In nats.
    var entropy = 0.0
    /// By how much the likeliest token's probability exceeds the next one's.
    var margin = 0.0

    init(_ logits: some Collection<Float>) {
        if logits.withContiguousStorageIfAvailable({ summarise($0) }) == nil {
            Array(logits).withUnsafeBufferPointer { summarise($0) }
        }
    }

    private mutating func summarise(_ logits: UnsafeBufferPointer<Float>) {
        var second = -Float.infinity
        for logit in logits where logit > second {
            if logit > largest {
                second = largest
                largest = logit
            } else {
                second = logit
            }
        }
        let shift = largest
        withUnsafeTemporaryAllocation(of: Double.self, capacity: 2 * logits.count) { space in
            let shifted = UnsafeMutableBufferPointer(rebasing: space[..<logits.count])
            let weights = UnsafeMutableBufferPointer(rebasing: space[logits.count...])
            // Far below the range of e^x, so that -infinity times 0 can't come.
            for place in logits.indices { shifted[place] = max(Double(logits[place]) - Double(shift), -1000) }
            let sum = VectorFunctions.exponentials(UnsafeBufferPointer(shifted), shift: 0, into: weights).sum
            // Σ e^x and Σ x e^x give the normaliser and the entropy.
            let moment = VectorSums.dot(UnsafeBufferPointer(shifted), UnsafeBufferPointer(weights))
            logNormaliser = log(sum)
            entropy = max(0, logNormaliser - moment / sum)
            margin = (1 - exp(Double(second) - Double(shift))) / sum
        }
    }
}

extension GeneratedToken {
    /// `token` with what a row of logits says of it.
    init(logits: some Collection<Float>, token: Token) {
        let summary = LogitSummary(logits)
        let own = logits[logits.index(logits.startIndex, offsetBy: Int(token))]
        self.init(
            text: "", token: token, logProbability: Double(own) - Double(summary.largest) - summary.logNormaliser,
            entropy: summary.entropy, margin: summary.margin)
    }
}
