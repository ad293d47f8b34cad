import Foundation
import Inference
public import Probability

/// The weighted texts of a steered run.
public struct SteeredCloud: Sendable {
    /// One text.
    public struct Particle: Sendable {
        /// What was written.
        public var text: SteeredText
        /// Its share of the weight; all add up to 1.
        public var weight: Double
        /// Why it ended.
        public var reason: FinishReason
        /// The model's own log-probabilities of its tokens in nats, the one that ended it included.
        public var logProbabilities: [Double]
    }

    /// What happened in one step; no later step reads it.
    public struct Step: Sendable, Hashable {
        /// Different texts that the model read.
        public var texts: Int
        /// Of the particles, after they were weighed.
        public var effectiveSampleSize: Double
        /// Whether they were resampled then.
        public var wasResampled = false
    }

    /// A text and its estimated probability.
    public struct PosteriorText: Sendable, Hashable {
        /// The characters.
        public var text: String
        /// The share of the weight of all particles that wrote it.
        public var probability: Double
        /// How many did.
        public var particles: Int
    }

    /// All particles, in no order.
    public let particles: [Particle]
    /// ln of the estimate of Z, the mean weight of the model's texts, in nats. The estimate itself is unbiased.
    public let logEvidence: Double
    /// The steps, one a token.
    public let steps: [Step]
    /// Tokens and time. What was written counts once for all particles that share it.
    public let usage: GenerationUsage
    let tokenizer: any Tokenizer

    init<Weight: Potential>(
        _ texts: ParticleTexts<Weight>, steps: [Step], usage: GenerationUsage, tokenizer: any Tokenizer
    ) {
        let logTotal = texts.summary.logTotal
        particles = zip(texts.places, texts.logWeights).map { place, logWeight in
            let node = texts.nodes[place]
            return Particle(
                text: node.text, weight: exp(logWeight - logTotal), reason: node.reason ?? .length,
                logProbabilities: node.logProbabilities)
        }
        logEvidence = texts.logEvidence
        self.steps = steps
        self.usage = usage
        self.tokenizer = tokenizer
    }

    /// (Σ w)² / Σ w² of the particles as they ended.
    public var effectiveSampleSize: Double {
        1 / particles.reduce(0) { $0 + $1.weight * $1.weight }
    }

    /// The estimated distribution over different texts, likeliest first.
    public var posterior: [PosteriorText] {
        var texts: [String: PosteriorText] = [:]
        for particle in particles where particle.weight > 0 {
            let text = particle.text.text
            texts[text, default: PosteriorText(text: text, probability: 0, particles: 0)].probability += particle.weight
            texts[text]!.particles += 1
        }
        return texts.values.sorted {
            $0.probability == $1.probability ? $0.text < $1.text : $0.probability > $1.probability
        }
    }

    /// The estimated mean of `value` over texts.
    public func expectation(_ value: (SteeredText) -> Double) -> Double {
        particles.reduce(0) { $1.weight > 0 ? $0 + $1.weight * value($1.text) : $0 }
    }

    /// One text, drawn by weight.
    public func draw(using random: inout Random) -> Particle {
        let index = try? random.choose(weights: particles.map(\.weight))
        return particles[index ?? 0]
    }
}
