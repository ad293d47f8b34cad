import Cascades
import Foundation
import Yams

extension GatewayConfiguration {
    /// The configuration in the YAML or JSON file at `path`. Paths in it count from its folder.
    /// - Throws: ``GatewayError/badConfiguration(file:line:reason:remedy:)``.
    public static func read(from path: String) throws(GatewayError) -> GatewayConfiguration {
        guard let data = FileManager.default.contents(atPath: path) else {
            throw .badConfiguration(
                file: path, line: nil, reason: "there is no such file, or it can't be read",
                remedy: "Give another with --config.")
        }
        let folder = URL(fileURLWithPath: path).deletingLastPathComponent().path
        return try read(String(decoding: data, as: UTF8.self), file: path, folder: folder)
    }

    /// The configuration that `text` is.
    static func read(_ text: String, file: String, folder: String = ".") throws(GatewayError) -> GatewayConfiguration {
        let root = try ConfigurationNode.root(text, file: file)
        try root.allow([
            "listen", "tls", "admin_key", "store", "keys", "texts", "records", "traces", "limits", "stages", "models",
            "seed",
        ])
        var configuration = GatewayConfiguration()
        configuration.file = file
        if let listen = try root.member("listen") { try configuration.readAddress(listen) }
        if let tls = try root.member("tls") {
            try tls.allow(["certificate", "key"])
            guard let certificate = try tls.member("certificate"), let key = try tls.member("key") else {
                throw tls.bad("certificate and key are both needed", "Give the paths of two PEM files.")
            }
            configuration.tls = TLS(
                certificate: Self.path(try certificate.text(), folder), key: Self.path(try key.text(), folder))
        }
        configuration.administrator = try root.member("admin_key")?.secret()
        if let store = try root.member("store") { configuration.store = try Self.storeAddress(store, folder) }
        configuration.keeping = try StoreOptions(root)
        configuration.traces = try root.member("traces").map { (node) throws(GatewayError) in
            try TracingOptions(node)
        }
        configuration.seed = try root.member("seed").map { (node) throws(GatewayError) in
            UInt64(try node.integer(0...Int.max))
        }
        if let limits = try root.member("limits") { configuration.limits = try ServerLimits(limits) }
        guard let stages = try root.member("stages") else {
            throw root.bad("there are no stages", "Write `stages:` with one at least.")
        }
        for (name, node) in try stages.members() { configuration.stages.append(try Stage(name, node, folder)) }
        if let models = try root.member("models") {
            for (name, node) in try models.members() { configuration.models.append(try Model(name, node, folder)) }
        } else {
            configuration.models = configuration.stages.map { Model($0.name, stages: [$0.name]) }
        }
        try configuration.check()
        return configuration
    }

    /// The secret that `text` (`env:NAME` or `file:PATH`) tells the place of.
    /// - Throws: ``GatewayError/badConfiguration(file:line:reason:remedy:)``.
    public static func secret(_ text: String) throws(GatewayError) -> String {
        try ConfigurationNode.secret(text) { reason, remedy in
            .badConfiguration(file: text, line: nil, reason: reason, remedy: remedy)
        }
    }

    /// `path` as seen from `folder`.
    static func path(_ path: String, _ folder: String) -> String { path.hasPrefix("/") ? path : "\(folder)/\(path)" }

    private mutating func readAddress(_ node: ConfigurationNode) throws(GatewayError) {
        let text = try node.text()
        guard let (host, port) = Self.address(text) else {
            throw node.bad("\(text) is no address", "Write host:port, for example 127.0.0.1:8080.")
        }
        self.host = host
        self.port = port
    }

    /// Host and port of `host:port`, `:port` or `[::1]:port`.
    public static func address(_ text: String) -> (host: String, port: Int)? {
        guard let colon = text.lastIndex(of: ":"), let port = Int(text[text.index(after: colon)...]),
            (0...65535).contains(port)
        else { return nil }
        var host = String(text[..<colon])
        if host.hasPrefix("["), host.hasSuffix("]") { host = String(host.dropFirst().dropLast()) }
        return (host.isEmpty ? "127.0.0.1" : host, port)
    }
}

