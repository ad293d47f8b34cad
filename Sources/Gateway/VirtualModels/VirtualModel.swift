import Cascades
import Deferral
import Language

/// How long and how much of an answer is held while a policy has to read it whole.
struct HoldLimits: Sendable, Hashable {
    /// What happens when a limit is reached.
    enum Overflow: String, Sendable, CaseIterable {
        /// The answer is given as it is, without the policy.
        case release
        /// The answer is dropped as if the stage had failed.
        case drop
    }

    var seconds = 30.0
    var bytes = 1 << 20
    var overflow = Overflow.release
}

/// A published name: a policy over stages, or a single stage.
///
/// It never changes, and is a class: all requests share it, and what runs for them stays small.
final class VirtualModel: Sendable {
    /// What is said of it beside its stages and policies.
    struct Settings: Sendable {
        /// What its policies are held to.
        var learning = LearningSettings()
        /// Which answers are given again.
        var caching: CacheSettings?
        /// Who judges a sample of its answers.
        var judging: JudgeSettings?
        var hold = HoldLimits()
        /// Whose turn it is when a stage fails, by index: nil for the schema's order behind the failed one, then before it.
        var failOver: [Int]?
        /// Whether another stage stands in for one that fails.
        var failsOver = true
        /// Whether another stage goes on with a stream whose stage died.
        var goesOn = false
        /// The group of its requests, where they name none.
        var group: String?
    }

    let name: String
    /// In the order of the policy's schema.
    let stages: [GatewayStage]
    /// The rule that decides; nil where there is one stage to ask, the others standing in for it.
    let rule: PolicyRule?
    /// All policies of this name, of which each request draws one; nil where it has none.
    let policies: ModelPolicies?
    /// Which of those that act was drawn.
    let drawn: Int
    /// The names of its stages and of the numbers that are recorded of them.
    let schema: LogSchema
    let settings: Settings

    init(name: String, stages: [GatewayStage], policies: ModelPolicies?, settings: Settings = Settings()) {
        self.name = name
        self.stages = stages
        self.policies = policies
        self.settings = settings
        drawn = 0
        rule = policies?.acting[0].rule
        schema = rule?.schema ?? LogSchema(stages: stages.map { StageSchema(name: $0.name) })
    }

    /// `model`, where one of its policies was drawn.
    private init(_ model: VirtualModel, drawn: Int, rule: PolicyRule) {
        name = model.name
        stages = model.stages
        policies = model.policies
        settings = model.settings
        schema = model.schema
        self.drawn = drawn
        self.rule = rule
    }

    var learning: LearningSettings { settings.learning }
    var caching: CacheSettings? { settings.caching }
    var judging: JudgeSettings? { settings.judging }
    var hold: HoldLimits { settings.hold }
    var failsOver: Bool { settings.failsOver }
    var goesOn: Bool { settings.goesOn }
    var group: String? { settings.group }

    /// The model as a request with `coin` meets it: one of its policies decides, and the rest of the coin is that one's.
    func drawn(_ coin: inout Double) -> VirtualModel {
        guard let policies, policies.acting.count > 1 else { return self }
        let drawn: Int
        (drawn, coin) = policies.draw(coin)
        return VirtualModel(self, drawn: drawn, rule: policies.acting[drawn].rule)
    }

    /// What a request may take at most: every stage asked once, for all that it reads and may write; and what a cache asks to
    /// find out whether its question was answered before, where it may be.
    /// - Parameter isCached: whether a cache looks for an answer to it.
    func mostCost(_ fields: RequestFields, bytes: Int, isCached: Bool) -> Cost {
        // No text has more tokens than bytes; three bytes a token leave room for most languages. Tokens' numbers are shorter.
        let read = max(Double(bytes) / 3, Double(fields.tokens))
        let answers = max(1, fields.choices?.number ?? 1, fields.bestOf ?? 1) * Double(fields.prompts)
        let written = min(fields.mostTokens ?? 4096, 1e6) * min(answers, 1e6)
        let aside = isCached ? caching?.semantic?.mostCost(read: read) ?? .zero : .zero
        return stages.reduce(aside) {
            $0 + $1.cost(TokenCounts(read: read, written: written), seconds: 0)
        }
    }

    /// The stages to try when `failed` gave nothing, those that gave an answer or failed before left out.
    func standIns(for failed: Int, tried: StageSet) -> [Int] {
        guard failsOver else { return [] }
        let order = settings.failOver ?? (Array(stages.indices[(failed + 1)...]) + Array(stages.indices[..<failed]))
        return order.filter { $0 != failed && !tried.contains($0) }
    }
}

