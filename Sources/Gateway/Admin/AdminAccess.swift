extension GatewayCore {
    /// The caller of `request`, who may look at what the gateway does.
    /// - Throws: ``DoorError`` with status 401 or 403.
    func viewer(_ request: DoorRequest) throws(DoorError) -> Caller {
        let caller = try known(request)
        if caller.mayView { return caller }
        throw .forbidden("This key may not look here. It takes the role view or administer.", code: "not_a_viewer")
    }

    /// The caller of `request`, who may change the gateway.
    /// - Throws: ``DoorError`` with status 401 or 403.
    func administrator(_ request: DoorRequest) throws(DoorError) -> Caller {
        let caller = try known(request)
        if caller.isAdministrator { return caller }
        throw .forbidden(
            "This key may change nothing here. It takes the role administer.", code: "not_an_administrator")
    }

    private func known(_ request: DoorRequest) throws(DoorError) -> Caller {
        let caller = try authority.caller(request.token)
        // Where keys are off everybody may ask, and nobody may look at others.
        if caller.key == nil, !caller.isAdministrator {
            throw .unauthorized(
                authority.hasAdministrator
                    ? "An administrator's key is needed here."
                    : "This needs an administrator's key: set admin_key, or make one with cascade keys create --role administer."
            )
        }
        return caller
    }
}
