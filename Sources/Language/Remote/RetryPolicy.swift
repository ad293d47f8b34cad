import Foundation
import Probability

/// How often, and after which pauses, a request is sent again.
///
/// The pause before attempt n + 1 is drawn evenly from 0 to min(longest, first · 2ⁿ⁻¹), so that clients that failed together
/// do not come back together; on top of what the endpoint asks for, where it does.
/// - Source: M. Brooker, "Exponential backoff and jitter", AWS Architecture Blog, 2015 ("full jitter").
public struct RetryPolicy: Sendable, Hashable {
    /// The most attempts in all.
    public var attempts = 5
    /// The longest first pause in seconds.
    public var firstPause = 0.5
    /// The longest pause of all in seconds.
    public var longestPause = 20.0
    /// The longest wait in seconds that an endpoint may ask for.
    public var patience = 120.0

    /// Five attempts.
    public init() {}

    /// No second attempt.
    public static var never: RetryPolicy {
        var policy = RetryPolicy()
        policy.attempts = 1
        return policy
    }
}

/// The attempts of one request so far: decides, and does nothing.
struct RetryState: Sendable {
    enum Move: Hashable {
        /// Send it again after so many seconds.
        case again(after: Double)
        /// Report this.
        case fail(EndpointFailure)
    }

    let policy: RetryPolicy
    private(set) var failures = 0

    init(_ policy: RetryPolicy) { self.policy = policy }

    /// What to do after a failure.
    /// - Parameters:
    ///   - wait: the seconds that the endpoint asks to wait, if it does.
    ///   - hasHandedOn: whether something of a reply has been handed on, which can't be taken back.
    mutating func failed(
        _ failure: EndpointFailure, wait: Double?, hasHandedOn: Bool, using random: inout Random
    ) -> Move {
        failures += 1
        guard failure.mayBeRetried, !hasHandedOn else { return .fail(failure) }
        if let wait, wait > policy.patience { return .fail(.busy(seconds: wait, patience: policy.patience)) }
        guard failures < policy.attempts else { return .fail(failure) }
        let longest = min(policy.longestPause, policy.firstPause * pow(2, Double(failures - 1)))
        return .again(after: max(0, wait ?? 0) + longest * random.uniform())
    }
}
