import Storage

/// Who is asking.
struct Caller: Sendable {
    /// The key's id in the store; nil where keys are off, and for the administrator of the configuration.
    var key: String?
    /// What the caller may do.
    var roles: Set<KeyRecord.Role> = [.use]
    /// The virtual models that it may ask; all where there are none.
    var models: [String] = []
    /// What its requests are counted against.
    var budget: KeyBudget?

    /// Whether it may change the gateway itself.
    var isAdministrator: Bool { roles.contains(.administer) }

    /// Whether it may look at what the gateway does for others.
    var mayView: Bool { isAdministrator || roles.contains(.view) }

    /// Whether it may ask the virtual model called `model`.
    func mayAsk(_ model: String) -> Bool { roles.contains(.use) && (models.isEmpty || models.contains(model)) }

    /// - Throws: ``DoorError`` with status 403 where it may not ask `model`.
    func check(mayAsk model: String) throws(DoorError) {
        if mayAsk(model) { return }
        throw .forbidden(
            roles.contains(.use)
                ? "This key may not ask \"\(model)\". It may ask: \(models.joined(separator: ", "))."
                : "This key may not ask models. Make one that may: cascade keys create --role use.",
            code: "model_not_allowed")
    }
}

extension DoorError {
    static func forbidden(_ message: String, code: String) -> DoorError {
        DoorError(status: 403, type: "permission_error", message: message, code: code)
    }
}
