/// Where spending and leases are kept for good, shared by all gateways.
///
/// For every limit of a key and window of time the ledger holds what was spent (`settled`) and what gateways hold for
/// spending that is not known yet (`outstanding`, one a gateway). Each grant keeps
///
///     settled + Σ outstanding ≤ limit
///
/// Settling moves an amount from outstanding to settled. Only a request that spends more than was reserved for it goes
/// beyond, by what it spent more.
public protocol Ledger: Sendable {
    /// Makes `holder` known as a gateway that is alive.
    func register(_ holder: String) async throws

    /// Says that `holder` lives, and who else there is.
    /// - Returns: the beats of every gateway, by holder.
    /// - Throws: ``LedgerError/buried(_:)`` where others took `holder` for dead and its leases are gone.
    func beat(_ holder: String) async throws -> [String: Int]

    /// Asks for what `request` needs.
    /// - Throws: ``LedgerError/buried(_:)``.
    func lease(_ request: LeaseRequest, for holder: String) async throws -> LeaseAnswer

    /// Gives back what `holder` holds and does not need.
    func giveBack(_ amounts: [LeaseAmount], from holder: String) async throws

    /// Takes the leases of `holder` back and forgets it, unless it has beaten since it was seen with `beats`.
    /// - Returns: whether it was buried.
    func bury(_ holder: String, beats: Int) async throws -> Bool

    /// Takes all leases of `holder` back and forgets it: what a gateway says of itself when it ends.
    func retire(_ holder: String) async throws

    /// Forgets the windows of minutes and hours that are long over at `time`, in seconds since 1970: nobody spends from
    /// them any more, and there would be more and more.
    func trim(at time: Double) async throws
}

/// What a gateway asks the ledger for.
public struct LeaseRequest: Sendable, Hashable {
    /// The key.
    public var key: String
    /// The limit.
    public var limit: Limit
    /// When the limit's window began, in seconds since 1970.
    public var window: Int64
    /// How much is needed beyond what is held.
    public var need: Int64
}

/// An amount of a key's limit in a window.
public struct LeaseAmount: Sendable, Hashable {
    /// The key.
    public var key: String
    /// The limit's name.
    public var account: String
    /// When the limit's window began, in seconds since 1970.
    public var window: Int64
    /// How much.
    public var amount: Int64
}

/// What the ledger says to a ``LeaseRequest``.
public struct LeaseAnswer: Sendable, Hashable {
    /// How much the gateway may spend beyond what it held: what it needs at least, or nothing.
    public var granted: Int64
    /// What was spent in the window.
    public var settled: Int64
    /// What all gateways held before.
    public var outstanding: Int64

    /// How much a gateway is given of a limit.
    ///
    /// What it needs, and ahead of need half of its even share of the rest: grants get smaller as the rest does, so that
    /// the last of a budget is not held by a gateway that has no use for it.
    public static func decide(
        need: Int64, limit: Int64, settled: Int64, outstanding: Int64, gateways: Int
    ) -> LeaseAnswer {
        let available = limit - settled - outstanding
        let ahead = available / (2 * Int64(max(1, gateways)))
        return LeaseAnswer(
            granted: need > 0 && need <= available ? max(need, ahead) : 0, settled: settled, outstanding: outstanding)
    }
}

/// What can be wrong between a gateway and the ledger.
public enum LedgerError: Error, Equatable, Sendable, CustomStringConvertible {
    /// Other gateways have not heard of this one for so long that its leases were taken back.
    case buried(String)

    public var description: String {
        switch self {
        case .buried(let holder): "the gateway '\(holder)' was not heard of for too long; its leases were taken back."
        }
    }
}
