import Foundation
import Probability

/// Whether and when a failed call is made again: after a random pause up to a bound that doubles (full jitter), or after what
/// the stage asked for.
struct RetryRule: Sendable, Hashable {
    /// Calls in all.
    var attempts = 2
    /// The first bound of the pause in seconds, and the largest.
    var pause = 0.1
    var longestPause = 2.0

    enum Decision: Sendable, Hashable {
        case retry(after: Double)
        case giveUp
    }

    /// What to do after attempt `attempt`, counted from 1, failed.
    func decide(_ error: StageError, attempt: Int, using random: inout Random) -> Decision {
        guard attempt < attempts, error.isFault else { return .giveUp }
        if case .timedOut = error { return .giveUp }
        if case .status(_, _, let asked?) = error {
            return asked <= longestPause ? .retry(after: asked) : .giveUp
        }
        let bound = min(longestPause, pause * pow(2, Double(min(attempt - 1, 30))))
        return .retry(after: bound * random.uniform())
    }
}