extension ServerLimits {
    fileprivate init(_ node: ConfigurationNode) throws(GatewayError) {
        try node.allow([
            "body_bytes", "held_bytes", "header_bytes", "header_count", "request_seconds", "write_seconds",
            "idle_seconds",
            "drain_seconds", "connections",
        ])
        if let value = try node.member("body_bytes") { bodyBytes = try value.integer(1...1 << 30) }
        // One body must find room, whatever the two say alone.
        heldBytes = max(heldBytes, bodyBytes)
        if let value = try node.member("held_bytes") {
            heldBytes = try value.integer(1...1 << 44)
            guard heldBytes >= bodyBytes else {
                throw value.bad(
                    "it is less than body_bytes, so that a request of that length would never find room",
                    "Write \(bodyBytes) or more.")
            }
        }
        if let value = try node.member("header_bytes") { headerBytes = try value.integer(256...1 << 20) }
        if let value = try node.member("header_count") { headerCount = try value.integer(4...10_000) }
        if let value = try node.member("request_seconds") { requestSeconds = try value.number(0.01...3600) }
        if let value = try node.member("write_seconds") { writeSeconds = try value.number(0.01...3600) }
        if let value = try node.member("idle_seconds") { idleSeconds = try value.number(0.01...86_400) }
        if let value = try node.member("drain_seconds") { drainSeconds = try value.number(0...3600) }
        if let value = try node.member("connections") { connections = try value.integer(1...1_000_000) }
    }
}

extension GatewayConfiguration.Stage {
    fileprivate init(_ name: String, _ node: ConfigurationNode, _ folder: String) throws(GatewayError) {
        try node.allow([
            "endpoint", "embedded", "model", "key", "headers", "interfaces", "price", "timeouts", "logprobs",
            "counts_streams", "continuation", "reply_bytes", "concurrency", "queue", "retry", "hedge", "breaker",
        ])
        let endpoint = try node.member("endpoint")
        let embedded = try node.member("embedded")
        switch (endpoint, embedded) {
        case (let endpoint?, nil): self.init(name, .endpoint(try endpoint.text()))
        case (nil, let embedded?): self.init(name, .embedded(try embedded.text()))
        default:
            throw node.bad(
                "either an endpoint or an embedded model is needed",
                "Write `endpoint: http://host:port/v1` or `embedded: NAME`.")
        }
        model = try node.member("model")?.text()
        key = try node.member("key")?.secret()
        if let fields = try node.member("headers") {
            for (name, value) in try fields.members() {
                let text = try value.text()
                headers[name] = text.hasPrefix("env:") || text.hasPrefix("file:") ? try value.secret() : text
            }
        }
        if let list = try node.member("interfaces") {
            var found = Set<WireAPI>()
            for name in try list.texts() {
                guard let api = WireAPI.named[name] else {
                    throw list.bad(
                        "there is no interface \(name)",
                        "Known: \(WireAPI.named.keys.sorted().joined(separator: ", ")).")
                }
                found.insert(api)
            }
            interfaces = found
        }
        if let price = try node.member("price") {
            try price.allow(["in", "out", "call", "second"])
            func dollars(_ name: String) throws(GatewayError) -> Double {
                guard let member = try price.member(name) else { return 0 }
                return try member.number(0...1e6)
            }
            prices = PriceList(
                perMillionTokensIn: try dollars("in"), perMillionTokensOut: try dollars("out"),
                perCall: try dollars("call"), perSecond: try dollars("second"))
        }
        if let node = try node.member("timeouts") {
            try node.allow(["connect", "first_byte", "idle", "total"])
            if let value = try node.member("connect") { timeouts.connect = try value.number(0.001...3600) }
            if let value = try node.member("first_byte") { timeouts.firstByte = try value.number(0.001...86_400) }
            if let value = try node.member("idle") { timeouts.idle = try value.number(0.001...86_400) }
            if let value = try node.member("total") { timeouts.total = try value.number(0.001...86_400) }
        }
        if let value = try node.member("logprobs") { tellsTokens = try value.flag() }
        if let value = try node.member("counts_streams") { countsStreams = try value.flag() }
        continuation = try node.member("continuation").map { (node) throws(GatewayError) in
            try node.choice(Continuation.Form.self)
        }
        guarding = try GuardLimits(node)
        if let value = try node.member("reply_bytes") { replyBytes = try value.integer(1024...1 << 31) }
    }
}

