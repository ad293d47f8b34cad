import Cascades

/// What was set aside of a key's budget for a request; the authority knows what it is.
protocol Reservation: Sendable {}

/// Decides who may ask, and how much.
protocol KeyAuthority: Sendable {
    /// Whether anyone has a key that administers the gateway.
    var hasAdministrator: Bool { get }
    /// The caller that `token` stands for.
    func caller(_ token: String?) throws(DoorError) -> Caller
    /// Sets aside what a request may take at most; the request's record settles it.
    /// - Throws: ``DoorError`` with status 429 where the key's limits are reached.
    func reserve(_ caller: Caller, _ most: Cost) async throws(DoorError) -> (any Reservation)?
}
