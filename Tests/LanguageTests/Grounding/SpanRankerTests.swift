import Cascades
import Foundation
import Language
import NumericalMethods
import Probability
import Testing

/// Scores by place.
struct FixedScorer: SpanScorer {
    var name = "fixed"
    var score: @Sendable (Int, GroundedTurn) -> Double
    func scores(of places: [Int], for turn: GroundedTurn) -> SpanScores {
        SpanScores(places.map { score($0, turn) }, cost: Cost(tokensIn: Double(places.count)))
    }
}

@Suite struct `the span of an answer` {
    private let document = GroundingDocument(
        title: "Permits",
        spans: [
            .init(path: ["Fishing"], text: "The charge is 12 pounds."),
            .init(path: ["Fishing"], text: "It takes two days."),
            .init(path: ["Parking"], text: "The charge is 30 pounds."),
        ])
    private func turn(_ question: String, after history: String? = nil, _ candidates: [String] = []) -> GroundedTurn {
        GroundedTurn(
            document, dialogue: (history.map { [.user($0)] } ?? []) + [.user(question)], candidates: candidates)
    }

    @Test func `words of the question and of what was said before are weighed apart`() {
        let turn = turn("What is the charge?", after: "I want to go fishing")
        let both = LexicalSpanScorer().scores(of: [0, 1, 2], for: turn).values
        #expect(both[0] > both[1] && both[0] > both[2])
        let question = LexicalSpanScorer(question: 2, history: 0).scores(of: [2, 0], for: turn).values
        let history = LexicalSpanScorer(question: 0, history: 1).scores(of: [2, 0], for: turn).values
        #expect(question[0] == question[1] && history[0] == 0 && history[1] > 0)
        #expect(abs(question[1] / 2 + history[1] - both[0]) < 1e-12)
    }

    @Test func `likelihoods are asked after the span, or of it`() async throws {
        let turn = turn("How much?")
        let model = TableModel(logProbability: { text, prompt in
            switch (text, prompt) {
            case (" How much?", .text("Permits, Fishing: It takes two days.\nQuestion:")): -7
            case (" How much?", _): -3
            case (" Permits, Fishing: It takes two days.", .text("How much?\nAnswer:")): -20
            case (" Permits, Fishing: It takes two days.", .text("Answer:")): -21.5
            default: .nan
            }
        })
        #expect(try await QuestionLikelihood(model).scores(of: [1, 0], for: turn).values == [-7, -3])
        #expect(try await SpanInformation(model).scores(of: [1], for: turn).values == [1.5])
        await #expect(throws: LanguageError.self) { try await SpanInformation(model).scores(of: [0], for: turn) }
    }

    @Test func `probabilities are the softmax of the weighed scores of what the screen keeps`() async throws {
        let x = FixedScorer { place, _ in [1.0, 5, 2][place] }
        let y = FixedScorer { place, _ in [3.0, 9, 1][place] }
        let screen = FixedScorer { place, _ in [1.0, 0, 1][place] }
        let ranker = SpanRanker([x, y], weights: [2, -0.5], screen: screen, keep: 2)
        let answer = try await ranker.answer(turn("?"))
        // Totals 0.5 and 3.5.
        #expect(answer.output.map(\.place) == [2, 0])
        #expect(abs(exp(answer.output[0].logProbability) - 1 / (1 + exp(-3))) < 1e-12)
        #expect(abs(exp(answer.output[1].logProbability) - 1 / (1 + exp(3))) < 1e-12)
        #expect(answer.evidence.names == ranker.evidenceNames)
        #expect(answer.cost.tokensIn == 3 + 2 + 2)
        await #expect(throws: LanguageError.self) {
            try await ranker.answer(GroundedTurn(GroundingDocument(title: "", spans: []), dialogue: []))
        }
    }

    @Test func `fitted weights are the maximum of the penalised likelihood`() async throws {
        var random = Random(seed: 6)
        // Numbers by question and place.
        let tables = (0..<2).map { _ in (0..<120).map { _ in random.normal() } }
        func scorer(_ number: Int) -> FixedScorer {
            FixedScorer { place, turn in tables[number][3 * Int(turn.question)! + place] }
        }
        let scorers = [scorer(0), scorer(1)]
        let truth = [1.5, -0.7]
        let examples = try (0..<40).map { question in
            let totals = (0..<3).map { place in
                truth[0] * tables[0][3 * question + place] + truth[1] * tables[1][3 * question + place]
            }
            return GroundedExample(turn("\(question)"), span: try random.choose(logWeights: totals))
        }
        let ranker = try await SpanRanker.fit(scorers, to: examples, keep: 3, penalty: 0.5)
        func spread(_ table: [Double]) -> Double {
            let squares = stride(from: 0, to: 120, by: 3).map { start in
                let row = table[start..<start + 3]
                let mean = row.reduce(0, +) / 3
                return row.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
            }
            return (squares.reduce(0, +) / 120).squareRoot()
        }
        let spreads = tables.map(spread)
        func objective(_ weights: [Double]) -> Double {
            var value = zip(weights, spreads).reduce(0) { $0 + 0.25 * pow($1.0 * $1.1, 2) }
            for (question, example) in examples.enumerated() {
                let totals = (0..<3).map { place in
                    zip(weights, tables).reduce(0) { $0 + $1.0 * $1.1[3 * question + place] }
                }
                value += logSumExp(totals) - totals[example.span]
            }
            return value
        }
        let best = objective(ranker.weights)
        for step in [[0.01, 0], [-0.01, 0], [0, 0.01], [0, -0.01]] {
            #expect(objective(zip(ranker.weights, step).map { $0 + $1 }) > best)
        }
        await #expect(throws: LanguageError.self) { try await SpanRanker.fit(scorers, to: []) }
    }
}

