internal import Foundation

/// 1 / (1 + e^-x), without overflow.
public func sigmoid(_ x: Double) -> Double {
    if x >= 0 { return 1 / (1 + exp(-x)) }
    let e = exp(x)
    return e / (1 + e)
}

/// log(p / (1 - p)); -∞ at 0 and +∞ at 1.
public func logit(_ p: Double) -> Double {
    precondition(p >= 0 && p <= 1, "a probability lies in 0 ... 1")
    // Around ½ the quotient is near 1, and its logarithm would lose digits.
    if p > 0.25 && p < 0.75 { return log1p((2 * p - 1) / (1 - p)) }
    return log(p) - log1p(-p)
}

/// log(1 + e^x), without overflow or loss of small values.
public func softplus(_ x: Double) -> Double {
    max(x, 0) + log1p(exp(-abs(x)))
}

/// log sigmoid(x) = -log(1 + e^-x).
public func logSigmoid(_ x: Double) -> Double { -softplus(-x) }

/// log(1 - e^x) for x < 0; -∞ at 0.
///
/// - Source: Mächler (2012), Accurately computing log(1 - exp(-|a|)), equation 7.
public func log1mExp(_ x: Double) -> Double {
    precondition(x <= 0, "log(1 - e^x) needs x of at most 0")
    return x > -0.6931471805599453 ? log(-expm1(x)) : log1p(-exp(x))
}
