import Foundation
import Probability

/// Several models that stand for the draws of one population.
///
/// Members of an embedded model share its weights. Each has a fixed vector of its own, normal noise times a strength, added
/// to what every layer passes on: as a dropout mask drawn once, it disturbs all layers in the same way at every word, and it
/// is told by a seed alone. (Paper 20 draws masks of dropout; llama.cpp has none, and copies of the weights with noise in
/// them would take a file each.)
///
/// Strengths mean different things to different models: ``strength(of:ratio:text:seed:)`` finds the one at which members
/// are worse than the model by a given factor of perplexity.
///
/// - Source: paper 20 (PopulationLM), section 3.
public struct ModelPopulation: Sendable {
    /// The members.
    public let members: [any LanguageModel]

    /// A population of these.
    public init(_ members: [any LanguageModel]) { self.members = members }

    /// `count` disturbed forms of `model`.
    /// - Parameters:
    ///   - strength: the standard deviation of what is added to each number between layers.
    ///   - context: the cache of each member.
    /// - Throws: ``LanguageError``.
    public init(
        _ model: EmbeddedModel, count: Int, strength: Double, seed: UInt64,
        context: ContextConfiguration = ContextConfiguration(cells: 512, sequences: 8, threads: 1)
    ) throws {
        let random = Random(seed: seed)
        members = try (0..<count).map { index in
            var stream = random.split(UInt64(index))
            return EmbeddedLanguageModel(
                try EmbeddedContext(
                    model, context,
                    layerShifts: Self.shifts(model, strength: strength, using: &stream)),
                name: "\(model.name), member \(index + 1)")
        }
    }

    private static func shifts(_ model: EmbeddedModel, strength: Double, using random: inout Random) -> [Float] {
        (0..<(model.layerCount - 1) * model.embeddingCount).map { _ in Float(strength * random.normal()) }
    }

    /// The strength at which the perplexity of `text` is `ratio` times the model's own, by the geometric mean over three
    /// members; found to within 5 % by halving.
    /// - Throws: ``LanguageError``; also where no strength up to 100 does it.
    public static func strength(
        of model: EmbeddedModel, ratio: Double, text: String, seed: UInt64
    ) async throws -> Double {
        guard ratio > 1, ratio.isFinite else {
            throw LanguageError.improperParameter(name: "ratio", value: "\(ratio)", expected: "above 1")
        }
        func loss(_ population: ModelPopulation) async throws -> Double {
            var sum = 0.0
            for member in population.members {
                let tokens = try await member.score(text, after: .text(""))
                sum += tokens.reduce(0) { $0 - ($1.logProbability ?? .nan) } / Double(max(1, tokens.count))
            }
            return sum / Double(population.members.count)
        }
        let own = try await loss(try ModelPopulation(model, count: 1, strength: 0, seed: seed))
        var (low, high) = (1e-4, 100.0)
        guard
            try await loss(try ModelPopulation(model, count: 3, strength: high, seed: seed)) > own + log(ratio)
        else {
            throw LanguageError.improperParameter(
                name: "ratio", value: "\(ratio)", expected: "one that the strongest disturbance reaches")
        }
        while high / low > 1.05 {
            let middle = (low * high).squareRoot()
            let rise = try await loss(try ModelPopulation(model, count: 3, strength: middle, seed: seed)) - own
            // No number at all is a text that the model can't read any more.
            if rise < log(ratio) { low = middle } else { high = middle }
        }
        return (low * high).squareRoot()
    }
}
