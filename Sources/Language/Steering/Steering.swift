import Foundation
public import Inference
import Probability

/// How particles are steered.
public struct SteeringSettings: Sendable, Hashable, Codable {
    /// Texts that are written side by side.
    public var particles = 16
    /// Where their tokens come from.
    public var proposal = TokenProposal.optimal
    /// Particles are resampled where their effective number falls below this share: 0 never, 1 always.
    public var threshold = 0.5
    /// How.
    public var resampling = ResamplingScheme.systematic

    /// Sixteen particles.
    public init() {}

    /// - Throws: ``LanguageError/improperParameter(name:value:expected:)``.
    public func check() throws(LanguageError) {
        guard (1...4096).contains(particles) else {
            throw .improperParameter(name: "particles", value: "\(particles)", expected: "1 to 4096")
        }
        guard (0...1).contains(threshold) else {
            throw .improperParameter(name: "threshold", value: "\(threshold)", expected: "0 to 1")
        }
        try proposal.check()
    }
}

/// Draws texts from a model's distribution times a potential: sequential Monte Carlo over continuations.
///
///     π(text) = p(text) e^w(text) / Z
///
/// p is the model's law under the request's sampling parameters, w the potential's ``Potential/logWeight(of:)``. A text is over
/// when the model ends it, at a stop text, when the potential says so, or at the most tokens that the request allows. Particles
/// write side by side, all in one batch over a cache that they share; where few of them carry the weight, they are resampled.
///
///     let steering = Steering(SteeringModel(model), by: LengthPotential(5...9, of: .words))
///     let cloud = try await steering.cloud(GenerationRequest("Once upon a time", maximumTokens: 40))
///     print(cloud.posterior.first!.text, cloud.logEvidence)
///
/// - Source: A. Lew, T. Zhi-Xuan, G. Grand, V. Mansinghka, "Sequential Monte Carlo steering of large language models using
///   probabilistic programs", 2023; J. Loula et al., "Syntactic and semantic control of large language models via sequential
///   Monte Carlo", 2025.
public struct Steering<Weight: Potential>: Sendable {
    /// The model that writes.
    public let model: SteeringModel
    /// What weighs its texts.
    public let potential: Weight
    /// How.
    public var settings: SteeringSettings

    /// Steers `model` by `potential`.
    public init(_ model: SteeringModel, by potential: Weight, settings: SteeringSettings = SteeringSettings()) {
        self.model = model
        self.potential = potential
        self.settings = settings
    }

    /// The weighted texts of one run; the request's seed is where all chance comes from. A constraint in the request is one
    /// more potential.
    /// - Throws: ``LanguageError/noParticleLeft(step:particles:reason:)`` where no text is left, and what models, constraints
    ///   and potentials throw. Nothing stays behind in the model's cache but the prompt.
    public func cloud(_ request: GenerationRequest) async throws -> SteeredCloud {
        if let constraint = request.constraint {
            let both = ProductPotential([ConstraintPotential(try model.constraint(constraint)), potential])
            var rest = request
            rest.constraint = nil
            return try await Steering<ProductPotential>(model, by: both, settings: settings).cloud(rest)
        }
        try request.check()
        try settings.check()
        try potential.check(vocabularyCount: model.scorer.vocabularyCount)
        let prompt = try model.tokens(of: request.prompt)
        var reader = ContinuationReader(model.scorer, prompt: prompt)
        do {
            let cloud = try await run(request, prompt, &reader)
            await reader.finish()
            return cloud
        } catch {
            await reader.finish()
            throw error
        }
    }

