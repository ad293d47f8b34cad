import Cascades
import Foundation
import Yams

/// Which answers of a virtual model are given again.
struct CacheSettings: Sendable {
    /// Who says whether two questions mean the same.
    enum Verifier: Sendable {
        case stage(GatewayStage)
        case program(ProgramCall)
    }

    /// Answers to questions that mean the same.
    struct Semantic: Sendable {
        /// What embeds questions.
        var embedder: GatewayStage
        /// The least cosine of two questions that the verifier is asked about.
        var similarity: Double
        /// No similarity can part "enable 2FA" from "disable 2FA", so it never decides alone.
        var verifier: Verifier

        /// What finding an answer to a question of `read` tokens takes at most, where the one that it is compared with is no
        /// longer.
        func mostCost(read: Double) -> Cost {
            let embedding = embedder.cost(TokenCounts(read: read), seconds: 0)
            guard case .stage(let stage) = verifier else { return embedding }
            let counts = TokenCounts(
                read: 2 * read + MeaningVerifier.mostInstruction, written: Double(StageQuestion.mostTokens))
            return embedding + stage.cost(counts, seconds: 0)
        }
    }

    var limits: AnswerCache.Limits
    /// Whether one key is given the answers of another.
    var isShared: Bool
    /// Whether answers are in the store, for all gateways and over a restart, and not in memory.
    var isKept: Bool
    var semantic: Semantic?
}

/// What a configuration says of a cache:
///
///     cache: {seconds: 3600, megabytes: 64}
///     cache: {seconds: 600, across_keys: true,
///             semantic: {embedder: embed, similarity: 0.9, verifier: {stage: small}}}
struct CacheChoices: Sendable, Hashable {
    struct Semantic: Sendable, Hashable {
        var embedder: String
        var similarity = 0.9
        var stage: String?
        var program: ProgramCall?

        init(embedder: String, verifiedBy stage: String) {
            self.embedder = embedder
            self.stage = stage
        }

        init(embedder: String, verifiedBy program: ProgramCall) {
            self.embedder = embedder
            self.program = program
        }

        init(_ node: ConfigurationNode) throws(GatewayError) {
            try node.allow(["embedder", "similarity", "verifier"])
            guard let embedder = try node.member("embedder") else {
                throw node.bad("the embedder is missing", "Name a stage that serves /v1/embeddings.")
            }
            guard let verifier = try node.member("verifier") else {
                throw node.bad(
                    "the verifier is missing: no similarity can part \"enable 2FA\" from \"disable 2FA\"",
                    "Write `verifier: {stage: NAME}` or `verifier: {program: [PATH, …]}`.")
            }
            self.embedder = try embedder.text()
            if let value = try node.member("similarity") { similarity = try value.number(0...1) }
            try verifier.allow(["stage", "program", "seconds"])
            stage = try verifier.member("stage")?.text()
            program = try ProgramCall(verifier)
            guard (stage == nil) != (program == nil) else {
                throw verifier.bad(
                    "either a stage or a program verifies", "Write `stage: NAME` or `program: [PATH, …]`.")
            }
        }
    }

    var limits = AnswerCache.Limits()
    var isShared = false
    var isKept = false
    var semantic: Semantic?

    init() {}

    init(_ node: ConfigurationNode) throws(GatewayError) {
        if node.node.mapping == nil {
            guard try node.flag() else { throw node.bad("the cache is off unless it is named", "Leave it out.") }
            return
        }
        try node.allow(["seconds", "entries", "megabytes", "entry_bytes", "across_keys", "kept", "semantic"])
        if let value = try node.member("seconds") { limits.seconds = try value.number(0.001...1e9) }
        if let value = try node.member("entries") { limits.entries = try value.integer(1...10_000_000) }
        if let value = try node.member("megabytes") { limits.bytes = try value.integer(1...100_000) << 20 }
        if let value = try node.member("entry_bytes") { limits.entryBytes = try value.integer(1024...1 << 30) }
        if let value = try node.member("across_keys") { isShared = try value.flag() }
        if let value = try node.member("kept") { isKept = try value.flag() }
        semantic = try node.member("semantic").map { (node) throws(GatewayError) in try Semantic(node) }
    }

    /// Whether a gateway without a store can do it.
    func check(hasStore: Bool, _ bad: (_ reason: String, _ remedy: String) -> GatewayError) throws(GatewayError) {
        guard isKept else { return }
        if !hasStore {
            throw bad("its answers are to be kept, and there is no store", "Give one: --store gateway.sqlite.")
        }
        if semantic != nil {
            throw bad(
                "answers that are kept are given to the same request only", "Leave out either `kept` or `semantic`.")
        }
    }

    /// The settings, over the gateway's stages.
    func over(
        _ stages: [String: GatewayStage], _ bad: (_ reason: String, _ remedy: String) -> GatewayError
    ) throws(GatewayError) -> CacheSettings {
        func stage(_ name: String, _ use: String) throws(GatewayError) -> GatewayStage {
            guard let stage = stages[name] else {
                throw bad(
                    "\(name) is to \(use), and there is no such stage",
                    "Known: \(stages.keys.sorted().joined(separator: ", ")).")
            }
            return stage
        }
        var settings = CacheSettings(limits: limits, isShared: isShared, isKept: isKept)
        if let semantic {
            let verifier: CacheSettings.Verifier
            if let program = semantic.program {
                verifier = .program(program)
            } else {
                verifier = .stage(try stage(semantic.stage ?? "", "verify"))
            }
            settings.semantic = CacheSettings.Semantic(
                embedder: try stage(semantic.embedder, "embed"), similarity: semantic.similarity, verifier: verifier)
        }
        return settings
    }
}
