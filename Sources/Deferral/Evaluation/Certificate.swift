public import Cascades

/// A policy whose loss against a reference stage stays within a tolerance, with a stated confidence.
public struct Certificate: Sendable {
    /// The policy, or nil where the log is too small to certify any but the reference itself.
    public var policy: (any Policy)?

    static func certify(
        _ path: any PolicyPath, calibration: CostedLog, reference: Int, goal: Goal, confidence: Double
    ) throws -> Certificate {
        Certificate(policy: nil)
    }
}
