import Cascades
import Foundation
import Inference
import Probability
import Testing

@testable import Language

@Suite("Steered particles, enumerated") struct ParticleTextsTests {
    static let scorer = ScriptedScorer(vocabularyCount: 3, seed: 50)

    /// Walks every path of two particles, resampled by independent choices whenever their weights are uneven, and adds up
    /// the evidence and each text's share of it.
    static func enumerate(
        _ potential: ProductPotential, _ proposal: TokenProposal, maximumTokens: Int, threshold: Double
    ) async throws -> (evidence: Double, texts: [SteeredText: Double], paths: Int) {
        let model = try SteeringModel("table", scorer, tokenizer: SamplePotentials.tokenizer)
        let rules = TextRules(model, GenerationRequest("b", maximumTokens: maximumTokens))
        let prompt: [Token] = [1]
        let steering = Steering(model, by: potential)
        var settings = steering.settings
        settings.proposal = proposal
        let ahead = Steering(model, by: potential, settings: settings)
        var enumerator = Enumerator()
        var evidence = 0.0
        var texts: [SteeredText: Double] = [:]
        var paths = 0
        repeat {
            paths += 1
            var particles = ParticleTexts(
                count: 2, potential: potential, sampler: try TokenSampler(SamplingParameters()))
            while !particles.waiting.isEmpty {
                let waiting = particles.waiting
                let written = waiting.map { particles.nodes[$0].text }
                var potentials = waiting.map { particles.nodes[$0].potential }
                try await ProductPotential.read(&potentials, after: written)
                particles.setPotentials(potentials, of: waiting)
                let rows = written.map { scorer.row(after: prompt + $0.tokens)[...] }
                let laws = try await ahead.laws(rows, waiting.map { particles.nodes[$0] }, rules, prompt)
                try particles.extend(waiting, laws: laws, rules: rules, proposal: proposal, using: &enumerator)
                let summary = particles.summary
                if summary.effectiveSampleSize == 0 { break }
                if summary.effectiveSampleSize < 2 * threshold, !particles.waiting.isEmpty {
                    let weights = particles.logWeights
                    let first = Int32(try enumerator.choose(logWeights: weights))
                    particles.resample([first, Int32(try enumerator.choose(logWeights: weights))])
                }
            }
            let probability = exp(enumerator.logProbability)
            if particles.summary.effectiveSampleSize > 0 {
                evidence += probability * exp(particles.logEvidence)
                let total = particles.summary.logTotal
                for (place, weight) in zip(particles.places, particles.logWeights) {
                    texts[particles.nodes[place].text, default: 0] +=
                        probability * exp(particles.logEvidence + weight - total)
                }
            }
        } while enumerator.advance()
        return (evidence, texts, paths)
    }

    @Test(arguments: SamplePotentials.proposals.indices)
    func theEvidenceAndEachTextsShareOfItAreUnbiased(number: Int) async throws {
        let proposal = SamplePotentials.proposals[number]
        // Rejection draws several tokens for one, so that it has far more paths.
        let maximum = proposal == .rejection ? 2 : 3
        var paths = 0
        for (name, potential) in try SamplePotentials.all() {
            let exact = try await ExactTexts(
                Self.scorer, SamplePotentials.tokenizer, prompt: [1], potential, maximumTokens: maximum)
            #expect(exact.evidence > 0)
            for threshold in maximum == 2 ? [0.95] : [0, 0.95] {
                let found = try await Self.enumerate(
                    potential, proposal, maximumTokens: maximum, threshold: threshold)
                // Weights are in single precision: a few units of 1e-7, over a few tokens.
                #expect(abs(found.evidence / exact.evidence - 1) < 3e-6, "\(name), \(proposal), \(threshold)")
                for (text, mass) in exact.masses {
                    #expect(
                        abs(found.texts[text, default: 0] - mass) < 3e-6 * exact.evidence,
                        "\(name), \(proposal), \(threshold): \(text.text)")
                }
                paths += found.paths
            }
        }
        #expect(paths > 1000)
    }

    @Test func anIncrementThatForgetsTheSharePutsTheEvidenceOff() async throws {
        // The check above can fail: draws by the mask with the weights of draws without it.
        let (_, potential) = try SamplePotentials.all()[0]
        let exact = try await ExactTexts(
            Self.scorer, SamplePotentials.tokenizer, prompt: [1], potential, maximumTokens: 2)
        let all = try await ExactTexts(
            Self.scorer, SamplePotentials.tokenizer, prompt: [1], ProductPotential([]), maximumTokens: 2)
        #expect(abs(all.evidence - 1) < 1e-12)
        #expect(exact.evidence < 0.9)
    }
}
