import Synchronization

@testable import Storage

/// The ledger's rules in memory, as plainly as they can be said: what the tables must do.
final class ModelLedger: AuditedLedger {
    private struct State {
        var entries: [LedgerKey: LedgerEntry] = [:]
        var beats: [String: Int] = [:]
        var lastBatch: [String: Int] = [:]
    }

    private let state = Mutex(State())

    func register(_ holder: String) async throws {
        state.withLock { if $0.beats[holder] == nil { $0.beats[holder] = 1 } }
    }

    func beat(_ holder: String) async throws -> [String: Int] {
        try state.withLock { state in
            try Self.touch(&state, holder)
            return state.beats
        }
    }

    func lease(_ request: LeaseRequest, for holder: String) async throws -> LeaseAnswer {
        try state.withLock { state in
            try Self.touch(&state, holder)
            let key = LedgerKey(account: request.limit.account, window: request.window)
            var entry = state.entries[key] ?? LedgerEntry()
            let answer = LeaseAnswer.decide(
                need: request.need, limit: request.limit.amount, settled: entry.settled,
                outstanding: entry.outstanding.values.reduce(0, +), gateways: state.beats.count)
            if answer.granted > 0 { entry.outstanding[holder, default: 0] += answer.granted }
            state.entries[key] = entry
            return answer
        }
    }

    func giveBack(_ amounts: [LeaseAmount], from holder: String) async throws {
        state.withLock { state in
            for amount in amounts {
                let key = LedgerKey(account: amount.account, window: amount.window)
                if state.entries[key]?.outstanding[holder] != nil {
                    state.entries[key]?.outstanding[holder]? -= amount.amount
                }
            }
        }
    }

    func bury(_ holder: String, beats: Int) async throws -> Bool {
        state.withLock { state in
            guard state.beats[holder] == beats else { return false }
            Self.remove(&state, holder)
            return true
        }
    }

    func retire(_ holder: String) async throws { state.withLock { Self.remove(&$0, holder) } }

    func trim(at time: Double) async throws {}

    func write(_ batch: RecordBatch, from writer: String) async throws {
        state.withLock { state in
            if batch.number <= state.lastBatch[writer] ?? 0 { return }
            state.lastBatch[writer] = batch.number
            for settlement in batch.settlements {
                let key = LedgerKey(account: settlement.place.account, window: settlement.place.window)
                state.entries[key, default: LedgerEntry()].settled += settlement.spent
                if state.entries[key]?.outstanding[settlement.place.holder] != nil {
                    state.entries[key]?.outstanding[settlement.place.holder]? -= settlement.leased
                }
            }
        }
    }

    func audit() async throws -> [LedgerKey: LedgerEntry] { state.withLock { $0.entries } }

    private static func touch(_ state: inout State, _ holder: String) throws {
        guard let beats = state.beats[holder] else { throw LedgerError.buried(holder) }
        state.beats[holder] = beats + 1
    }

    private static func remove(_ state: inout State, _ holder: String) {
        state.beats[holder] = nil
        for key in state.entries.keys { state.entries[key]?.outstanding[holder] = nil }
    }
}

/// The ledger in the tables.
struct TableLedger: AuditedLedger {
    let store: Store

    func register(_ holder: String) async throws { try await store.ledger.register(holder) }
    func beat(_ holder: String) async throws -> [String: Int] { try await store.ledger.beat(holder) }
    func lease(_ request: LeaseRequest, for holder: String) async throws -> LeaseAnswer {
        try await store.ledger.lease(request, for: holder)
    }
    func giveBack(_ amounts: [LeaseAmount], from holder: String) async throws {
        try await store.ledger.giveBack(amounts, from: holder)
    }
    func bury(_ holder: String, beats: Int) async throws -> Bool { try await store.ledger.bury(holder, beats: beats) }
    func retire(_ holder: String) async throws { try await store.ledger.retire(holder) }
    func trim(at time: Double) async throws { try await store.ledger.trim(at: time) }

    func write(_ batch: RecordBatch, from writer: String) async throws {
        try await RecordBatchWriter(writer: writer, texts: .none).write(batch, to: store.database)
    }

    func audit() async throws -> [LedgerKey: LedgerEntry] {
        try await store.database.read { connection in
            var entries: [LedgerKey: LedgerEntry] = [:]
            try connection.query("SELECT account, window_start, settled FROM ledger", []) { row in
                let key = LedgerKey(account: try row.text(0), window: Int64(try row.int(1)))
                entries[key, default: LedgerEntry()].settled = Int64(try row.int(2))
            }
            try connection.query("SELECT account, window_start, gateway, outstanding FROM leases", []) { row in
                let key = LedgerKey(account: try row.text(0), window: Int64(try row.int(1)))
                entries[key, default: LedgerEntry()].outstanding[try row.text(2)] = Int64(try row.int(3))
            }
            return entries
        }
    }
}
