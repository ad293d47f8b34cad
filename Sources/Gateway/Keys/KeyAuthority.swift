import Cascades

/// What was set aside of a key's budget for a request; the authority knows what it is.
protocol Reservation: Sendable {}

/// Who is asking.
struct Caller: Sendable, Hashable {
    /// The key's name; nil where keys are off.
    var key: String?
    /// Whether it may look at and change the gateway itself.
    var isAdministrator = false
}

/// Decides who may ask, and how much.
protocol KeyAuthority: Sendable {
    /// Whether there is an administrator's key.
    var hasAdministrator: Bool { get }
    /// The caller that `token` stands for.
    func caller(_ token: String?) throws(DoorError) -> Caller
    /// Sets aside what a request may take at most; the request's record settles it.
    /// - Throws: ``DoorError`` with status 429 where the key's limits are reached.
    func reserve(_ caller: Caller, _ most: Cost) async throws(DoorError) -> (any Reservation)?
}

/// Keys are off: everybody on this machine may ask. The administrator's key, where one is set, is asked for at its doors.
struct OpenAuthority: KeyAuthority {
    /// The administrator's key.
    var administrator: String?

    var hasAdministrator: Bool { administrator != nil }

    func caller(_ token: String?) throws(DoorError) -> Caller {
        Caller(key: nil, isAdministrator: administrator.map { Self.equal($0, token ?? "") } ?? false)
    }

    func reserve(_ caller: Caller, _ most: Cost) async throws(DoorError) -> (any Reservation)? { nil }

    /// Takes as long for a wrong key as for a right one of the same length.
    static func equal(_ left: String, _ right: String) -> Bool {
        let (left, right) = (Array(left.utf8), Array(right.utf8))
        guard left.count == right.count else { return false }
        return zip(left, right).reduce(UInt8(0)) { $0 | ($1.0 ^ $1.1) } == 0
    }
}
