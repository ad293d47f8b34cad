import Probability
import Testing

@testable import Storage

/// A ledger that a simulation can look into.
protocol AuditedLedger: Ledger {
    /// Writes a batch; a number that was written before does nothing.
    func write(_ batch: RecordBatch, from writer: String) async throws
    /// What is settled and outstanding of every account and window.
    func audit() async throws -> [LedgerKey: LedgerEntry]
}

struct LedgerKey: Hashable {
    var account: String
    var window: Int64
}

struct LedgerEntry {
    var settled: Int64 = 0
    var outstanding: [String: Int64] = [:]
}

/// Several gateways with one key on one ledger, in one thread and in a random order: every message is sent, done and
/// heard in separate steps, and between any two of them a gateway may crash, be taken for dead, or lose an answer.
final class BudgetSimulation {
    private struct Gateway {
        var holder: String
        var writer: String
        var machine: BudgetMachine
        var queue = RecordQueue(capacity: 20, capacityBytes: 1 << 20)
        var running: [(reservation: Reservation, usage: Usage)] = []
        var asking: Asking?
        var committed: RecordBatch?
        var isBuried = false
    }

    private enum Asking {
        case sent(LeaseRequest)
        /// Done in the name of a holder that the gateway may have lost by the time it hears.
        case done(LeaseRequest, LeaseAnswer, holder: String)
    }

    private let ledger: any AuditedLedger
    private var random: Random
    private let limits: [Limit]
    private var gateways: [Gateway] = []
    private var dead: [String] = []
    private var time = 30.0
    private var names = 0
    /// What the batches that are in the ledger spent, and how much of it was beyond what was reserved.
    private var settled: [LedgerKey: Int64] = [:]
    private var beyond: [LedgerKey: Int64] = [:]
    /// What all requests that ended spent, whether the ledger ever hears of it or not.
    private var truth: [LedgerKey: Int64] = [:]
    private var truthBeyond: [LedgerKey: Int64] = [:]
    /// What was under way, or spent and not written, when gateways crashed or were taken for dead.
    private var inFlight: [LedgerKey: Int64] = [:]
    private(set) var requests = 0
    private(set) var crashes = 0

    init(_ ledger: any AuditedLedger, gateways count: Int, limits: [Limit], random: Random) async throws {
        self.ledger = ledger
        self.limits = limits
        self.random = random
        for _ in 0..<count { gateways.append(try await newGateway()) }
    }

    /// Runs until `count` requests have come, then lets everything come to its end.
    func run(requests count: Int) async throws {
        while requests < count {
            try await step()
            try await check()
        }
        try await finish()
    }

    private func newGateway() async throws -> Gateway {
        names += 1
        let holder = "gateway \(names)"
        try await ledger.register(holder)
        return Gateway(
            holder: holder, writer: "writer \(names)",
            machine: BudgetMachine(key: "key", limits: limits, holder: holder))
    }

    private func step() async throws {
        let index = random.integer(below: gateways.count)
        switch random.integer(below: 100) {
        case 0..<35: startRequest(index)
        case 35..<55: try await exchange(index)
        case 55..<75: endRequest(index)
        case 75..<90: try await write(index)
        case 90..<94: try await giveBack(index)
        case 94..<95: try await crash(index)
        case 95..<97: try await bury()
        case 97..<98: try await misjudge(index)
        default: time += random.uniform() * 20
        }
    }

    // MARK: What gateways do

    private func startRequest(_ index: Int) {
        requests += 1
        let usage = Usage(nanodollars: Int64(1 + random.integer(below: 50)), requests: 1)
        // A gateway that was silent for too long does not trust what it holds.
        let decision = gateways[index].machine.reserve(
            usage, time: time, instant: time, leasesHold: !gateways[index].isBuried)
        switch decision {
        case .reserved(let reservation): gateways[index].running.append((reservation, usage))
        case .lease(let request):
            if gateways[index].asking == nil { gateways[index].asking = .sent(request) }
        case .refused: break
        }
    }

