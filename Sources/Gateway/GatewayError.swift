/// What can go wrong when a gateway is set up.
public enum GatewayError: Error, Equatable, Sendable {
    /// A configuration that can't be used. Lines count from 1.
    case badConfiguration(file: String, line: Int?, reason: String, remedy: String)
    /// An endpoint that can't be used.
    case badEndpoint(stage: String, address: String, reason: String)
    /// A policy that these stages can't serve.
    case badPolicy(model: String, reason: String, remedy: String)
    /// An address that can't be listened on.
    case cannotListen(address: String, reason: String)
    /// Certificates or keys that can't be used.
    case badCertificate(path: String, reason: String)
}

extension GatewayError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .badConfiguration(let file, let line, let reason, let remedy):
            "\(file)\(line.map { ":\($0)" } ?? ""): \(reason). \(remedy)"
        case .badEndpoint(let stage, let address, let reason): "stage \(stage): \(address) can't be used: \(reason)."
        case .badPolicy(let model, let reason, let remedy): "model \(model): \(reason). \(remedy)"
        case .cannotListen(let address, let reason):
            "\(address) can't be listened on: \(reason). Give another address or port."
        case .badCertificate(let path, let reason): "\(path) can't be used for TLS: \(reason)."
        }
    }
}
