import Dashboard
import Foundation
import HTTPTypes
import NIOCore

/// `/dashboard`: the page itself. It holds no data: it asks for a key and gets what it shows from `/admin/api/…`.
///
/// The page may run no script but its own and speak to nobody but the gateway: its policy names a number that is new
/// each time, which only its own script and style carry.
struct DashboardDoor: Door {
    func answer(_ request: DoorRequest) async -> DoorReply {
        guard request.head.method == .get || request.head.method == .head else {
            return DoorReply(.wrongMethod(request.path, takes: "GET"))
        }
        var generator = SystemRandomNumberGenerator()
        let nonce = TraceContext.hexadecimal(generator.next()) + TraceContext.hexadecimal(generator.next())
        var reply = DoorReply(
            contentType: "text/html; charset=utf-8",
            body: .whole(ByteBuffer(string: DashboardPage.html(nonce: nonce))))
        reply.fields[.contentSecurityPolicy] = [
            "default-src 'none'", "script-src 'nonce-\(nonce)'", "style-src 'nonce-\(nonce)'", "connect-src 'self'",
            "img-src data:", "base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'",
        ].joined(separator: "; ")
        reply.fields[.cacheControl] = "no-store"
        reply.fields[.xContentTypeOptions] = "nosniff"
        reply.fields[.referrerPolicy] = "no-referrer"
        return reply
    }
}

extension HTTPField.Name {
    static let referrerPolicy = HTTPField.Name("referrer-policy")!
}
