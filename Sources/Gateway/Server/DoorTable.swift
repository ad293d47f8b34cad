import HTTPTypes

/// Which door a path leads to.
struct DoorTable: Sendable {
    private var exact: [Substring: any Door] = [:]
    private var prefixes: [(path: String, door: any Door)] = []

    /// The doors of `core`.
    init(_ core: GatewayCore) {
        for api in WireAPI.allCases {
            exact["/v1\(api.rawValue)"] = CompletionDoor(api: api, core: core)
        }
        exact["/v1/rerank"] = CompletionDoor(api: .rank, core: core)
        let models = ModelsDoor(core: core)
        exact["/v1/models"] = models
        prefixes.append(("/v1/models/", models))
        exact["/v1/feedback"] = FeedbackDoor(core: core)
        prefixes.append((CacheDoor.prefix, CacheDoor(core: core)))
        exact["/metrics"] = MetricsDoor(core: core)
        for (name, door) in AdminDoors.all(core) {
            exact["/admin/api/\(name)"] = door
            prefixes.append(("/admin/api/\(name)/", door))
        }
        let live = AdminDoor(core: core, resource: LiveResource(data: DashboardData(core: core)))
        prefixes.append(("/admin/api/live/", live))
        exact["/admin/api/live/events"] = LiveEventsDoor(core: core)
        exact["/dashboard"] = DashboardDoor()
        let health = HealthDoor(core: core)
        for path in ["/health", "/health/live", "/health/ready"] { exact[path[...]] = health }
    }

    /// The answer to `request`.
    func answer(_ request: DoorRequest) async -> DoorReply {
        let path = request.path
        if let door = exact[path] { return await door.answer(request) }
        if let door = prefixes.first(where: { path.hasPrefix($0.path) })?.door { return await door.answer(request) }
        return DoorReply(
            DoorError(
                status: 404, type: "invalid_request_error", message: "There is nothing at \(path).", code: "not_found"))
    }
}
