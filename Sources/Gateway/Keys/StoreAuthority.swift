import Cascades
import Storage
import Synchronization

/// The keys of a store, held in memory: a key is looked up by the hash of what the client sent.
///
/// ``refresh()`` reads them again, whenever the store tells of a change. While the store is away the keys that are known go
/// on being known.
final class StoreAuthority: KeyAuthority {
    private struct Entry: Sendable {
        var record: KeyRecord
        /// Nil where the key has no limits.
        var budget: KeyBudget?
    }

    private struct Table: Sendable {
        var byHash: [String: Entry] = [:]
        var hasAdministrator = false
        /// How often the store was asked, and the last time whose answer this is: an answer that comes late is old.
        var asked = 0
        var followed = 0
    }

    private let keys: KeyRepository
    private let keeper: BudgetKeeper
    private let administrator: String?
    private let requirement: KeyRequirement
    private let isLoopback: Bool
    private let table = Mutex(Table())

    /// - Parameters:
    ///   - administrator: the administrator's key of the configuration.
    ///   - isLoopback: whether only this machine can reach the gateway.
    init(
        _ keys: KeyRepository, _ keeper: BudgetKeeper, administrator: String?, requirement: KeyRequirement,
        isLoopback: Bool
    ) {
        self.keys = keys
        self.keeper = keeper
        self.administrator = administrator
        self.requirement = requirement
        self.isLoopback = isLoopback
    }

    var hasAdministrator: Bool { administrator != nil || table.withLock { $0.hasAdministrator } }

    /// Reads the store's keys.
    /// - Throws: ``StorageError``; then the keys that are known stay.
    func refresh() async throws {
        let number = table.withLock { table in
            table.asked += 1
            return table.asked
        }
        let records = try await keys.allByHash()
        table.withLock { table in
            if number < table.followed { return }
            var next = Table(asked: table.asked, followed: number)
            for (hash, record) in records {
                // A key whose limits were taken away gives back what is held of them.
                let budget = keeper.budget(of: record.id, limits: record.limits)
                next.byHash[hash] = Entry(record: record, budget: record.limits.isEmpty ? nil : budget)
                next.hasAdministrator =
                    next.hasAdministrator || record.isValid && record.roles.contains(.administer)
            }
            table = next
        }
    }

    func caller(_ token: String?) throws(DoorError) -> Caller {
        if OpenAuthority.isAdministrator(token, administrator) { return .administrator }
        guard let token, !token.isEmpty else { return try stranger() }
        let hash = APIKey(token).hash
        let (entry, isEmpty) = table.withLock { ($0.byHash[hash], $0.byHash.isEmpty) }
        guard let entry else {
            // Official clients always send some key; where there is none in the store, any is as good.
            if isEmpty { return try stranger() }
            throw .unauthorized("The key is not known here. Make one: cascade keys create.")
        }
        guard entry.record.isValid else { throw .unauthorized("The key was revoked.") }
        return Caller(
            key: entry.record.id, roles: entry.record.roles, models: entry.record.models, budget: entry.budget)
    }

    /// Who comes without a key.
    private func stranger() throws(DoorError) -> Caller {
        let isLetIn =
            switch requirement {
            case .automatic: isLoopback && table.withLock { $0.byHash.isEmpty }
            case .required: false
            case .optional: true
            }
        if isLetIn { return Caller() }
        throw .unauthorized("A key is needed: send it as \"Authorization: Bearer …\". Make one: cascade keys create.")
    }

    func reserve(_ caller: Caller, _ most: Cost) async throws(DoorError) -> (any Reservation)? {
        guard let budget = caller.budget else { return nil }
        do throws(BudgetError) {
            let reservation = try await keeper.reserve(Usage(most), from: budget)
            return StoreReservation(reservation: reservation, budget: budget)
        } catch {
            throw DoorError(error)
        }
    }
}

/// What was set aside of a key's budget, and where it is to be settled.
struct StoreReservation: Reservation {
    let reservation: Storage.Reservation
    let budget: KeyBudget
}

extension Usage {
    /// What a request of `cost` counts as.
    init(_ cost: Cost) { self.init(money: cost.money, tokens: cost.tokensIn + cost.tokensOut, requests: 1) }
}

extension DoorError {
    /// What a client is told whose key's limits are reached.
    init(_ error: BudgetError) {
        let message = "\(error)".first.map { $0.uppercased() + "\(error)".dropFirst() } ?? ""
        switch error {
        case .tooLarge:
            self.init(
                status: 400, type: "invalid_request_error",
                message: "\(message) What a request may write is bounded by max_tokens.", code: "exceeds_limit")
        case .exhausted(_, _, nil):
            self.init(status: 429, type: "insufficient_quota", message: message, code: "insufficient_quota")
        case .exhausted, .held:
            self.init(
                status: 429, type: "rate_limit_error", message: message, code: "rate_limit_exceeded",
                retryAfter: error.retryAfter)
        case .storeAway:
            self.init(
                status: 503, type: "server_error", message: message, code: "store_unavailable",
                retryAfter: error.retryAfter)
        }
    }
}
