import Cascades
import Storage
import Synchronization

/// What this process remembers of its own traffic, bounded: the last five minutes by the second, the last day by the
/// minute, and the last requests whole. A live page reads nothing else, so that looking on costs requests nothing.
final class LiveTraffic: Sendable {
    /// What ended in one second.
    struct Second: Sendable, Hashable {
        /// Since 1970.
        var second = 0
        var requests = 0
        /// Those for which the policy asked more than one stage, and those that got no answer.
        var deferred = 0
        var failed = 0
        var money = 0.0
        /// By the stage whose answer was given.
        var byStage: [String: Int] = [:]
    }

    /// How many seconds, minutes and requests are kept.
    static let seconds = 300
    static let minutes = 24 * 60
    static let requests = 2048

    private struct State {
        var seconds = [Second](repeating: Second(), count: LiveTraffic.seconds)
        var tally = TrafficTally()
        var prunedAt = 0
        var last: [RequestRecord] = []
        /// How many requests were noted; the last one lies at this place, less one, in the ring.
        var count = 0
        var latency = LatencyQuantile()
        /// The second of the clock, as the last requests tell it.
        var newest = 0

        /// The clock goes on to `second`. Where it was set back by more than is kept, what it told before is no time of its own
        /// any more: else nothing new would be seen until it is as late again.
        mutating func moveOn(to second: Int) {
            if second > newest {
                newest = second
            } else if second <= newest - LiveTraffic.seconds {
                newest = second
                for place in seconds.indices where seconds[place].second > second { seconds[place] = Second() }
            }
        }
    }

    private let state = Mutex(State())

    /// Takes note of a request that has ended.
    func note(_ record: RequestRecord) {
        var kept = record
        kept.reservation = nil
        // Texts are kept only when asked, and then by the store.
        kept.input = nil
        for place in kept.choices.indices { kept.choices[place].output = nil }
        let end = record.time + record.seconds
        let second = Int(bounding: end)
        let row = Self.row(record)
        state.withLock { state in
            state.count += 1
            state.moveOn(to: second)
            let place = (second % Self.seconds + Self.seconds) % Self.seconds
            if state.seconds[place].second != second { state.seconds[place] = Second(second: second) }
            state.seconds[place].note(record)
            state.latency.observe(record.seconds)
            state.tally.add(row)
            let minute = row.place.minute
            // Once an hour, so that it costs a request next to nothing; and when the clock was set back by as much, for what
            // lies ahead then would never be old.
            if minute >= state.prunedAt + 60 || minute <= state.prunedAt - 60 {
                state.tally.keep(minute - Self.minutes...minute + 60)
                state.prunedAt = minute
            }
            if state.last.count < Self.requests {
                state.last.append(kept)
            } else {
                state.last[(state.count - 1) % Self.requests] = kept
            }
        }
    }

    private static func row(_ record: RequestRecord) -> TrafficRow {
        let status: TrafficRow.Status =
            switch record.decision {
            case .abstained: .abstained
            case .failed, .cancelled: .failed
            default: .answered
            }
        var row = TrafficRow(
            TrafficRow.Place(
                minute: Int(bounding: record.time / 60), model: record.model, policyVersion: record.policyVersion,
                stage: record.answeredBy, status: status))
        row.requests = 1
        row.deferred = record.isDeferred ? 1 : 0
        row.money = record.cost.money
        row.seconds = record.seconds
        if let name = record.answeredBy,
            let cost = record.choices.last(where: { $0.name == name && $0.failure == nil })?.cost
        {
            row.answerMoney = cost.money
            row.answerTokensIn = cost.tokensIn
            row.answerTokensOut = cost.tokensOut
        } else {
            row.answerMoney = record.repeatedMoney
        }
        return row
    }

    /// The seconds from `first` to `last`, those without requests left out; at most the last five minutes.
    func seconds(from first: Int, through last: Int) -> [Second] {
        state.withLock { state in
            state.seconds.filter {
                $0.requests > 0 && $0.second >= first && $0.second <= last && $0.second > state.newest - Self.seconds
            }
        }.sorted { $0.second < $1.second }
    }

    /// The share of the last five minutes' requests that asked more than one stage; nil where there were none.
    var deferralRate: Double? {
        let (requests, deferred) = state.withLock { state in
            state.seconds.reduce((0, 0)) { sum, second in
                second.second > state.newest - Self.seconds
                    ? (sum.0 + second.requests, sum.1 + second.deferred) : sum
            }
        }
        return requests > 0 ? Double(deferred) / Double(requests) : nil
    }

    /// The latency below which a `share` of the last requests lie; nil before there were any.
    func latency(_ share: Double) -> Double? { state.withLock { $0.latency.quantile(share) } }

    /// How many requests ended.
    var count: Int { state.withLock { $0.count } }

    /// The last `limit` requests of `model` (of any where it is nil), the newest first, and no older ones than the
    /// `count`-th where `since` is given.
    func last(_ limit: Int, model: String? = nil, since: Int = 0) -> [RequestRecord] {
        state.withLock { state in
            var found: [RequestRecord] = []
            var number = state.count
            let oldest = max(since, state.count - state.last.count)
            while number > oldest, found.count < limit {
                number -= 1
                let record = state.last[number % Self.requests]
                if model == nil || record.model == model { found.append(record) }
            }
            return found
        }
    }

    /// The request called `id`, while it is remembered.
    func request(_ id: String) -> RequestRecord? { state.withLock { $0.last.first { $0.id == id } } }

    /// The minutes from `first` on, those of `stretch` minutes added up; by time.
    func rows(from first: Int, stretch: Int) -> [TrafficRow] {
        let rows = state.withLock { $0.tally.rows.values.filter { $0.place.minute >= first } }
        var tally = TrafficTally()
        for var row in rows {
            row.place.minute = row.place.minute / stretch * stretch
            tally.add(row)
        }
        return tally.rows.values.sorted { $0.place.minute < $1.place.minute }
    }
}

extension LiveTraffic.Second {
    fileprivate mutating func note(_ record: RequestRecord) {
        requests += 1
        if record.isDeferred { deferred += 1 }
        switch record.decision {
        case .abstained, .failed, .cancelled: failed += 1
        case .answered, .cached, .failedOver, .continued, .released: break
        }
        money += record.cost.money
        if let stage = record.answeredBy { byStage[stage, default: 0] += 1 }
    }
}
