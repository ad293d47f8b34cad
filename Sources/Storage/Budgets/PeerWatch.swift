/// Tells which other gateways are dead: those whose beats have not moved for long enough by this gateway's own clock.
///
/// No clock is compared with another one's, so none that jumps or is wrong can kill a gateway.
struct PeerWatch: Sendable {
    /// For how many seconds a gateway may be silent.
    let patience: Double
    private var seen: [String: (beats: Int, since: Double)] = [:]

    init(patience: Double) { self.patience = patience }

    /// Takes note of all gateways' `beats` at `instant`, in seconds of a clock that never goes back.
    /// - Returns: the dead ones, with the beats they were last seen with.
    mutating func observe(_ beats: [String: Int], at instant: Double) -> [(holder: String, beats: Int)] {
        var next: [String: (beats: Int, since: Double)] = [:]
        var dead: [(holder: String, beats: Int)] = []
        for (holder, count) in beats.sorted(by: { $0.key < $1.key }) {
            if let known = seen[holder], known.beats == count {
                next[holder] = known
                if instant - known.since >= patience { dead.append((holder, count)) }
            } else {
                next[holder] = (count, instant)
            }
        }
        seen = next
        return dead
    }

    /// Starts over: while the store was away nobody could beat.
    mutating func forget() { seen = [:] }
}
