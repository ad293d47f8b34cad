import Foundation
import NIOCore

/// Where an endpoint listens.
struct UpstreamAddress: Sendable, Hashable {
    /// The name or number to connect to.
    let host: String
    let port: Int
    let isSecure: Bool
    /// What the `host` field says.
    let authority: String
    /// The path up to `/v1`, without a `/` at its end.
    let path: String
    /// What stands behind the path of each request, such as `?api-version=...`; empty mostly.
    let query: String

    /// Reads `base`, of the form `https://host:port/v1`; nil where it is none.
    init?(_ base: String) {
        guard let parts = URLComponents(string: base), let host = parts.host, !host.isEmpty, parts.user == nil else {
            return nil
        }
        switch parts.scheme?.lowercased() {
        case "http": isSecure = false
        case "https": isSecure = true
        default: return nil
        }
        let bare = host.hasPrefix("[") && host.hasSuffix("]") ? String(host.dropFirst().dropLast()) : host
        self.host = bare
        let usual = isSecure ? 443 : 80
        port = parts.port ?? usual
        guard (1...65535).contains(port) else { return nil }
        let name = bare.contains(":") ? "[\(bare)]" : bare
        authority = port == usual ? name : "\(name):\(port)"
        var path = parts.percentEncodedPath
        while path.hasSuffix("/") { path.removeLast() }
        self.path = path
        query = parts.percentEncodedQuery.map { "?" + $0 } ?? ""
    }

    /// The name that a certificate has to bear; nil for a number, which certificates seldom do.
    var certificateName: String? { (try? SocketAddress(ipAddress: host, port: port)) == nil ? host : nil }
}