@Suite struct `a grounded responder` {
    private let document = GroundingDocument(
        title: "Zoo", spans: [.init(text: "Lions eat meat."), .init(text: "Pandas eat bamboo.")])

    private var model: TableModel {
        TableModel(
            write: { request in
                guard case .chat(let messages) = request.prompt else { return [] }
                return [GeneratedToken(messages[0].content.contains("bamboo") ? "Bamboo" : "Meat", 0.5)]
            },
            logProbability: { text, prompt in
                guard case .chat(let messages) = prompt, messages[0].role == "system" else { return .nan }
                let told = messages[0].content
                let isWhole = told.contains("meat") && told.contains("bamboo")
                let right = isWhole ? 0.5 : told.contains("bamboo") ? 0.9 : 0.2
                return log(text == "bamboo" ? right : 1 - right)
            })
    }
    private let ranker = SpanRanker(
        [FixedScorer { place, _ in place == 1 ? log(0.6) : log(0.4) }], weights: [1])
    private var turn: GroundedTurn {
        GroundedTurn(document, dialogue: [.user("What do pandas eat?")], candidates: ["meat", "bamboo"])
    }

    @Test func `adds up over the likeliest spans`() async throws {
        for (top, right) in [(1, 0.9), (2, 0.6 * 0.9 + 0.4 * 0.2), (5, 0.62)] {
            let responder = GroundedResponder(model, grounding: .spans(ranker, top: top))
            let reply = try await responder.choosing.stage("zoo", seed: 0).answer(turn).output
            #expect(reply.text == "bamboo" && reply.spans.count == min(top, 2) && reply.spans[0].place == 1)
            #expect(abs(exp(reply.logProbabilities[1]) - right) < 1e-12)
            #expect(abs(exp(reply.logProbabilities[0]) - (1 - right)) < 1e-12)
        }
    }

    @Test func `or is given all of the document`() async throws {
        let responder = GroundedResponder(model, grounding: .document)
        let answer = try await responder.choosing.stage("zoo", seed: 0).answer(turn)
        #expect(answer.output.spans.isEmpty && abs(exp(answer.output.logProbabilities[1]) - 0.5) < 1e-12)
    }

    @Test func `writes from the likeliest span`() async throws {
        let responder = GroundedResponder(model, grounding: .spans(ranker, top: 2))
        let answer = try await responder.writing.stage("zoo", seed: 0).answer(turn)
        #expect(answer.output.text == "Bamboo" && answer.output.spans.map(\.place) == [1])
        #expect(answer.cost.tokensIn == 10 + 2)
    }

    @Test func `without candidates there is nothing to choose`() async throws {
        let responder = GroundedResponder(model, grounding: .document)
        let turn = GroundedTurn(document, dialogue: [.user("?")])
        await #expect(throws: LanguageError.self) { try await responder.choosing.stage("zoo", seed: 0).answer(turn) }
    }

    @Test func `plain prompts read as questions and answers`() {
        #expect(
            GroundedResponder.plain("T", [.user("q"), .assistant("a"), .user("r")])
                == .text("T\n\nQuestion: q\nAnswer: a\nQuestion: r\nAnswer:"))
    }
}
