import Foundation
import Probability
import Testing

@testable import Language

@Suite(
    "Steering a model in the process", .serialized,
    .enabled(if: TestModels.smollm2 != nil, "needs `cascade models get smollm2-135m`"))
struct SteeredEmbeddedModelTests {
    private func model(cells: Int = 2048, sequences: Int = 64) throws -> EmbeddedLanguageModel {
        EmbeddedLanguageModel(
            try EmbeddedContext(
                TestModels.load(),
                ContextConfiguration(cells: cells, sequences: sequences, batch: 32, threads: 1)))
    }

    @Test func textsSatisfyAGrammarAndSharedPartsAreReadOnce() async throws {
        let model = try model()
        let grammar = "root ::= (\"yes\" | \"no\") \", because \" [a-z ]{3,12} \".\""
        let constraint = try model.model.constraint(.grammar(grammar))
        let request = GenerationRequest("Is the sea deep? Answer: ", maximumTokens: 24, seed: 1)
        let cloud = try await Steering(SteeringModel(model), by: ConstraintPotential(constraint)).cloud(request)
        for particle in cloud.particles where particle.weight > 0 {
            let text = particle.text.text
            #expect(text.hasPrefix("yes, because ") || text.hasPrefix("no, because "))
            #expect(text.hasSuffix(".") && particle.reason == .stop)
        }
        #expect(cloud.logEvidence < 0)
        // Each different text was decoded once, and branches nothing twice but the token they branch behind.
        let prompt = try model.tokens(of: request.prompt).count
        #expect(await model.context.decodedCount <= prompt + cloud.usage.completionTokens)
        #expect(cloud.usage.completionTokens == cloud.steps.reduce(0) { $0 + $1.texts })
        // All cells but the prompt's are free again: as many runs as one likes.
        for seed in 2..<6 {
            var again = request
            again.seed = UInt64(seed)
            let cloud = try await Steering(SteeringModel(model), by: ConstraintPotential(constraint)).cloud(again)
            #expect(cloud.usage.cachedTokens == prompt - 1)
        }
    }

    /// Adds up the probabilities of all ways in which tokens can write what `constraint` accepts.
    private func walk(
        _ model: EmbeddedLanguageModel, _ text: [Token], _ constraint: AutomatonConstraint, _ written: String,
        _ probability: Double, _ found: inout [String: Double]
    ) async throws {
        let law = try LogitLaw(try await model.context.logits(after: [text])[0])
        for token in try constraint.allowedTokens().tokens where !model.model.endsGeneration(token) {
            var next = constraint
            try next.accept(token)
            let longer = written + String(decoding: model.model.bytes(of: token), as: UTF8.self)
            let share = probability * exp(law.logProbability(of: token))
            if next.mustEnd {
                found[longer, default: 0] += share
            } else {
                try await walk(model, text + [token], next, longer, share, &found)
            }
        }
    }

    @Test func theEvidenceOfWordsIsTheProbabilityOfAllWaysToWriteThem() async throws {
        let model = try model()
        let request = GenerationRequest("The colour of grass is", maximumTokens: 8)
        let start = try model.model.constraint(.words([" red", " green", " blue"]))
        var exact: [String: Double] = [:]
        try await walk(model, try model.tokens(of: request.prompt), start, "", 1, &exact)
        let evidence = exact.values.reduce(0, +)
        var settings = SteeringSettings()
        settings.particles = 64
        let steering = Steering(SteeringModel(model), by: ConstraintPotential(start), settings: settings)
        var estimates: [Double] = []
        var shares: [String: [Double]] = [:]
        for seed in 0..<20 {
            var request = request
            request.seed = UInt64(seed)
            let cloud = try await steering.cloud(request)
            let estimate = exp(cloud.logEvidence) / evidence
            estimates.append(estimate)
            for word in exact.keys {
                let share = cloud.posterior.first { $0.text == word }?.probability ?? 0
                shares[word, default: []].append(estimate * share - exact[word]! / evidence)
            }
        }
        // Six standard errors of twenty runs: Student's t with 19 degrees of freedom exceeds that once in 100,000 seeds; and
        // log-probabilities move by a little with the batch that they are computed in.
        for errors in [estimates.map { $0 - 1 }] + shares.values {
            let mean = errors.reduce(0, +) / 20
            let error = (errors.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 19 / 20).squareRoot()
            #expect(abs(mean) < 6 * error + 0.03, "\(exact) \(errors)")
        }
    }

    @Test func rejectionAndMaskAgreeOnTheEvidence() async throws {
        let model = try model()
        let request = GenerationRequest("My phone number is ", maximumTokens: 12)
        let constraint = ConstraintPotential(try model.model.constraint(.regularExpression("[0-9]{3}-[0-9]{4}")))
        var evidence: [[Double]] = []
        for proposal in [TokenProposal.optimal, .rejection] {
            var settings = SteeringSettings()
            settings.proposal = proposal
            settings.particles = 32
            let steering = Steering(SteeringModel(model), by: constraint, settings: settings)
            var estimates: [Double] = []
            for seed in 0..<6 {
                var request = request
                request.seed = UInt64(seed)
                estimates.append(exp(try await steering.cloud(request).logEvidence))
            }
            evidence.append(estimates)
        }
        let means = evidence.map { $0.reduce(0, +) / 6 }
        let errors = zip(evidence, means).map { values, mean in
            (values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 5 / 6).squareRoot()
        }
        // Errors of six runs: Student's t with about 5 degrees of freedom exceeds 12 once in ten thousand seeds.
        #expect(abs(means[0] - means[1]) < 12 * (errors[0] * errors[0] + errors[1] * errors[1]).squareRoot())
        #expect(means[0] > 0)
    }

    @Test func aContextThatIsTooSmallIsAnErrorThatLeavesNothingBehind() async throws {
        let model = try model(cells: 256, sequences: 64)
        var settings = SteeringSettings()
        settings.particles = 40
        let prompt = String(repeating: "one two three four ", count: 40)
        let steering = Steering(SteeringModel(model), by: ProductPotential([]), settings: settings)
        await #expect(throws: LanguageError.self) {
            try await steering.cloud(GenerationRequest(.text(prompt), maximumTokens: 60))
        }
        let seats = try self.model(sequences: 8)
        // Fewer seats than texts are no error: the texts are read in turn.
        let cloud = try await Steering(SteeringModel(seats), by: ProductPotential([]), settings: settings).cloud(
            GenerationRequest("Once", maximumTokens: 5))
        #expect(cloud.steps.map(\.texts).max()! > 8)
        // Both contexts serve on.
        _ = try await model.generate(GenerationRequest("Once", maximumTokens: 4))
        _ = try await seats.generate(GenerationRequest("Once", maximumTokens: 4))
        #expect(await seats.context.openCount == 0)
    }

    @Test func twoModelsThatAgreeSharpenEachOther() async throws {
        let model = try model()
        let prompt = Prompt.text("The capital of France is")
        let tokens = try model.tokens(of: prompt)
        // The model itself as the expert: p squared.
        let expert = try ModelPotential(model, after: prompt, exponent: 1, writing: model)
        let cloud = try await Steering(SteeringModel(model), by: expert).cloud(
            GenerationRequest(prompt, maximumTokens: 1))
        let law = try LogitLaw(try await model.context.logits(after: [tokens])[0])
        let square = (0..<Token(law.row.count)).reduce(0) { $0 + exp(2 * law.logProbability(of: $1)) }
        #expect(abs(cloud.logEvidence - log(square)) < 1e-3)
    }
}