/// A learned policy, ready to run over stages: with what must be read of each answer.
final class PolicyRule: Sendable {
    /// What is known of it: where it came from, what it did on held-out items.
    let file: PolicyFile
    let policy: any Policy
    let schema: LogSchema
    let weights: CostWeights
    /// What the policy is called in headers and records.
    let version: String
    /// Its number in the store.
    let number: Int?
    /// Which numbers are computed of each stage's answer.
    let evidence: [AnswerEvidence]
    /// How many alternatives of each token the evidence needs, by stage; nil where it needs no tokens.
    let alternatives: [Int?]

    /// The policy of `file` over `stages`.
    /// - Throws: ``GatewayError/badPolicy(model:reason:remedy:)``.
    init(
        _ file: PolicyFile, version: String, number: Int? = nil, model: String, stages: [GatewayStage]
    ) throws(GatewayError) {
        let schema = file.schema
        guard schema.stages.count == stages.count else {
            throw .badPolicy(
                model: model,
                reason:
                    "its policy has \(schema.stages.count) stages (\(schema.stages.map(\.name).joined(separator: ", "))) and \(stages.count) are given",
                remedy: "Name one stage for each, in that order")
        }
        self.file = file
        policy = file.policy
        self.schema = schema
        weights = file.objective.weights
        self.version = version
        self.number = number
        var evidence: [AnswerEvidence] = []
        var alternatives: [Int?] = []
        for (index, stage) in schema.stages.enumerated() {
            guard let read = AnswerEvidence(names: stage.evidence) else {
                throw .badPolicy(
                    model: model,
                    reason:
                        "its policy reads numbers of stage \(stage.name) that no answer gives (\(stage.evidence.joined(separator: ", ")))",
                    remedy: "Learn a policy from a log of `cascade record`, or the gateway's own")
            }
            evidence.append(read)
            guard case .text(let texts) = read else {
                alternatives.append(nil)
                continue
            }
            guard texts.samples == 0, !texts.assessesItself else {
                throw .badPolicy(
                    model: model,
                    reason: "its policy reads \(stage.name)'s agreement with itself, for which nothing is sampled here",
                    remedy: "Learn it without agreement and self-assessment")
            }
            // Numbers that the policy can't read cost nothing: its last stage may be silent.
            let isRead = !texts.names.isEmpty
            guard !isRead || stages[index].tellsTokens || !Self.reads(file.policy, stage: index, schema) else {
                throw .badPolicy(
                    model: model,
                    reason:
                        "its policy reads log-probabilities of stage \(stage.name), and \(stages[index].name) is said not to tell them",
                    remedy: "Set logprobs: true for it if it does, or learn a policy without them")
            }
            let isTold = isRead && stages[index].tellsTokens
            alternatives.append(isTold ? (texts.hasEntropy || texts.hasFirstMargin ? 5 : 0) : nil)
        }
        self.evidence = evidence
        self.alternatives = alternatives
    }

    /// Whether any move after `stage` may hang on what it says: found out by asking the policy about its order.
    private static func reads(_ policy: any Policy, stage: Int, _ schema: LogSchema) -> Bool {
        var state = PolicyState(schema: schema)
        state.begin(context: [Double](repeating: .nan, count: schema.context.count))
        for _ in schema.stages.indices {
            guard case .ask(let set) = policy.next(state) else { break }
            if set.count == 1, set.contains(stage) { return !policy.settles(on: stage, in: state) }
            for asked in set {
                state.record(
                    stage: asked, evidence: [Double](repeating: .nan, count: schema.stages[asked].evidence.count))
            }
        }
        return true
    }

    /// The numbers of an answer, in the order of the schema; `NaN` for what it doesn't tell.
    func evidence(of answer: HeldAnswer, read: AnswerScanner, stage: Int) -> [Double] {
        let names = schema.stages[stage].evidence
        guard !names.isEmpty else { return [] }
        let numbers = try? evidence[stage].numbers(of: answer, read: read)
        return names.map { numbers?[$0] ?? .nan }
    }

    /// What the policy may know of a request before anything is asked: the last text that a user said.
    func context(_ text: @autoclosure () -> String) -> [Double] {
        guard !schema.context.isEmpty else { return [] }
        let question = Question(input: text())
        let values = (try? Question.context.values(question)) ?? []
        return schema.context.map { name in
            Question.context.names.firstIndex(of: name).flatMap { values.indices.contains($0) ? values[$0] : nil }
                ?? .nan
        }
    }
}