    private func endRequest(_ index: Int) {
        guard !gateways[index].running.isEmpty else { return }
        let position = random.integer(below: gateways[index].running.count)
        let (reservation, usage) = gateways[index].running.remove(at: position)
        var spent = usage
        spent.nanodollars = Int64(random.integer(below: Int(usage.nanodollars) + 1))
        // Now and then a request takes more than anyone thought.
        if random.uniform() < 0.03 { spent.nanodollars = usage.nanodollars + Int64(random.integer(below: 30)) }
        let settlements = gateways[index].machine.settle(reservation, spent)
        let part = reservation.parts[0]
        let key = LedgerKey(account: part.limit.account, window: part.window)
        truth[key, default: 0] += spent.nanodollars
        truthBeyond[key, default: 0] += max(0, spent.nanodollars - usage.nanodollars)
        let number = reservation.parts[1]
        truth[LedgerKey(account: number.limit.account, window: number.window), default: 0] += 1
        // Some records find no room in the queue: their spending must not be lost with them.
        _ = gateways[index].queue.add(.feedback(Feedback(request: "r", quality: 1, time: 0)), settlements)
    }

    private func exchange(_ index: Int) async throws {
        switch gateways[index].asking {
        case nil: return
        case .sent(let request):
            if random.uniform() < 0.1 {
                gateways[index].asking = nil  // the store was locked
                return
            }
            do {
                let answer = try await ledger.lease(request, for: gateways[index].holder)
                gateways[index].asking = .done(request, answer, holder: gateways[index].holder)
            } catch LedgerError.buried {
                gateways[index].asking = nil
                try await rename(index)
            }
        case .done(let request, let answer, let holder):
            gateways[index].asking = nil
            if holder == gateways[index].holder, random.uniform() < 0.05 {
                // The connection broke before the answer came: it is not known what is held.
                let old = gateways[index].holder
                addInFlight(index)
                try await rename(index)
                try await ledger.retire(old)
                return
            }
            gateways[index].machine.receive(answer, to: request, holder: holder, instant: time, patience: 1)
        }
    }

    private func write(_ index: Int) async throws {
        if let batch = gateways[index].committed {
            // The commit is heard of, or the same batch goes out again.
            if random.uniform() < 0.2 {
                try await ledger.write(batch, from: gateways[index].writer)
                return
            }
            gateways[index].committed = nil
            _ = gateways[index].queue.commit()
            for settlement in batch.settlements { gateways[index].machine.acknowledge(settlement) }
            return
        }
        guard let batch = gateways[index].queue.next(limit: 1 + random.integer(below: 5)) else { return }
        if random.uniform() < 0.1 { return }  // the store was locked
        try await ledger.write(batch, from: gateways[index].writer)
        gateways[index].committed = batch
        for settlement in batch.settlements {
            let key = LedgerKey(account: settlement.place.account, window: settlement.place.window)
            settled[key, default: 0] += settlement.spent
            beyond[key, default: 0] += settlement.spent - settlement.leased
        }
    }

    private func giveBack(_ index: Int) async throws {
        let amounts = gateways[index].machine.takeIdle(time: time)
        if random.uniform() < 0.2 {
            for amount in amounts { gateways[index].machine.restore(amount, holder: gateways[index].holder) }
        } else {
            try await ledger.giveBack(amounts, from: gateways[index].holder)
        }
    }

    private func rename(_ index: Int) async throws {
        names += 1
        let holder = "gateway \(names)"
        try await ledger.register(holder)
        gateways[index].holder = holder
        gateways[index].machine.rename(holder)
        gateways[index].isBuried = false
    }

    // MARK: What happens to them

    private func crash(_ index: Int) async throws {
        crashes += 1
        addInFlight(index)
        if !gateways[index].isBuried { dead.append(gateways[index].holder) }
        gateways[index] = try await newGateway()
    }

    private func bury() async throws {
        guard let holder = dead.popLast() else { return }
        let beats = try await ledger.beat(gateways[0].isBuried ? try await revived(0) : gateways[0].holder)
        let count = try #require(beats[holder])
        #expect(try await ledger.bury(holder, beats: count))
        #expect(try await !ledger.bury(holder, beats: count))
    }

    private func revived(_ index: Int) async throws -> String {
        try await rename(index)
        return gateways[index].holder
    }

    /// A gateway that lives is taken for dead.
    private func misjudge(_ index: Int) async throws {
        if gateways[index].isBuried { return }
        let beats = try await ledger.beat(gateways[index].holder)
        let count = try #require(beats[gateways[index].holder])
        // It beat after it was looked at: then it is not buried.
        if random.uniform() < 0.5 {
            _ = try await ledger.beat(gateways[index].holder)
            #expect(try await !ledger.bury(gateways[index].holder, beats: count))
            return
        }
        addInFlight(index)
        #expect(try await ledger.bury(gateways[index].holder, beats: count))
        gateways[index].isBuried = true
    }

