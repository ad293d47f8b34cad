import Cascades
import Foundation
import Probability
import Testing

@testable import Language

@Suite struct `reward models` {
    /// One token a character; every letter costs a nat, all else nothing.
    static let model = TableModel(logProbability: { continuation, _ in -Double(continuation.count { $0.isLetter }) })

    private static let pair = PreferencePair(
        id: "1", prompt: "q", chosen: ["ab", "abc", "abcd"], rejected: ["abc", "ab", "a"], domain: "x")

    @Test func `weigh styles in the matrix of the paper`() throws {
        // Rewards by length: right 2, 3, 4 against wrong 3, 2, 1.
        let matrix = try StyleMatrix(chosen: [[2, 3, 4], [1, 1, 1]], rejected: [[3, 2, 1], [1, 0, 2]])
        #expect(matrix[.concise, .concise] == 0 && matrix[.markdown, .concise] == 0.5)
        // First pair: below the diagonal 3 > 3 no, 4 > 3, 4 > 2: 2 of 3; diagonal 2 of 3; above 2 > 2 no, 2 > 1, 3 > 1.
        // Second: below 1 > 1 no, 1 > 1 no, 1 > 0; diagonal 1 > 1 no, 1 > 0, 1 > 2 no; above 1 > 0, 1 > 2 no, no.
        let shares: [Double] = [2.0 / 3, 1.0 / 3]
        #expect(matrix.easyValues == shares && matrix.normalValues == shares && matrix.hardValues == shares)
        #expect(abs(matrix.average.value - 0.5) < 1e-12 && matrix.styleBias.value == 0)
        #expect(throws: LanguageError.self) { try StyleMatrix(chosen: [], rejected: []) }
        #expect(throws: LanguageError.self) { try StyleMatrix(chosen: [[1, 2]], rejected: [[1, 2]]) }
        #expect(throws: LanguageError.self) { try StyleMatrix(chosen: [[1, 2, .nan]], rejected: [[1, 2, 3]]) }
    }

    @Test func `of a judge of length alone are one half off by style`() async throws {
        var random = Random(seed: 1)
        let pairs = SubtlePairs.pairs(SubtlePairs.sums(50, using: &random))
        let matrix = try await StyleMatrix(LengthReward(), on: pairs)
        // Right and wrong are equally long: only style decides.
        #expect(matrix.easy.value == 1 && matrix.normal.value == 0 && matrix.hard.value == 0)
        #expect(matrix.styleBias.value == 1 && matrix.styleOverContent.value > 0)
    }

    @Test func `of likelihood add up log-probabilities`() async throws {
        let responses = ["ab", "abc."]
        #expect(try await LikelihoodReward(Self.model).rewards(of: responses, to: "q") == [-2, -3])
        var two = Self.model
        two.logProbability = { continuation, prompt in
            #expect(prompt == .chat([.user("q")]))
            return -4 * Double(continuation.count)
        }
        let implicit = ImplicitReward(
            policy: LikelihoodReward(Self.model), reference: LikelihoodReward(two), scale: 0.5)
        #expect(try await implicit.rewards(of: responses, to: "q") == [0.5 * (-2 + 8), 0.5 * (-3 + 16)])
        let matrix = try await StyleMatrix(LikelihoodReward(Self.model), on: [Self.pair])
        #expect(matrix[.concise, .concise] == 1 && matrix[.markdown, .markdown] == 0)
        two.logProbability = { _, _ in .nan }
        await #expect(throws: LanguageError.self) { try await LikelihoodReward(two).rewards(of: ["a"], to: "q") }
        await #expect(throws: LanguageError.self) { try await JudgedReward(two).rewards(of: ["a"], to: "q") }
    }

    @Test func `of judgement are the log-odds of yes`() async throws {
        var judge = Self.model
        judge.logProbability = { continuation, prompt in
            guard case .chat(let messages) = prompt else { return .nan }
            let isRight = messages[0].content.contains("Answer: 4")
            return continuation == "yes" ? (isRight ? -1 : -3) : -2
        }
        #expect(try await JudgedReward(judge).rewards(of: ["4", "5"], to: "2 + 2?") == [1, -1])
    }

    @Test func `are remembered by text and prompt`() async throws {
        let count = Counter()
        var model = Self.model
        model.logProbability = { continuation, _ in
            count.add()
            return -Double(continuation.count)
        }
        let remembered = RememberingLanguageModel(model)
        let (whole, token) = (LikelihoodReward(remembered), LikelihoodReward(remembered, isNormalized: true))
        #expect(try await whole.rewards(of: ["ab", "c"], to: "q") == token.rewards(of: ["ab", "c"], to: "q"))
        #expect(count.value == 2)
        _ = try await whole.rewards(of: ["ab"], to: "another")
        #expect(count.value == 3)
    }

    /// Vectors that count the letters a and b.
    private struct Vectors: LanguageModel {
        var base = `reward models`.model
        var name: String { "vectors" }
        var prices: PriceList { base.prices }
        var capabilities: ModelCapabilities { base.capabilities }
        func events(_ request: GenerationRequest) -> AsyncThrowingStream<GenerationEvent, any Error> {
            base.events(request)
        }
        func score(_ continuation: String, after prompt: Prompt) async throws -> [GeneratedToken] {
            try await base.score(continuation, after: prompt)
        }
        func embeddings(of texts: [String]) async throws -> [[Double]] {
            texts.map { text in [Double(text.count { $0 == "a" }), Double(text.count { $0 == "b" }), 1] }
        }
    }

