/// The time by which old records are taken away: the time of day, as long as that goes on like a clock which never jumps.
///
/// What is taken away does not come back, so a clock that is set ahead must not do it. One that is suddenly ahead, of what
/// it was and the seconds since, or at the start of the newest record, is believed only when it has gone evenly for a while;
/// until then the time is what it was before, and the seconds since. A clock that is set back takes nothing away.
///
/// A pure state machine: it is told both clocks.
struct SteadyTime: Sendable {
    /// The seconds by which the clock may be ahead at once, and for which it must go evenly when it is ahead by more.
    let tolerance: Double
    let patience: Double
    /// What is believed: a time of day, and when that was by the clock that never jumps.
    private var believed: (time: Double, instant: Double)
    /// What was told last.
    private var last: (time: Double, instant: Double)
    /// Since when the clock has gone evenly ahead of what is believed.
    private(set) var doubtedSince: Double?

    /// - Parameters:
    ///   - newest: the time of the newest record; nil where there is none.
    ///   - time: the time of day, in seconds since 1970.
    ///   - instant: seconds of a clock that never jumps.
    ///   - patience: for how many seconds a clock that is ahead must go evenly; by a tenth of that it may be ahead.
    init(newest: Double?, time: Double, instant: Double, patience: Double) {
        self.patience = patience
        tolerance = patience / 10
        believed = (min(newest ?? time, time), instant)
        last = (time, instant)
    }

    /// The time of day that can be believed when the clocks say `time` and `instant`.
    mutating func now(_ time: Double, at instant: Double) -> Double {
        let expected = believed.time + (instant - believed.instant)
        let isEven = abs(time - last.time - (instant - last.instant)) <= tolerance
        last = (time, instant)
        if time - expected > tolerance {
            if doubtedSince == nil || !isEven { doubtedSince = instant }
            guard let since = doubtedSince, instant - since >= patience else { return expected }
        }
        doubtedSince = nil
        believed = (time, instant)
        return time
    }
}
