import Foundation
import NIOCore
import Storage

/// `/metrics`, in Prometheus' text format. With an administrator's key set, it is asked for here.
struct MetricsDoor: Door {
    let core: GatewayCore

    func answer(_ request: DoorRequest) async -> DoorReply {
        do throws(DoorError) {
            let caller = try core.authority.caller(request.token)
            guard caller.mayView || !core.authority.hasAdministrator else {
                throw .unauthorized("The metrics need a key with the role view or administer.")
            }
        } catch {
            return DoorReply(error)
        }
        var now = GatewayMetrics.Now(stages: core.models.stages, started: core.started.timeIntervalSince1970)
        now.deferralRate = core.live.deferralRate
        now.heldBytes = core.held.count
        now.shed = core.held.shedCount
        now.caches = core.caching.status
        now.records = core.services?.writer.counts
        now.spans = (core.tracer as? OTLPTracer)?.exporter.counts
        let text = core.metrics.prometheus(now).text
        return DoorReply(contentType: "text/plain; version=0.0.4; charset=utf-8", body: .whole(text))
    }
}
