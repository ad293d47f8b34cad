import Cascades
import Foundation
import Language
import NumericalMethods
import Probability
import Reports
import Synchronization

/// A span, then a response: against prompting with the whole document (paper 179).
struct GroundedDialogue: Experiment {
    let id = "grounded-dialogue"
    let paper = Paper(
        number: 179,
        title: "Cascaded Span Extraction and Response Generation for Document-Grounded Dialog",
        source: "Daheim, Thulke, Dugast and Ney, 2021")
    let summary = """
        Dialogues about documents of invented towns, whose answers are known: a span is chosen by its words and by how likely \
        it makes the question, weighed by weights fitted on other documents, and the response is chosen given the span. \
        Compared with giving the model all of the document: right responses, their likelihood, and tokens read.
        """
    let claims = [
        Claim("choice", "The cascade chooses the right response more often than whole-document prompting."),
        Claim("likelihood", "It gives the right response a larger log-probability."),
        Claim("tokens", "With the best span alone it reads fewer tokens than whole-document prompting."),
        Claim(
            "span", "The fitted combination finds the right span more often than the best of its scores alone."),
        Claim(
            "marginal",
            "Adding up over three spans gives the right response a larger log-probability than the best span."),
        Claim(
            "natural",
            "The cascade also chooses the right end of a sentence more often, on encyclopedia articles."),
    ]

    func run(_ context: ExperimentContext) async throws -> Findings {
        let model = try ExperimentModels.load(as: .q4Zero)
        var random = Random(seed: context.seed)
        let (fitted, tested, questions) = context.scaled(quick: (1, 1, 3), full: (10, 20, 8))
        let (services, keep) = context.scaled(quick: (3, 4), full: (8, 8))
        let documents = (0..<fitted + tested).map {
            ServiceDocuments.cases(town: $0, services: services, questions: questions, using: &random)
        }
        let scorers: [any SpanScorer] = [
            LexicalSpanScorer(question: 1, history: 0), LexicalSpanScorer(question: 0, history: 1),
            RememberedSpanScorer(QuestionLikelihood(model)),
        ]
        let training = documents.prefix(fitted).flatMap { $0.map(\.example) }
        let ranker = try await SpanRanker.fit(scorers, to: training, keep: keep)
        let cases = documents.dropFirst(fitted).flatMap { $0 }
        var findings = Findings(
            data:
                "\(cases.count) turns about \(tested) documents of \(cases[0].example.turn.document.spans.count) spans, spans weighed on \(training.count) turns about \(fitted) others; SmolLM2-135M-Instruct (Q4_0)"
        )
        try await spans(cases, scorers, ranker, keep: keep, &findings)
        let groundings: [(name: String, of: (GroundedExample) -> GroundedResponder.Grounding)] = [
            ("whole document", { _ in .document }),
            ("best span", { _ in .spans(ranker, top: 1) }),
            ("three spans", { _ in .spans(ranker, top: 3) }),
            ("right span (known)", { .spans(KnownSpan.ranker($0.span), top: 1) }),
        ]
        let names = groundings.map(\.name)
        var outcomes: [String: [Outcome]] = [:]
        // One way after another, so that turns about a document find its beginning in the cache.
        for (name, grounding) in groundings {
            let tracker = context.progress.begin("turns given \(name)", total: cases.count)
            for (number, item) in cases.enumerated() {
                let responder = GroundedResponder(model, grounding: grounding(item.example))
                outcomes[name, default: []].append(
                    try await Outcome(responder, item.example.turn, right: item.right, number))
                tracker.advance()
            }
        }
        report(outcomes, names, "Responses about services", &findings)
        decide(outcomes, &findings)
        try await natural(model, scorers, context, &random, &findings)
        findings.notes = [
            "The paper trains an encoder for spans and a decoder for responses on DialDoc; here nothing is trained but three weights, and responses are chosen among five that differ in their value alone.",
            "Spans are weighed by BM25 of the question, BM25 of what was said before, and the log-probability of the question after the span, for the \(keep) spans with the most words in common.",
        ]
        return findings
    }

