import Foundation
import Testing

@testable import Language

@Suite(
    "A context with more callers than room", .serialized, .timeLimit(.minutes(10)),
    .enabled(if: TestModels.smollm2 != nil, "needs `cascade models get smollm2-135m`"))
struct CrowdedContextTests {
    private func model(cells: Int = 4096, sequences: Int = 4, batch: Int = 512) throws -> EmbeddedLanguageModel {
        EmbeddedLanguageModel(
            try EmbeddedContext(
                TestModels.load(),
                ContextConfiguration(cells: cells, sequences: sequences, batch: batch, threads: 1)))
    }

    private func isEmpty(_ model: EmbeddedLanguageModel) async -> Bool { await model.context.openCount == 0 }

    /// Ends when `condition` holds, at the latest after half a minute.
    private func wait(until condition: () async -> Bool) async throws -> Bool {
        for _ in 0..<3000 {
            if await condition() { return true }
            try await Task.sleep(for: .milliseconds(10))
        }
        return false
    }

    /// By how much the log-probabilities of a text's tokens differ, at the mean, from those of the text alone.
    ///
    /// Where a text's cells lie decides in which order numbers are added, and what is rounded to eight bits next may fall on
    /// another side: some hundredths. A text that saw another's cells is off by whole nats.
    private func difference(_ text: GeneratedText, _ request: GenerationRequest) async throws -> Double {
        let alone = try model(sequences: 64)
        let prompt = try alone.tokens(of: request.prompt)
        let tokens = text.tokens.compactMap(\.token)
        let sequence = try await alone.context.open(prompt + tokens.dropLast())
        let rows = try await alone.context.logits(after: sequence, rows: tokens.count)
        await alone.context.close([sequence])
        let differences = tokens.indices.map { place in
            abs(rows.logProbabilities(place)[Int(tokens[place])] - (text.tokens[place].logProbability ?? .nan))
        }
        return differences.reduce(0, +) / Double(differences.count)
    }

    @Test func callersWaitForSeats() async throws {
        let model = try model()
        let requests = (0..<24).map { GenerationRequest(.text("Number \($0) is"), maximumTokens: 6, seed: UInt64($0)) }
        let together = await model.generate(requests)
        #expect(await isEmpty(model))
        for (request, result) in zip(requests, together) {
            let difference = try await difference(try result.get(), request)
            #expect(difference < 0.2)
        }
    }

    @Test func textsTakeTurnsInTheCache() async throws {
        let model = try model(cells: 256)
        let prompts = (0..<4).map { number in
            "Number \(number): " + String(repeating: "the sea is \(number) ", count: 20)
        }
        let requests = prompts.map { GenerationRequest(.text($0), sampling: .greedy, maximumTokens: 12) }
        var total = 0
        for request in requests { total += try model.tokens(of: request.prompt).count }
        #expect(total > 256, "all find room at once, so that nothing is tested")
        let together = await model.generate(requests)
        #expect(await isEmpty(model))
        // Those that came first went on, and the others when they had ended: each prompt is read once or twice, not for every
        // token.
        #expect(await model.context.decodedCount < 3 * total)
        for (request, result) in zip(requests, together) {
            let difference = try await difference(try result.get(), request)
            #expect(difference < 0.2)
        }
    }

    @Test func whoeverWaitsForCellsCanGiveUp() async throws {
        let model = try model(cells: 256)
        let context = model.context
        let first = try await context.open([Token](repeating: 6, count: 150))
        let second = try await context.open([Token](repeating: 7, count: 150))
        _ = try await context.logits(after: [first])
        _ = try await context.logits(after: [second])
        // Whoever asks all the time goes first; the other one is let in, or gives up.
        let busy = Task {
            while !Task.isCancelled { _ = try await context.logits(after: [first]) }
        }
        let waits = Task { _ = try await context.logits(after: [second]) }
        waits.cancel()
        _ = await waits.result
        busy.cancel()
        _ = await busy.result
        await context.close([first, second])
        #expect(await isEmpty(model))
    }

