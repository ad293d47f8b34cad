public import Cascades
import Foundation
import Storage

/// What a gateway is told: where to listen, which stages there are, and under which names they are published.
public struct GatewayConfiguration: Sendable {
    /// A stage.
    public struct Stage: Sendable {
        /// What answers.
        public enum Kind: Sendable, Hashable {
            /// An OpenAI-compatible or Anthropic endpoint, by its address up to `/v1`.
            case endpoint(String)
            /// A model in this process, by name or path.
            case embedded(String)
        }

        public var name: String
        public var kind: Kind
        /// The model's name at the endpoint; nil passes the client's on.
        public var model: String?
        /// Sent as the bearer token; as `x-api-key` with requests of Anthropic's Messages interface.
        public var key: String?
        /// Further header fields.
        public var headers: [String: String] = [:]
        public var prices = PriceList()
        /// Whether it tells log-probabilities when asked.
        public var tellsTokens = true
        /// Whether streams are asked to count their tokens.
        public var countsStreams = true
        var interfaces: Set<WireAPI>?
        var continuation: Continuation.Form?
        var timeouts = StageTimeouts()
        /// The most bytes of an answer that is no stream.
        var replyBytes = 32 << 20
        /// Its queue, retries, hedges and breaker.
        var guarding = GuardLimits()

        /// A stage.
        public init(_ name: String, _ kind: Kind, model: String? = nil, key: String? = nil) {
            self.name = name
            self.kind = kind
            self.model = model
            self.key = key
        }
    }

    /// A published name.
    public struct Model: Sendable {
        public var name: String
        /// The path of a policy file, or nil for a stage with stand-ins.
        public var policy: String?
        /// Stages by name, in the policy's order; nil takes the names that the policy knows them by.
        public var stages: [String]?
        public var group: String?
        var hold = HoldLimits()
        /// Stages that stand in for one that fails, in this order; nil for all, in the policy's.
        var failOver: [String]?
        var failsOver = true
        /// Whether another stage goes on with a stream whose stage died.
        var goesOn = false
        /// A policy on trial, by its file, and the share of requests that it decides.
        var canary: (policy: String, share: Double)?
        /// Policies that only say what they would do, by their files.
        var shadows: [String] = []
        /// What its policies are held to, and how new ones are learned.
        var learning = LearningSettings()
        /// Which answers are given again.
        var caching: CacheChoices?
        /// Who judges a sample of its answers.
        var judging: JudgeChoices?
        /// Where it stands in the file, for errors.
        var line: Int?

        /// A published name.
        public init(_ name: String, policy: String? = nil, stages: [String]? = nil) {
            self.name = name
            self.policy = policy
            self.stages = stages
        }
    }

    /// Certificate and key files, in PEM form.
    public struct TLS: Sendable, Hashable {
        public var certificate: String
        public var key: String

        /// Files of a certificate chain and its private key.
        public init(certificate: String, key: String) {
            self.certificate = certificate
            self.key = key
        }
    }

    public var host = "127.0.0.1"
    /// 0 takes any free port.
    public var port = 8080
    public var tls: TLS?
    /// The administrator's key.
    public var administrator: String?
    /// Where keys, policies, records and spending are kept: a path, or postgresql://…; nil keeps nothing.
    public var store: String?
    /// What is kept there, and how.
    public var keeping = StoreOptions()
    /// The time, which limits are counted by.
    var time: @Sendable () -> Double = WallClock.now
    public var stages: [Stage] = []
    public var models: [Model] = []
    /// Where traces go; nil keeps none.
    public var traces: TracingOptions?
    /// Seeds the coins of policies; nil takes a new one each time.
    public var seed: UInt64?
    var limits = ServerLimits()
    /// The file that it was read from.
    var file = "configuration"

    /// Nothing yet: loopback, port 8080.
    public init() {}

    /// Whether only this machine can reach it.
    var isLoopback: Bool { ["127.0.0.1", "localhost", "::1"].contains(host) }

    /// Checks that all names mean something, once.
    /// - Throws: ``GatewayError/badConfiguration(file:line:reason:remedy:)``.
    /// - Parameter hasStore: whether there is a store; nil where that is not known yet.
    func check(hasStore: Bool? = nil) throws(GatewayError) {
        func bad(_ line: Int?, _ reason: String, _ remedy: String) -> GatewayError {
            .badConfiguration(file: file, line: line, reason: reason, remedy: remedy)
        }
        guard !stages.isEmpty else { throw bad(nil, "there are no stages", "Give one at least.") }
        var names = Set<String>()
        for stage in stages where !names.insert(stage.name).inserted {
            throw bad(nil, "two stages are called \(stage.name)", "Give each a name of its own.")
        }
        let known = names.sorted().joined(separator: ", ")
        var published = Set<String>()
        for model in models {
            guard published.insert(model.name).inserted else {
                throw bad(model.line, "two models are called \(model.name)", "Give each a name of its own.")
            }
            for name in (model.stages ?? []) + (model.failOver ?? []) where !names.contains(name) {
                throw bad(model.line, "model \(model.name): there is no stage \(name)", "Known: \(known).")
            }
            if let hasStore, let caching = model.caching {
                try caching.check(hasStore: hasStore) { reason, remedy in
                    bad(model.line, "model \(model.name): \(reason)", remedy)
                }
            }
            if model.policy == nil, model.stages?.isEmpty ?? true {
                throw bad(
                    model.line, "model \(model.name) has neither a policy nor stages",
                    "Write `policy: FILE` or `stage: NAME`.")
            }
        }
    }
}