    /// How often each score alone, and all together, find the right span.
    private func spans(
        _ cases: [ServiceDocuments.Case], _ scorers: [any SpanScorer], _ ranker: SpanRanker, keep: Int,
        _ findings: inout Findings
    ) async throws {
        let names = ["words of the question", "words before it", "likelihood of the question"]
        var rankers = zip(names, scorers).map { ($0, SpanRanker([$1], weights: [1], keep: keep)) }
        rankers.append(("fitted combination", ranker))
        var table = TextTable(columns: ["span by", "right", "log-probability of the right one"].map { .init($0) })
        var hits: [[Double]] = []
        for (name, ranker) in rankers {
            var (right, logs): ([Double], [Double]) = ([], [])
            for item in cases {
                let ranked = try await ranker.answer(item.example.turn).output
                right.append(ranked[0].place == item.example.span ? 1 : 0)
                // A span that was not kept counts as one in a thousand.
                logs.append(ranked.first { $0.place == item.example.span }?.logProbability ?? log(1e-3))
            }
            hits.append(right)
            let (share, mean) = (Comparison(right), Comparison(logs))
            table.add([
                .text(name), .text(String(format: "%.3f ± %.3f", share.mean, share.standardError)),
                .text(String(format: "%.2f ± %.2f", mean.mean, mean.standardError)),
            ])
            findings.measure("right span, \(name)", share.mean, standardError: share.standardError)
        }
        table.notes = [
            "Weights: " + ranker.weights.map { String(format: "%.2f", $0) }.joined(separator: ", ")
                + ". Spans that score the same come in the order of the document."
        ]
        findings.tables.append(("Finding the span", table))
        let best = hits.dropLast().max { $0.reduce(0, +) < $1.reduce(0, +) }!
        let gain = Comparison(hits.last!, over: best)
        findings.decide(
            "span", difference: gain.mean, standardError: gain.standardError,
            "right spans, fitted combination less the best score alone")
    }

    private func report(
        _ outcomes: [String: [Outcome]], _ names: [String], _ title: String, _ findings: inout Findings
    ) {
        var table = TextTable(
            columns: ["given", "right", "log-probability of the right one", "tokens read"].map { .init($0) })
        for name in names {
            let own = outcomes[name]!
            let (right, logs, tokens) = (
                Comparison(own.map(\.right)), Comparison(own.map(\.logProbability)), Comparison(own.map(\.tokens))
            )
            table.add([
                .text(name), .text(String(format: "%.3f ± %.3f", right.mean, right.standardError)),
                .text(String(format: "%.2f ± %.2f", logs.mean, logs.standardError)),
                .text(String(format: "%.0f", tokens.mean)),
            ])
            findings.measure(
                "\(title): right, \(name)", right.mean, standardError: right.standardError)
            findings.measure(
                "\(title): log-probability, \(name)", logs.mean, standardError: logs.standardError, unit: "nats")
            findings.measure("\(title): tokens read, \(name)", tokens.mean, standardError: tokens.standardError)
        }
        table.notes = ["Tokens of prompts and candidates of all stages, those found in the cache counted too."]
        findings.tables.append((title, table))
        findings.charts.append(
            (
                title,
                Chart(
                    title, x: Axis("tokens read"), y: Axis("right responses"),
                    series: [
                        Series(
                            "given \(names.joined(separator: ", "))",
                            points: names.map { name in
                                ChartPoint(
                                    Comparison(outcomes[name]!.map(\.tokens)).mean,
                                    Comparison(outcomes[name]!.map(\.right)).mean)
                            })
                    ])
            ))
    }

    private func decide(_ outcomes: [String: [Outcome]], _ findings: inout Findings) {
        let (whole, one, three) = (
            outcomes["whole document"]!, outcomes["best span"]!, outcomes["three spans"]!
        )
        func compare(_ claim: String, _ a: [Double], _ b: [Double], _ what: String) {
            let gain = Comparison(a, over: b)
            findings.decide(claim, difference: gain.mean, standardError: gain.standardError, what)
        }
        compare("choice", three.map(\.right), whole.map(\.right), "right responses, three spans less whole document")
        compare(
            "likelihood", three.map(\.logProbability), whole.map(\.logProbability),
            "nats of the right response, three spans less whole document")
        compare("tokens", whole.map(\.tokens), one.map(\.tokens), "tokens read, whole document less best span")
        compare(
            "marginal", three.map(\.logProbability), one.map(\.logProbability),
            "nats of the right response, three spans less the best")
    }