extension GuardLimits {
    fileprivate init(_ node: ConfigurationNode) throws(GatewayError) {
        if let value = try node.member("concurrency") { concurrency = try value.integer(1...100_000) }
        if let queue = try node.member("queue") {
            try queue.allow(["waiting", "seconds"])
            if let value = try queue.member("waiting") { waiting = try value.integer(0...1_000_000) }
            if let value = try queue.member("seconds") { waitSeconds = try value.number(0.001...3600) }
        }
        if let node = try node.member("retry") {
            try node.allow(["attempts", "pause", "longest_pause", "share"])
            if let value = try node.member("attempts") { retry.attempts = try value.integer(1...10) }
            if let value = try node.member("pause") { retry.pause = try value.number(0...3600) }
            if let value = try node.member("longest_pause") { retry.longestPause = try value.number(0...3600) }
            if let value = try node.member("share") { spareShare = try value.number(0...1) }
        }
        if let hedge = try node.member("hedge") {
            if hedge.node.mapping != nil {
                try hedge.allow(["quantile"])
                hedges = true
                if let value = try hedge.member("quantile") { hedgeQuantile = try value.number(0.5...0.999) }
            } else {
                hedges = try hedge.flag()
            }
        }
        if let node = try node.member("breaker") {
            try node.allow(["consecutive", "share", "calls", "window", "pause", "longest_pause", "probes", "successes"])
            if let value = try node.member("consecutive") { breaker.consecutive = try value.integer(1...10_000) }
            if let value = try node.member("share") { breaker.share = try value.number(0.01...1) }
            if let value = try node.member("calls") { breaker.calls = try value.integer(1...1_000_000) }
            if let value = try node.member("window") { breaker.window = try value.number(0.01...3600) }
            if let value = try node.member("pause") { breaker.pause = try value.number(0.001...3600) }
            if let value = try node.member("longest_pause") { breaker.longestPause = try value.number(0.001...86_400) }
            if let value = try node.member("probes") { breaker.probes = try value.integer(1...1000) }
            if let value = try node.member("successes") { breaker.successes = try value.integer(1...1000) }
        }
    }
}

extension GatewayConfiguration.Model {
    fileprivate init(_ name: String, _ node: ConfigurationNode, _ folder: String) throws(GatewayError) {
        try node.allow([
            "policy", "stages", "stage", "hold", "fail_over", "go_on", "group", "canary", "shadows", "explore", "floor",
            "trial",
            "learn", "drift", "judged_by", "cache", "judge",
        ])
        self.init(name)
        line = node.line
        policy = try node.member("policy").map { (node) throws(GatewayError) in
            GatewayConfiguration.path(try node.text(), folder)
        }
        stages = try node.member("stages")?.texts()
        if let stage = try node.member("stage") {
            guard policy == nil, stages == nil else {
                throw stage.bad(
                    "`stage` is for a model without a policy", "Write `stages:` with one for each of the policy's.")
            }
            stages = [try stage.text()]
        }
        group = try node.member("group")?.text()
        if let held = try node.member("hold") {
            try held.allow(["seconds", "bytes", "overflow"])
            if let value = try held.member("seconds") { hold.seconds = try value.number(0.001...3600) }
            if let value = try held.member("bytes") { hold.bytes = try value.integer(1...1 << 30) }
            if let value = try held.member("overflow") { hold.overflow = try value.choice(HoldLimits.Overflow.self) }
        }
        try readPolicies(node, folder)
        caching = try node.member("cache").map { (node) throws(GatewayError) in try CacheChoices(node) }
        judging = try node.member("judge").map { (node) throws(GatewayError) in try JudgeChoices(node) }
        if let flag = try node.member("go_on") { goesOn = try flag.flag() }
        if let order = try node.member("fail_over") {
            if order.node.sequence == nil, let flag = order.node.bool {
                failsOver = flag
            } else {
                failOver = try order.texts()
            }
        }
    }
}

extension WireAPI {
    /// The interfaces by the names that configurations use.
    static let named: [String: WireAPI] = [
        "chat": .chatCompletions, "completions": .completions, "embeddings": .embeddings, "responses": .responses,
        "messages": .messages, "rank": .rank, "classify": .classify,
    ]
}

extension TracingOptions {
    /// `traces: http://127.0.0.1:4318`, or its settings by name.
    fileprivate init(_ node: ConfigurationNode) throws(GatewayError) {
        if let address = try? node.text() {
            self.init(endpoint: address)
        } else {
            try node.allow(["endpoint", "share", "service", "headers"])
            guard let endpoint = try node.member("endpoint") else {
                throw node.bad("there is no endpoint", "Write `endpoint: http://host:4318`.")
            }
            self.init(endpoint: try endpoint.text())
            if let share = try node.member("share") { self.share = try share.number(0...1) }
            if let service = try node.member("service") { self.service = try service.text() }
            if let headers = try node.member("headers") {
                for (name, value) in try headers.members() {
                    let text = try value.text()
                    // What authorises is a secret, and stands elsewhere.
                    let isSecret = text.hasPrefix("env:") || text.hasPrefix("file:")
                    self.headers[name] = try isSecret ? value.secret() : text
                }
            }
        }
        guard endpoint.hasPrefix("http://") || endpoint.hasPrefix("https://") else {
            throw node.bad("\(endpoint) is no address of a collector", "Write one like http://127.0.0.1:4318.")
        }
    }
}
