internal import Foundation

/// log Σ exp(xᵢ), in nats.
///
/// -∞ for no elements or if all are -∞; +∞ if any is +∞; NaN only if an element is NaN.
public func logSumExp(_ values: Span<Double>) -> Double {
    var largest = -Double.infinity
    var hasNaN = false
    for index in values.indices {
        largest = max(largest, values[index])
        if values[index].isNaN { hasNaN = true }
    }
    if hasNaN { return .nan }
    // Also keeps ∞ - ∞ out of the exponents.
    if largest.isInfinite { return largest }
    var sum = 0.0
    for index in values.indices { sum += exp(values[index] - largest) }
    return largest + log(sum)
}

/// log Σ exp(xᵢ), in nats; see the method for spans.
public func logSumExp(_ values: [Double]) -> Double { logSumExp(values.span) }

/// log(e^a + e^b).
public func logSumExp(_ a: Double, _ b: Double) -> Double {
    let larger = max(a, b)
    if larger.isInfinite { return larger }
    return larger + log1p(exp(-abs(a - b)))
}

/// Turns log-weights into probabilities exp(xᵢ) / Σ exp(xⱼ), in place, and returns log Σ exp(xⱼ).
///
/// Elements of +∞ share all mass equally. If every element is -∞ no distribution is defined: the result is -∞ and
/// every element becomes 0, so that the caller can tell.
@discardableResult
public func softmax(_ values: inout MutableSpan<Double>) -> Double {
    let total = logSumExp(values.span)
    precondition(!total.isNaN, "a log-weight is NaN")
    if total.isInfinite {
        var winners = 0.0
        for index in values.indices where total > 0 && values[index] == total { winners += 1 }
        for index in values.indices { values[index] = total > 0 && values[index] == total ? 1 / winners : 0 }
        return total
    }
    // Divided by their own sum, so that the probabilities add up to 1 to the last digit or two.
    var sum = 0.0
    for index in values.indices {
        values[index] = exp(values[index] - total)
        sum += values[index]
    }
    for index in values.indices { values[index] /= sum }
    return total
}

/// The probabilities exp(xᵢ) / Σ exp(xⱼ); see the method for spans.
public func softmax(_ values: [Double]) -> [Double] {
    var result = values
    var span = result.mutableSpan
    softmax(&span)
    return result
}
