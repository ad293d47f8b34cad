internal import Foundation

/// Step sizes (n + 1)^−a for n = 1, 2, ...
public struct PowerSchedule: Sendable, Equatable {
    /// The exponent a, in (0.5, 1].
    public let exponent: Double

    /// A schedule.
    ///
    /// - Throws: `InferenceError.improperParameter` unless 0.5 < exponent ≤ 1: outside, noise does not average out or the
    ///   iterates stop short.
    public init(exponent: Double) throws(InferenceError) {
        guard exponent > 0.5, exponent <= 1 else {
            throw .improperParameter(name: "exponent", value: "\(exponent)", expected: "above 0.5, at most 1")
        }
        self.exponent = exponent
    }

    /// The size of step `n`, from 1.
    public func size(_ n: Int) -> Double {
        exponent == 1 ? 1 / Double(n + 1) : exp(-exponent * log(Double(n + 1)))
    }
}
