import Foundation
import Inference
import Probability
import Testing

@testable import Language

@Suite("Steering") struct SteeringTests {
    static let scorer = ScriptedScorer(vocabularyCount: 3, seed: 50)

    static func model() throws -> SteeringModel {
        try SteeringModel("table", scorer, tokenizer: SamplePotentials.tokenizer)
    }

    /// Runs many clouds; the deviations of the mean evidence and of each text's mean share from the exact ones, in
    /// standard errors, the largest of them.
    static func deviation(
        _ potential: ProductPotential, _ settings: SteeringSettings, runs: Int, seed: UInt64
    ) async throws -> Double {
        let exact = try await ExactTexts(
            scorer, SamplePotentials.tokenizer, prompt: [1], potential, maximumTokens: 4, temperature: 1.3)
        var request = GenerationRequest("b", maximumTokens: 4)
        request.sampling.temperature = 1.3
        let steering = Steering(try model(), by: potential, settings: settings)
        var sums: [SteeredText: (sum: Double, squares: Double)] = [:]
        var all = (sum: 0.0, squares: 0.0)
        for run in 0..<runs {
            request.seed = seed &* 1_000_003 &+ UInt64(run)
            var shares: [SteeredText: Double] = [:]
            var evidence = 0.0
            do {
                let cloud = try await steering.cloud(request)
                evidence = exp(cloud.logEvidence)
                for particle in cloud.particles where particle.weight > 0 {
                    shares[particle.text, default: 0] += evidence * particle.weight
                }
            } catch LanguageError.noParticleLeft {
                // A run without weight is an estimate of 0.
            }
            all.sum += evidence
            all.squares += evidence * evidence
            for (text, share) in shares {
                sums[text, default: (0, 0)].sum += share
                sums[text]!.squares += share * share
            }
        }
        let n = Double(runs)
        func deviation(_ sum: Double, _ squares: Double, _ expected: Double) -> Double {
            let mean = sum / n
            let error = max((squares / n - mean * mean) / (n - 1), 0).squareRoot()
            // Rounding to single precision is no deviation of the mean.
            return max(0, abs(mean - expected) - 3e-6 * exact.evidence) / max(error, 1e-12)
        }
        var largest = deviation(all.sum, all.squares, exact.evidence)
        #expect(sums.keys.allSatisfy { exact.masses[$0, default: 0] > 0 })
        for (text, mass) in exact.masses {
            let found = sums[text, default: (0, 0)]
            // Texts so rare that the error can't be told from the draws are in the evidence with the others.
            if mass * n * Double(settings.particles) > 200 * exact.evidence {
                largest = max(largest, deviation(found.sum, found.squares, mass))
            }
        }
        return largest
    }

    @Test(arguments: SamplePotentials.proposals.indices)
    func evidenceAndPosteriorAreUnbiased(number: Int) async throws {
        for (index, sample) in try SamplePotentials.all().enumerated() {
            var settings = SteeringSettings()
            settings.particles = [2, 5, 8][index % 3]
            settings.proposal = SamplePotentials.proposals[number]
            settings.threshold = [0.5, 1, 0.8][index % 3]
            settings.resampling = [.systematic, .multinomial, .ssp, .residual, .stratified][index % 5]
            let deviation = try await Self.deviation(
                sample.potential, settings, runs: 1200, seed: UInt64(100 + 10 * number + index))
            // The largest of some 15 deviations, in 54 of these tests; 5.5 is exceeded with probability 4e-8 each, and 3e-5
            // in all, were they normal.
            #expect(deviation < 5.5, "\(sample.name), \(settings.proposal)")
        }
    }

    @Test func proposalsThatKnowMoreHaveMoreEvenWeights() async throws {
        let (_, potential) = try SamplePotentials.all()[7]
        var sizes: [Double] = []
        for proposal in [TokenProposal.model, .optimal, .lookAhead(candidates: 3, steps: 1)] {
            var settings = SteeringSettings()
            settings.proposal = proposal
            settings.particles = 64
            settings.threshold = 0
            var sum = 0.0
            for seed in 0..<40 {
                // Texts of one token, so that a step ahead is all there is to know.
                var request = GenerationRequest("b", maximumTokens: 1)
                request.seed = UInt64(seed)
                let cloud = try await Steering(try Self.model(), by: potential, settings: settings).cloud(request)
                sum += cloud.effectiveSampleSize / 40
            }
            sizes.append(sum)
        }
        #expect(sizes[0] < sizes[1] && sizes[1] < sizes[2] && abs(sizes[2] - 64) < 1e-3, "\(sizes)")
    }

    @Test func theSameSeedGivesTheSameCloud() async throws {
        let (_, potential) = try SamplePotentials.all()[3]
        let steering = Steering(try Self.model(), by: potential)
        var request = GenerationRequest("b", maximumTokens: 6)
        request.seed = 5
        let first = try await steering.cloud(request)
        let second = try await steering.cloud(request)
        #expect(first.particles.map(\.text) == second.particles.map(\.text))
        #expect(first.logEvidence == second.logEvidence && first.steps == second.steps)
        request.seed = 6
        #expect(try await steering.cloud(request).particles.map(\.text) != first.particles.map(\.text))
        #expect(abs(first.particles.reduce(0) { $0 + $1.weight } - 1) < 1e-12)
        #expect(abs(first.posterior.reduce(0) { $0 + $1.probability } - 1) < 1e-12)
        #expect(first.posterior.reduce(0) { $0 + $1.particles } == 16)
        #expect(first.steps.allSatisfy { $0.texts >= 1 && $0.texts <= 16 && $0.effectiveSampleSize <= 16 + 1e-9 })
        // The first token is drawn from one text.
        #expect(first.steps[0].texts == 1)
    }

