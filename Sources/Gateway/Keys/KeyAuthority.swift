/// Who asks, and what was set aside for it.
struct Reservation: Sendable, Hashable {
    /// The key's name.
    var key: String
    /// Dollars set aside.
    var money: Double
    /// Tokens set aside.
    var tokens: Double
    /// The authority's own number of it.
    var number: UInt64
}

/// Who is asking.
struct Caller: Sendable, Hashable {
    /// The key's name; nil where keys are off.
    var key: String?
    /// Whether it may look at and change the gateway itself.
    var isAdministrator = false
}

/// Decides who may ask, and how much.
protocol KeyAuthority: Sendable {
    /// The caller that `token` stands for.
    func caller(_ token: String?) throws(DoorError) -> Caller
    /// Sets aside what a request may take.
    /// - Throws: ``DoorError`` with status 429 where the key's limits are reached.
    func reserve(_ caller: Caller, money: Double, tokens: Double) throws(DoorError) -> Reservation?
    /// Gives back what was set aside beyond what was taken, where no record is written.
    func release(_ reservation: Reservation)
}

/// Keys are off: everybody on this machine may ask. The administrator's key, where one is set, is asked for at its doors.
struct OpenAuthority: KeyAuthority {
    /// The administrator's key.
    var administrator: String?

    func caller(_ token: String?) throws(DoorError) -> Caller {
        Caller(key: nil, isAdministrator: administrator.map { Self.equal($0, token ?? "") } ?? false)
    }

    func reserve(_ caller: Caller, money: Double, tokens: Double) -> Reservation? { nil }

    func release(_ reservation: Reservation) {}

    /// Takes as long for a wrong key as for a right one of the same length.
    static func equal(_ left: String, _ right: String) -> Bool {
        let (left, right) = (Array(left.utf8), Array(right.utf8))
        guard left.count == right.count else { return false }
        return zip(left, right).reduce(UInt8(0)) { $0 | ($1.0 ^ $1.1) } == 0
    }
}