    private func run(
        _ request: GenerationRequest, _ prompt: [Token], _ reader: inout ContinuationReader
    ) async throws -> SteeredCloud {
        let clock = ContinuousClock()
        let start = clock.now
        let rules = TextRules(model, request)
        var random = Random(seed: request.seed)
        var usage = GenerationUsage(promptTokens: prompt.count)
        var steps: [SteeredCloud.Step] = []
        var particles = ParticleTexts(
            count: settings.particles, potential: potential, sampler: try TokenSampler(request.sampling))
        while true {
            let waiting = particles.waiting
            if waiting.isEmpty { break }
            try Task.checkCancellation()
            let texts = waiting.map { particles.nodes[$0].text }
            let rows = try await reader.logits(
                behind: texts.map(\.tokens), parents: waiting.map { particles.nodes[$0].parent })
            var potentials = waiting.map { particles.nodes[$0].potential }
            try await Weight.read(&potentials, after: texts)
            particles.setPotentials(potentials, of: waiting)
            let laws = try await laws(
                waiting.indices.map { rows[$0] }, waiting.map { particles.nodes[$0] }, rules, prompt)
            try particles.extend(waiting, laws: laws, rules: rules, proposal: settings.proposal, using: &random)
            if steps.isEmpty { usage.firstTokenSeconds = start.duration(to: clock.now) / .seconds(1) }
            var step = SteeredCloud.Step(
                texts: waiting.count, effectiveSampleSize: particles.summary.effectiveSampleSize)
            guard step.effectiveSampleSize > 0 else { throw nothingLeft(particles, step: steps.count + 1, request) }
            if step.effectiveSampleSize < settings.threshold * Double(settings.particles) || settings.threshold == 1,
                !particles.waiting.isEmpty
            {
                particles.resample(
                    try settings.resampling.ancestors(
                        count: settings.particles, logWeights: particles.logWeights, using: &random))
                step.wasResampled = true
            }
            steps.append(step)
        }
        usage.cachedTokens = reader.cachedCount
        usage.completionTokens = reader.readCount
        usage.seconds = start.duration(to: clock.now) / .seconds(1)
        return SteeredCloud(particles, steps: steps, usage: usage, tokenizer: model.tokenizer)
    }

    /// The law of the token behind a node's text.
    private func law(
        _ row: ArraySlice<Float>, _ node: ParticleTexts<Weight>.Node, _ rules: TextRules, _ prompt: [Token]
    ) throws -> NodeLaw {
        let history = { prompt + node.text.tokens }
        switch settings.proposal {
        case .model, .rejection:
            let next = try NextTokenLaw(row, node.sampler, after: history())
            return NodeLaw(next: next, proposed: try ProposedLaw(next.law))
        case .optimal, .lookAhead:
            let mask = try rules.allowed(after: node.text, node.potential)
            let next = try NextTokenLaw(row, node.sampler, after: history(), mask: mask)
            return NodeLaw(next: next, proposed: try ProposedLaw(next.law, experts: node.potential.expertise))
        }
    }

    /// The laws of the tokens behind nodes, one row of logits each.
    func laws(
        _ rows: [ArraySlice<Float>], _ nodes: [ParticleTexts<Weight>.Node], _ rules: TextRules, _ prompt: [Token]
    ) async throws -> [NodeLaw] {
        var laws = try zip(rows, nodes).map { try law($0, $1, rules, prompt) }
        guard case .lookAhead(let candidates, let steps) = settings.proposal else { return laws }
        let ahead = LookAhead<Weight>(candidates: candidates, rules: rules, scorer: model.scorer, prompt: prompt)
        let starts = zip(laws, nodes).map { law, node in
            LookAhead<Weight>.Start(
                text: node.text, potential: node.potential, sampler: node.sampler, logPromise: node.logPromise,
                law: law.proposed)
        }
        let promises = try await ahead.promises(of: starts, steps: steps)
        for index in laws.indices { laws[index].proposed.weigh(promises[index]) }
        return laws
    }

    private func nothingLeft(
        _ particles: ParticleTexts<Weight>, step: Int, _ request: GenerationRequest
    ) -> LanguageError {
        let isCut = particles.nodes.contains { $0.reason == .length }
        let why =
            isCut
            ? "the texts were cut off at \(request.maximumTokens) tokens before what they are steered by accepts them. Allow more tokens, or more particles"
            : "what they are steered by rules out every text that was drawn. Take more particles, put the prompt so that the model is likelier to write what is wanted, or let the potentials guide (see Potential)"
        return .noParticleLeft(step: step, particles: settings.particles, reason: why)
    }
}

extension SteeringModel {
    /// The start of `constraint` over the vocabulary.
    /// - Throws: ``LanguageError`` as for ``EmbeddedModel/constraint(_:)``.
    public func constraint(_ constraint: TextConstraint) throws(LanguageError) -> AutomatonConstraint {
        if let embedded { return try embedded.model.constraint(constraint) }
        return try AutomatonConstraint(constraint, VocabularyTrie(tokenizer))
    }
}