    @Test func whoeverWaitsCanGiveUp() async throws {
        let model = try model()
        let context = model.context
        var held: [SequenceID] = []
        for token in 5..<8 { held.append(try await context.open([Token(token)])) }
        // The first wants two seats of one, and the one behind it waits its turn.
        let first = Task { try await context.open([[20], [21]]) }
        #expect(try await wait { await context.waitingCount == 1 })
        let second = Task { try await context.open([22]) }
        #expect(try await wait { await context.waitingCount == 2 })
        first.cancel()
        await #expect(throws: CancellationError.self) { _ = try await first.value }
        held.append(try await second.value)
        #expect(await context.openCount == 4)
        await #expect(
            throws: LanguageError.contextFull(model: context.model.name, what: "sequences", limit: 4)
        ) {
            _ = try await context.open([[1], [2], [3], [4], [5]])
        }
        await context.close(held)
        #expect(await isEmpty(model))
    }

    @Test func moreContinuationsThanSeatsScoreTheSame() async throws {
        let narrow = try model()
        let wide = try model(sequences: 64)
        let labels = (1...20).map { " a word and \($0) more of them" }
        let prompt = Prompt.text("The weather today is")
        // Many callers at once, each with more labels than there are seats.
        let all = try await withThrowingTaskGroup(of: [Double].self) { group in
            for _ in 0..<4 { group.addTask { try await narrow.scores(of: labels, after: prompt).logProbabilities } }
            return try await group.reduce(into: [[Double]]()) { $0.append($1) }
        }
        let expected = try await wide.scores(of: labels, after: prompt).logProbabilities
        for scores in all {
            for (score, expected) in zip(scores, expected) { #expect(abs(score - expected) < 1) }
        }
        #expect(await isEmpty(narrow))
    }

    @Test func aTreeWiderThanTheSeatsIsReadAllTheSame() async throws {
        var tree = DraftTree()
        for token in 100..<110 {
            let node = tree.add(Token(token), after: nil)
            _ = tree.add(Token(token + 50), after: node)
        }
        let prefix = try TestModels.load().tokens(of: "The weather today is")
        let expected = try await model(sequences: 64).context.logits(after: prefix, tree: tree)
        let narrow = try model()
        let rows = try await narrow.context.logits(after: prefix, tree: tree)
        #expect(rows.count == expected.count)
        for row in 0..<rows.count {
            let (left, right) = (rows.logProbabilities(row), expected.logProbabilities(row))
            let distance = zip(left, right).reduce(0) { $0 + abs(exp($1.0) - exp($1.1)) } / 2
            #expect(distance < 0.1, "row \(row)")
        }
        #expect(await isEmpty(narrow))
    }

    @Test func moreParticlesThanSeatsAreSteeredTheSame() async throws {
        let request = GenerationRequest("Is the sea deep? Answer: ", maximumTokens: 12, seed: 3)
        func cloud(_ model: EmbeddedLanguageModel) async throws -> SteeredCloud {
            let constraint = try model.model.constraint(
                .grammar("root ::= (\"yes\" | \"no\") \", because \" [a-z ]{3,12} \".\""))
            var settings = SteeringSettings()
            settings.particles = 16
            return try await Steering(
                SteeringModel(model), by: ConstraintPotential(constraint), settings: settings
            ).cloud(request)
        }
        let narrow = try model()
        let crowded = try await cloud(narrow)
        #expect(await isEmpty(narrow))
        let free = try await cloud(try model(sequences: 64))
        #expect(free.steps.map(\.texts).max()! > 4, "no more texts than seats, so that nothing is tested")
        for particle in crowded.particles where particle.weight > 0 {
            #expect(particle.text.text.contains(/^(yes|no), because [a-z ]{3,12}\.$/))
        }
        // The same draws, but for what is rounded elsewhere.
        #expect(abs(crowded.logEvidence - free.logEvidence) < 2)
    }

    @Test func nothingStaysOpenWhenACallerIsCancelled() async throws {
        let model = try model(sequences: 16)
        let long = GenerationRequest("Once upon a time", maximumTokens: 3000, seed: 1)
        let constraint = try model.model.constraint(.regularExpression("[a-z ]+"))
        let works: [@Sendable () async throws -> Void] = [
            { _ = try await model.generate(long) },
            { for try await _ in model.events(long) {} },
            { _ = await model.generate([GenerationRequest](repeating: long, count: 30)) },
            {
                _ = try await Steering(SteeringModel(model), by: ConstraintPotential(constraint)).cloud(long)
            },
            {
                _ = try await SpeculativeLanguageModel(target: model, draft: model.context).generate(long)
            },
        ]
        for (number, work) in works.enumerated() {
            let before = await model.context.decodedCount
            let task = Task { try await work() }
            // In the middle of its work.
            #expect(try await wait { await model.context.decodedCount > before + 20 }, "work \(number)")
            task.cancel()
            _ = await task.result
            #expect(try await wait { await self.isEmpty(model) }, "work \(number)")
            // And nothing goes on computing.
            let after = await model.context.decodedCount
            try await Task.sleep(for: .milliseconds(100))
            #expect(await model.context.decodedCount == after, "work \(number)")
        }
    }

    @Test func aTextThatOutgrowsTheContextIsAnErrorAndTheOthersGoOn() async throws {
        let model = try model(cells: 256)
        var endless = GenerationRequest("Once upon a time", maximumTokens: 1000, seed: 1)
        for token in 0..<Token(model.model.vocabularyCount) where model.model.endsGeneration(token) {
            endless.sampling.bias[token] = -.infinity
        }
        let short = GenerationRequest("Number 1 is", maximumTokens: 40, seed: 2)
        let results = await model.generate([endless, short, short])
        #expect(await isEmpty(model))
        for result in results.dropFirst() { #expect(try result.get().usage.completionTokens > 0) }
        guard case .failure(let error) = results[0] else {
            Issue.record("\(try results[0].get().usage.completionTokens) tokens in 256 cells")
            return
        }
        let limit = model.context.configuration.longest(model.model)
        #expect(error as? LanguageError == .contextOverflow(model: model.name, tokens: limit + 1, limit: limit))
    }
}