    @Test func samplingParametersShapeTheTarget() async throws {
        var request = GenerationRequest("b", maximumTokens: 4)
        request.sampling.topK = 1
        let greedy = try await Steering(try Self.model(), by: ProductPotential([])).cloud(request)
        #expect(greedy.posterior.count == 1 && abs(greedy.logEvidence) < 1e-6)
        var best: [Token] = [1]
        while best.count < 5 {
            let row = Self.scorer.row(after: best)
            let token = Token(row.firstIndex(of: row.max()!)!)
            if token == SamplePotentials.tokenizer.end { break }
            best.append(token)
        }
        #expect(greedy.particles[0].text.tokens == Array(best.dropFirst()))
        // Control of surprise and penalties follow each text.
        request.sampling = SamplingParameters()
        request.sampling.mirostat = Mirostat(target: 0.6, rate: 0.5)
        request.sampling.repetitionPenalty = 1.5
        let cloud = try await Steering(try Self.model(), by: ProductPotential([])).cloud(request)
        #expect(abs(cloud.logEvidence) < 1e-5)
    }

    @Test func aStopTextEndsATextAndIsNotInIt() async throws {
        var request = GenerationRequest("b", maximumTokens: 30, stops: ["ab"])
        request.seed = 3
        let cloud = try await Steering(try Self.model(), by: ProductPotential([])).cloud(request)
        #expect(cloud.particles.allSatisfy { !$0.text.text.contains("ab") })
        #expect(cloud.particles.contains { $0.reason == .stop && $0.text.end == nil })
    }

    @Test func aRequestsConstraintIsOneMorePotential() async throws {
        let request = GenerationRequest("b", maximumTokens: 8, constraint: .words(["ab", "bba"]), seed: 4)
        let cloud = try await Steering(try Self.model(), by: LengthPotential(2...2, of: .characters)).cloud(request)
        #expect(cloud.posterior.map(\.text) == ["ab"])
    }

    @Test func aSteeredModelIsALanguageModel() async throws {
        let model = SteeredLanguageModel(
            try Self.model(),
            by: ConstraintPotential(try Self.model().constraint(.regularExpression("(ab){1,2}"))), name: "pairs")
        let text = try await model.generate(GenerationRequest("b", maximumTokens: 8, seed: 2))
        #expect(["ab", "abab"].contains(text.text) && text.reason == .stop && model.name == "pairs")
        #expect(text.tokens.allSatisfy { ($0.logProbability ?? 1) < 0 })
        await #expect(throws: LanguageError.self) { try await model.score("a", after: "b") }
        await #expect(throws: LanguageError.self) { try await model.embeddings(of: ["a"]) }
    }

    @Test func badInputIsATypedError() async throws {
        let model = try Self.model()
        func error(_ body: () async throws -> Void) async -> LanguageError? {
            do { try await body() } catch { return error as? LanguageError }
            return nil
        }
        let request = GenerationRequest("b", maximumTokens: 3)
        // Nothing can come of it, as nobody can know beforehand: the error says when.
        let dead = await error {
            _ = try await Steering(model, by: TextPotential { _ in -.infinity }).cloud(request)
        }
        guard case .noParticleLeft(_, 16, _) = dead else {
            Issue.record("\(String(describing: dead))")
            return
        }
        let cut = await error {
            _ = try await Steering(
                model, by: ConstraintPotential(try model.constraint(.regularExpression("a{9}")))
            ).cloud(request)
        }
        guard case .noParticleLeft(3, 16, let reason) = cut, reason.contains("cut off at 3 tokens") else {
            Issue.record("\(String(describing: cut))")
            return
        }
        let empty = await error { _ = try model.constraint(.regularExpression("c+")) }
        guard case .emptyConstraint = empty else {
            Issue.record("\(String(describing: empty))")
            return
        }
        let mismatch = await error {
            let other = try ModelPotential(ScriptedScorer(vocabularyCount: 4, seed: 1), after: [0])
            _ = try await Steering(model, by: ProductPotential([other])).cloud(request)
        }
        guard case .vocabularyMismatch = mismatch else {
            Issue.record("\(String(describing: mismatch))")
            return
        }
        for change in [
            { (settings: inout SteeringSettings) in settings.particles = 0 },
            { (settings: inout SteeringSettings) in settings.threshold = 1.5 },
            { (settings: inout SteeringSettings) in settings.proposal = .lookAhead(candidates: 0, steps: 1) },
        ] {
            var settings = SteeringSettings()
            change(&settings)
            await #expect(throws: LanguageError.self) {
                try await Steering(model, by: ProductPotential([]), settings: settings).cloud(request)
            }
        }
        await #expect(throws: LanguageError.self) {
            try await Steering(model, by: TextPotential { _ in .nan }).cloud(request)
        }
        await #expect(throws: LanguageError.self) {
            try await Steering(model, by: ProductPotential([])).cloud(
                GenerationRequest(.chat([.user("b")]), maximumTokens: 3))
        }
        #expect(throws: LanguageError.self) { try SteeringModel(TableModel()) }
        #expect(throws: LanguageError.self) { try ModelPotential(Self.scorer, after: []) }
        #expect(throws: LanguageError.self) { try LengthPotential(target: 3, deviation: 0, of: .words) }
    }
}
