import Foundation
import Language
import Probability

/// Pairs of next-token distributions: a model's, and its draft's at the same place.
struct DraftPairs {
    /// What they are.
    var source: String
    /// Target and draft, place by place.
    var pairs: [(target: TokenDistribution, draft: TokenDistribution)]

    /// Pairs from the model in the process, where its file is: texts that it wrote at temperature 1, looked at by itself and
    /// by a form of it with two bits a weight; else simulated ones.
    static func make(places: Int, seed: UInt64) throws -> DraftPairs {
        guard let path = try? ModelStore().path(of: "smollm2-135m") else {
            return try simulated(places: places, seed: seed)
        }
        let target = try EmbeddedModel(path: path, name: "smollm2-135m")
        let draft = try EmbeddedModel(
            path: try ModelStore().path(of: "smollm2-135m", as: .q2K), name: "smollm2-135m Q2_K")
        let prompts = [
            "The city lies", "In the first experiment, we", "She opened the letter and", "To repair a bicycle,",
        ]
        var pairs: [(target: TokenDistribution, draft: TokenDistribution)] = []
        let each = max(4, places / prompts.count)
        for (index, prompt) in prompts.enumerated() {
            let tokens = target.tokens(of: prompt)
            let text = try target.tokens(
                drawnAfter: tokens, count: each, sampling: SamplingParameters(), seed: seed &+ UInt64(index))
            let whole = tokens + text
            let (ours, theirs) = (try target.logits(afterEachOf: whole), try draft.logits(afterEachOf: whole))
            for place in tokens.count - 1..<whole.count - 1 {
                pairs.append(
                    (
                        try TokenDistribution(logits: ours[place], parameters: SamplingParameters()),
                        try TokenDistribution(logits: theirs[place], parameters: SamplingParameters())
                    ))
            }
        }
        return DraftPairs(
            source:
                "\(pairs.count) places in \(prompts.count) texts by SmolLM2-135M-Instruct (Q4_1) at temperature 1; draft: the same weights as Q2_K",
            pairs: pairs)
    }

    /// Distributions with the long tail of language: logits that fall with the logarithm of the rank, and a draft that
    /// errs by normal noise.
    static func simulated(places: Int, seed: UInt64) throws -> DraftPairs {
        var random = Random(seed: seed)
        let size = 4096
        let pairs = try (0..<places).map { _ in
            let slope = 0.8 + 0.8 * random.uniform()
            let logits = (0..<size).map { Float(-slope * 2 * log(Double($0 + 1)) + random.normal()) }
            let noisy = logits.map { $0 + Float(0.9 * random.normal()) }
            return (
                try TokenDistribution(logits: logits, parameters: SamplingParameters()),
                try TokenDistribution(logits: noisy, parameters: SamplingParameters())
            )
        }
        return DraftPairs(
            source:
                "\(places) simulated pairs of distributions over \(size) tokens (no model file; get it with `cascade models get smollm2-135m`)",
            pairs: pairs)
    }
}