    @Test func `are learned from pairs, to where the gradient ends`() async throws {
        var random = Random(seed: 2)
        // More letters a than b are right, nine times of ten.
        let pairs = (0..<60).map { index in
            let texts = (0..<3).map { _ in
                (
                    String(repeating: "a", count: 3 + random.integer(below: 3)) + "b",
                    String(repeating: "b", count: 3 + random.integer(below: 3)) + "a"
                )
            }
            let isTurned = index % 10 == 0
            let (more, less) = (texts.map(\.0), texts.map(\.1))
            return PreferencePair(
                id: "\(index)", prompt: "q", chosen: isTurned ? less : more, rejected: isTurned ? more : less,
                domain: "x")
        }
        let reward = try await LearnedReward.fit(pairs, model: Vectors(), ridge: 0.01)
        let matrix = try await StyleMatrix(reward, on: pairs)
        #expect(abs(matrix.normal.value - 0.9) < 1e-12 && reward.weights[0] > 0 && reward.weights[1] < 0)
        // The constant tells nothing: the two texts of a pair share it.
        #expect(abs(reward.weights[2]) < 1e-9)
        #expect(reward.logLikelihood < 0 && reward.logLikelihood > -log(2))
        // No small step raises the penalised likelihood: compared by differences from both sides.
        let smoother = try await LearnedReward.fit(pairs, model: Vectors(), ridge: 10)
        #expect(smoother.logLikelihood < reward.logLikelihood && abs(smoother.weights[0]) < reward.weights[0])
        await #expect(throws: LanguageError.self) { try await LearnedReward.fit([], model: Vectors()) }
    }
}

private final class Counter: @unchecked Sendable {  // used by one task at a time
    private(set) var value = 0
    func add() { value += 1 }
}

@Suite struct `preference pairs` {
    static let text = """
        [{"id": 7, "prompt": "p", "chosen": ["a", "b", "c"], "rejected": ["d", "e", "f"], "domain": "chat", "other": 1},
         {"id": "x", "prompt": "q", "chosen": ["a", "b", "c"], "rejected": ["d", "e", "f"]}]
        """

    @Test func `are read in RM-Bench's format`() throws {
        let pairs = try PreferencePair.read(Data(Self.text.utf8), file: "f.json")
        #expect(pairs.map(\.id) == ["7", "x"] && pairs[0].domain == "chat" && pairs[1].domain == "all")
        #expect(pairs[0].chosen == ["a", "b", "c"] && pairs[0].rejected == ["d", "e", "f"])
    }

    @Test(arguments: [
        ("[\"a\", \"b\", \"c\"]", "[\"a\", \"b\"]", "item 1"), ("\"id\": \"x\"", "\"id\": 7", "item 2"),
        ("\"prompt\": \"q\",", "", "'prompt'"), ("[{\"id\": 7", "{\"id\": 7", "line"),
        ("\"id\": 7", "\"id\": ", "line 1"),
    ]) func `that can't be read say where`(_ old: String, _ new: String, _ word: String) throws {
        let broken = Self.text.replacing(old, with: new)
        let error = #expect(throws: LanguageError.self) {
            try PreferencePair.read(Data(broken.utf8), file: "f.json")
        }
        #expect("\(try #require(error))".contains(word), "\(String(describing: error))")
        #expect(throws: LanguageError.self) { try PreferencePair.read(Data("[]".utf8), file: "f") }
    }

    @Test func `never do worse than a typed error, however the file is damaged`() {
        let bytes = Array(Self.text.utf8)
        var random = Random(seed: 199)
        for _ in 0..<2000 {
            var damaged = bytes
            for _ in 0..<1 + random.integer(below: 3) {
                let place = random.integer(below: damaged.count)
                if random.bernoulli(0.5) {
                    damaged[place] = UInt8(random.integer(below: 256))
                } else {
                    damaged.remove(at: place)
                }
            }
            do throws(LanguageError) {
                _ = try PreferencePair.read(Data(damaged), file: "f")
            } catch {
                guard case .badBenchmark("f", _, _) = error else {
                    Issue.record("\(error)")
                    continue
                }
            }
        }
    }

    @Test func `of our own differ in one digit, alike in all styles`() {
        var random = Random(seed: 5)
        let facts = SubtlePairs.sums(500, using: &random)
        for fact in facts {
            let numbers = fact.question.split { !$0.isNumber }.compactMap { Int($0) }
            let result = fact.question.contains("+") ? numbers[0] + numbers[1] : numbers[0] - numbers[1]
            #expect(fact.right == String(result) && fact.wrong.count == fact.right.count)
            #expect(zip(fact.right, fact.wrong).count { $0 != $1 } == 1)
            #expect(Int(fact.wrong).map(String.init) == fact.wrong)
        }
        let fact = SubtlePairs.Fact(question: "What is 20 + 22?", right: "42", wrong: "47", domain: "math")
        let pair = SubtlePairs.pairs([fact])[0]
        for (right, wrong) in zip(pair.chosen, pair.rejected) {
            #expect(right != wrong && right.replacing("42", with: "47") == wrong)
        }
        #expect(pair.chosen[0].count < pair.chosen[1].count && pair.chosen[1].count < pair.chosen[2].count)
    }
}