    /// Sentences of encyclopedia articles: which end belongs to a beginning, given the paragraphs of its article.
    private func natural(
        _ model: EmbeddedLanguageModel, _ scorers: [any SpanScorer], _ context: ExperimentContext,
        _ random: inout Random, _ findings: inout Findings
    ) async throws {
        guard context.size == .full else {
            findings.leaveOpen("natural", "whole articles take minutes to read: see the full size")
            return
        }
        let file = "\(try context.data.folder(of: "wikipedia-passages"))/wikipedia.jsonl"
        let cloze = try ClozeCorpus(try Corpus.read(from: file), using: &random)
        var cases: [(example: GroundedExample, right: Int)] = []
        for unit in random.sample(24, outOf: cloze.corpus.units(at: 0).count).map({ cloze.corpus.units(at: 0)[$0] }) {
            let document = GroundingDocument(
                title: unit.title,
                spans: cloze.corpus.passages[unit.passages].map { .init(path: [$0.path[1]], text: $0.text) })
            let own = cloze.queries.filter { unit.passages.contains($0.passage) }
            for number in random.sample(4, outOf: own.count) {
                let others = random.sample(own.count, outOf: own.count).filter { $0 != number }.prefix(4)
                let order = ([number] + others).sorted()
                let turn = GroundedTurn(
                    document, dialogue: [.user(own[number].halves.beginning)],
                    candidates: order.map { String(own[$0].halves.end.dropFirst()) })
                cases.append(
                    (
                        GroundedExample(turn, span: own[number].passage - unit.passages.lowerBound),
                        order.firstIndex(of: number)!
                    ))
            }
        }
        let ranker = try await SpanRanker.fit(
            [scorers[0], RememberedSpanScorer(QuestionLikelihood(model) { "\($0)\n" })],
            to: cases.prefix(32).map(\.example), keep: 4)
        let groundings: KeyValuePairs<String, GroundedResponder.Grounding> = [
            "whole document": .document, "best span": .spans(ranker, top: 1), "three spans": .spans(ranker, top: 3),
        ]
        let names = groundings.map(\.key)
        var outcomes: [String: [Outcome]] = [:]
        for (name, grounding) in groundings {
            let tracker = context.progress.begin("sentences given \(name)", total: cases.count - 32)
            let responder = GroundedResponder(model, grounding: grounding) { text, dialogue in
                .text("\(text)\n\n\(dialogue[0].content)")
            }
            for (number, item) in cases.dropFirst(32).enumerated() {
                outcomes[name, default: []].append(
                    try await Outcome(responder, item.example.turn, right: item.right, number))
                tracker.advance()
            }
        }
        report(outcomes, names, "Ends of sentences in articles", &findings)
        let gain = Comparison(
            outcomes["three spans"]!.map(\.right), over: outcomes["whole document"]!.map(\.right))
        findings.decide(
            "natural", difference: gain.mean, standardError: gain.standardError,
            "right ends, three spans less whole document")
    }
}

/// What came of a turn.
private struct Outcome {
    var right: Double
    var logProbability: Double
    var tokens: Double

    init(_ responder: GroundedResponder, _ turn: GroundedTurn, right: Int, _ number: Int) async throws {
        let answer = try await responder.choosing.stage("turn", seed: UInt64(number)).answer(turn)
        self.right = answer.output.text == turn.candidates[right] ? 1 : 0
        logProbability = answer.output.logProbabilities[right]
        tokens = answer.cost.tokensIn
    }
}

/// Knows the span: how good the response could be.
private struct KnownSpan: SpanScorer {
    let place: Int
    let name = "known"
    func scores(of places: [Int], for turn: GroundedTurn) -> SpanScores {
        SpanScores(places.map { $0 == place ? 1 : 0 })
    }

    /// Finds the span at `place`, and no other.
    static func ranker(_ place: Int) -> SpanRanker {
        SpanRanker([KnownSpan(place: place)], weights: [1], screen: KnownSpan(place: place), keep: 1)
    }
}

/// A scorer's answers, each computed once. They cost as if they were computed anew.
private final class RememberedSpanScorer: SpanScorer {
    private struct Key: Hashable {
        var turn: GroundedTurn
        var places: [Int]
    }

    private let base: any SpanScorer
    private let known = Mutex<[Key: SpanScores]>([:])
    var name: String { base.name }

    init(_ base: any SpanScorer) { self.base = base }

    func scores(of places: [Int], for turn: GroundedTurn) async throws -> SpanScores {
        let key = Key(turn: turn, places: places)
        if let scores = known.withLock({ $0[key] }) { return scores }
        let scores = try await base.scores(of: places, for: turn)
        known.withLock { $0[key] = scores }
        return scores
    }
}