    private func addInFlight(_ index: Int) {
        for (limit, accounts) in zip(gateways[index].machine.limits, gateways[index].machine.accounts) {
            for account in accounts {
                inFlight[LedgerKey(account: limit.account, window: account.window), default: 0] +=
                    account.reserved + account.unsettled
            }
        }
    }

    // MARK: What must hold

    private func check() async throws {
        let audit = try await ledger.audit()
        for limit in limits {
            for (key, entry) in audit where key.account == limit.account {
                let outstanding = entry.outstanding.values.reduce(0, +)
                // Neither lost nor invented: the ledger has the spending of the batches that it has.
                #expect(entry.settled == settled[key] ?? 0)
                // Never overspent: only requests that took more than was reserved, or whose lease was taken from them
                // while they ran, go beyond.
                #expect(entry.settled + outstanding <= limit.amount + (beyond[key] ?? 0))
                #expect(entry.outstanding.values.allSatisfy { $0 >= 0 })
                // And in truth, crashes included, by no more than what was in flight.
                let underWay = gateways.reduce(Int64(0)) { sum, gateway in
                    sum
                        + gateway.running.reduce(0) { inner, running in
                            inner
                                + running.reservation.parts.reduce(0) {
                                    $0 + ($1.limit.account == key.account && $1.window == key.window ? $1.amount : 0)
                                }
                        }
                }
                #expect(
                    (truth[key] ?? 0) + underWay <= limit.amount + (truthBeyond[key] ?? 0) + (inFlight[key] ?? 0))
            }
        }
        for gateway in gateways where !gateway.isBuried {
            for (limit, accounts) in zip(gateway.machine.limits, gateway.machine.accounts) {
                for account in accounts {
                    let key = LedgerKey(account: limit.account, window: account.window)
                    let held = audit[key]?.outstanding[gateway.holder] ?? 0
                    var known = account.granted
                    if case .done(let request, let answer, holder: gateway.holder)? = gateway.asking,
                        request.window == account.window, request.limit.account == limit.account
                    {
                        known += answer.granted
                    }
                    // A batch that is in the ledger and not heard of yet is already taken off there.
                    for settlement in gateway.committed?.settlements ?? []
                    where settlement.place.account == limit.account && settlement.place.window == account.window
                        && settlement.place.holder == gateway.holder
                    {
                        known -= settlement.leased
                    }
                    #expect(known == held)
                    #expect(account.free >= 0)
                }
            }
        }
    }

    /// Ends all requests, writes everything, gives everything back: then nothing is outstanding, and what is left can be
    /// spent to the last unit.
    private func finish() async throws {
        for index in gateways.indices {
            // An answer that is under way is heard first: the ledger has given what it says.
            while gateways[index].asking != nil { try await exchange(index) }
            while !gateways[index].running.isEmpty { endRequest(index) }
            while gateways[index].queue.hasWork || gateways[index].committed != nil { try await write(index) }
            try await check()
        }
        for gateway in gateways { try await ledger.retire(gateway.holder) }
        for holder in dead { try await ledger.retire(holder) }
        let audit = try await ledger.audit()
        for entry in audit.values { #expect(entry.outstanding.values.allSatisfy { $0 == 0 }) }
        let limit = limits[0]
        let window = limit.window.start(at: time)
        let left = limit.amount - (audit[LedgerKey(account: limit.account, window: window)]?.settled ?? 0)
        let last = try await newGateway()
        if left > 0 {
            let request = LeaseRequest(key: "key", limit: limit, window: window, need: left)
            #expect(try await ledger.lease(request, for: last.holder).granted == left)
        }
        let more = LeaseRequest(key: "key", limit: limit, window: window, need: 1)
        let none = try await ledger.lease(more, for: last.holder)
        #expect(none.granted == 0)
        // And the gateway that has heard so refuses by itself.
        var machine = last.machine
        machine.receive(none, to: more, holder: last.holder, instant: time, patience: 1)
        guard case .refused(let error) = machine.reserve(Usage(nanodollars: 1), time: time, instant: time) else {
            Issue.record("a request was let in on a limit that is used up")
            return
        }
        #expect(
            error
                == (left > 0
                    ? .held(limit, spent: limit.amount - left, retryAfter: 2)
                    : .exhausted(limit, spent: limit.amount - left, retryAfter: nil)))
    }
}
