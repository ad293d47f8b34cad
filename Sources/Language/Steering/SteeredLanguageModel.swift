public import Cascades
import Probability

/// A language model whose answers are drawn from another's, weighed by a potential.
///
///     let model = SteeredLanguageModel(SteeringModel(embedded), by: LengthPotential(5...9, of: .words))
///     let text = try await model.generate("Once upon a time")
///
/// An answer comes as a whole when all particles have ended. With more particles its law comes nearer to the posterior.
public struct SteeredLanguageModel<Weight: Potential>: LanguageModel {
    /// What draws the texts.
    public let steering: Steering<Weight>
    public let name: String

    public var prices: PriceList { steering.model.prices }
    public var capabilities: ModelCapabilities {
        let embedded = steering.model.embedded?.capabilities
        return ModelCapabilities(
            probabilities: .chosenToken, holdsConversations: embedded?.holdsConversations ?? false,
            embedsText: embedded?.embedsText ?? false)
    }

    /// `model` steered by `potential`.
    public init(
        _ model: SteeringModel, by potential: Weight, settings: SteeringSettings = SteeringSettings(),
        name: String? = nil
    ) {
        steering = Steering(model, by: potential, settings: settings)
        self.name = name ?? model.name
    }

    public func events(_ request: GenerationRequest) -> AsyncThrowingStream<GenerationEvent, any Error> {
        EventStream.of { yield in
            try request.check(for: self)
            let cloud = try await steering.cloud(request)
            // A stream of its own: the particles' numbers must not decide which of them is taken.
            var random = Random(seed: request.seed).split(1)
            cloud.write(cloud.draw(using: &random), yield)
        }
    }

    /// - Throws: ``LanguageError/unsupported(model:what:remedy:)``: the probability of a text under weights has the evidence
    ///   in it, which is only estimated.
    public func score(_ continuation: String, after prompt: Prompt) async throws -> [GeneratedToken] {
        throw LanguageError.unsupported(
            model: name, what: "a steered model does not know the probability of a given text",
            remedy: "Score it by the model that is steered, or take Steering's cloud and its posterior.")
    }

    public func operations(tokens: Int, distributions: Int) -> Double {
        steering.model.embedded?.operations(tokens: tokens, distributions: distributions) ?? 0
    }

    public func embeddings(of texts: [String]) async throws -> [[Double]] {
        guard let embedded = steering.model.embedded else {
            throw LanguageError.unsupported(
                model: name, what: "it has no embeddings of its own",
                remedy: "Ask one of the models that it is made of.")
        }
        return try await embedded.embeddings(of: texts)
    }
}

extension SteeredCloud {
    /// Gives the tokens of `particle` out as they would have been written.
    func write(_ particle: Particle, _ yield: (GenerationEvent) -> Void) {
        var assembler = TextAssembler(stops: [])
        var rest = particle.text.bytes.count
        for (token, logProbability) in zip(particle.text.tokens, particle.logProbabilities) {
            // A stop text may have cut into the last tokens.
            let bytes = tokenizer.bytes(of: token).prefix(rest)
            rest -= bytes.count
            yield(
                .token(GeneratedToken(text: assembler.add(Array(bytes)), token: token, logProbability: logProbability)))
        }
        let end = assembler.flush()
        if !end.isEmpty { yield(.token(GeneratedToken(text: end, logProbability: 0))) }
        yield(.finished(particle.reason, usage))
    }
}
