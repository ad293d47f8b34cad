import Cascades
import Storage

/// Keys are off: everybody on this machine may ask. The administrator's key, where one is set, is asked for at its doors.
struct OpenAuthority: KeyAuthority {
    /// The administrator's key.
    var administrator: String?

    var hasAdministrator: Bool { administrator != nil }

    func caller(_ token: String?) throws(DoorError) -> Caller {
        Self.isAdministrator(token, administrator) ? .administrator : Caller()
    }

    func reserve(_ caller: Caller, _ most: Cost) async throws(DoorError) -> (any Reservation)? { nil }

    /// Whether `token` is the key `administrator`. Takes as long for a wrong key as for a right one of the same length.
    static func isAdministrator(_ token: String?, _ administrator: String?) -> Bool {
        guard let token, let administrator else { return false }
        let (left, right) = (Array(token.utf8), Array(administrator.utf8))
        guard left.count == right.count else { return false }
        return zip(left, right).reduce(UInt8(0)) { $0 | ($1.0 ^ $1.1) } == 0
    }
}

extension Caller {
    /// Who has the administrator's key of the configuration: may do all, without limits.
    static let administrator = Caller(roles: [.use, .view, .administer])
}
