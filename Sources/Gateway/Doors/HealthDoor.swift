import NIOCore

/// `/health/live` while the process runs; `/health/ready` while it takes requests, else status 503.
struct HealthDoor: Door {
    let core: GatewayCore

    func answer(_ request: DoorRequest) async -> DoorReply {
        let isReady = request.path.hasSuffix("/live") || !core.isDraining
        return DoorReply(
            status: isReady ? 200 : 503,
            body: .whole(ByteBuffer(string: isReady ? "{\"status\":\"ok\"}" : "{\"status\":\"draining\"}")))
    }
}
