import NIOCore

/// `/metrics`, in Prometheus' text format. With an administrator's key set, it is asked for here.
struct MetricsDoor: Door {
    let core: GatewayCore

    func answer(_ request: DoorRequest) async -> DoorReply {
        do throws(DoorError) {
            let caller = try core.authority.caller(request.token)
            guard caller.isAdministrator || !core.authority.hasAdministrator else {
                throw .unauthorized("The metrics need the administrator's key.")
            }
        } catch {
            return DoorReply(error)
        }
        var stages: [String: GatewayStage] = [:]
        for model in core.models.byName.values { for stage in model.stages { stages[stage.name] = stage } }
        let text = core.metrics.prometheus(stages.values.sorted { $0.name < $1.name }).text
        return DoorReply(contentType: "text/plain; version=0.0.4; charset=utf-8", body: .whole(text))
    }
}
