import Storage
import Yams

extension GatewayConfiguration {
    /// A store's address. One with a password is a secret, and stands elsewhere.
    static func storeAddress(_ node: ConfigurationNode, _ folder: String) throws(GatewayError) -> String {
        var text = try node.text()
        if text.hasPrefix("env:") || text.hasPrefix("file:") { text = try node.secret() }
        do throws(StorageError) {
            switch try StoreAddress(text) {
            case .postgres: return text
            case .sqlite(let path): return Self.path(path, folder)
            }
        } catch {
            throw node.bad("\(error)", "Write a path, postgresql://user@host/database, env:NAME or file:PATH.")
        }
    }
}

extension StoreOptions {
    /// What `keys`, `texts` and `records` of a configuration say.
    init(_ root: ConfigurationNode) throws(GatewayError) {
        self.init()
        if let node = try root.member("keys") { keys = try node.choice(KeyRequirement.self) }
        if let node = try root.member("texts") { texts = try Self.texts(node) }
        guard let node = try root.member("records") else { return }
        try node.allow(["buffer", "buffer_bytes", "batch", "milliseconds", "keep_days"])
        if let value = try node.member("buffer") { writer.capacity = try value.integer(1...100_000_000) }
        if let value = try node.member("buffer_bytes") { writer.capacityBytes = try value.integer(1024...1 << 40) }
        if let value = try node.member("batch") { writer.batch = try value.integer(1...100_000) }
        if let value = try node.member("milliseconds") {
            writer.interval = .milliseconds(try value.integer(0...60_000))
        }
        if let value = try node.member("keep_days") { keepDays = try value.number(0.001...100_000) }
    }

    /// `none`, `redacted`, `whole`, or `{redact: [email, card]}`.
    private static func texts(_ node: ConfigurationNode) throws(GatewayError) -> TextKeeping {
        if node.node.mapping != nil {
            try node.allow(["redact"])
            guard let kinds = try node.member("redact") else {
                throw node.bad("it must say what to redact", "Write `texts: {redact: [email, card]}`.")
            }
            var chosen = Set<Redactor.Kind>()
            for name in try kinds.texts() {
                guard let kind = Redactor.Kind(rawValue: name) else {
                    throw kinds.bad(
                        "\(name) is nothing that can be redacted",
                        "Known: \(Redactor.Kind.allCases.map(\.rawValue).joined(separator: ", ")).")
                }
                chosen.insert(kind)
            }
            return .redacted(Redactor(chosen))
        }
        switch try node.text() {
        case "none": return .none
        case "redacted": return .redacted(.standard)
        case "whole": return .whole
        default:
            throw node.bad(
                "it is none of the ways to keep texts",
                "Write none, redacted, whole, or {redact: [email, card]}.")
        }
    }
}
