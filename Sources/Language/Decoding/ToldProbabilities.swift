import Foundation

/// What the log-probabilities of some tokens say of the distribution that they belong to.
package struct ToldProbabilities {
    /// In nats, all that is not told counted as one outcome: a lower bound of the distribution's entropy, and equal to it
    /// where everything is told.
    package private(set) var entropy = 0.0
    /// The largest probability less the second.
    package private(set) var margin = 0.0

    /// - Parameter logProbabilities: of different tokens, in nats.
    package init(_ logProbabilities: some Sequence<Double>) {
        var rest = 1.0
        var largest = 0.0
        var second = 0.0
        for logProbability in logProbabilities {
            let probability = exp(logProbability)
            rest -= probability
            if probability > 0 { entropy -= probability * logProbability }
            if probability > largest {
                second = largest
                largest = probability
            } else {
                second = max(second, probability)
            }
        }
        // Rounding, of the endpoint's numbers too, leaves a little more or less than nothing.
        if rest > 1e-9 { entropy -= rest * log(rest) }
        entropy = max(0, entropy)
        margin = largest - second
    }
}
