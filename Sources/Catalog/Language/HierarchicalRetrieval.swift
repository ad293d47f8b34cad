import Cascades
import Foundation
import Language
import Probability
import Reports

/// Retrieval from documents down to passages, what it does for a model, and translators around one (paper 116).
struct HierarchicalRetrieval: Experiment {
    let id = "hierarchical-retrieval"
    let paper = Paper(
        number: 116, title: "ClimateGPT: Towards AI Synthesizing Interdisciplinary Research on Climate Change",
        source: "Thulke et al., 2024")
    let summary = """
        A sentence is taken out of each paragraph of 48 encyclopedia articles and asked for: is its paragraph found by \
        documents, sections and passages in turn as well as by looking at all passages, and at which share of the work? Then \
        the end of such a sentence is read with and without the passage that its beginning finds; and questions in an invented \
        language are answered through a dictionary, by a model that does not know it.
        """
    let claims = [
        Claim(
            "as-good",
            "Hierarchical search finds the paragraph among its ten best at most .02 less often than flat search."),
        Claim("fraction", "It scores fewer than a quarter of the units that flat search scores."),
        Claim(
            "helps",
            "The passage found raises the model's mean log-probability per token of the rest of the sentence, over none."
        ),
        Claim(
            "right-passage",
            "And more than a passage drawn at random does: it is what the passage says that helps."),
        Claim(
            "translation",
            "A model between translators answers more questions in a language that it does not know than it does alone."
        ),
        Claim(
            "translation-native",
            "Cascaded translation performs comparably to a natively multilingual model."),
    ]
    /// Chosen before any result was seen: an eighth of the articles, and twice as many sections.
    private static let beams = [6, 12]

    func run(_ context: ExperimentContext) async throws -> Findings {
        let file = "\(try context.data.folder(of: "wikipedia-passages"))/wikipedia.jsonl"
        var random = Random(seed: context.seed)
        let cloze = try ClozeCorpus(try Corpus.read(from: file), using: &random)
        let model = try ExperimentModels.load(as: .q4Zero)
        var findings = Findings(
            data:
                "\(cloze.corpus.passages.count) paragraphs in \(cloze.corpus.units(at: 1).count) sections of \(cloze.corpus.units(at: 0).count) Wikipedia articles, a sentence of each taken out; SmolLM2-135M-Instruct (Q4_0)"
        )
        try await retrieve(cloze, model, context, &findings)
        try await read(cloze, model, context, &random, &findings)
        try await translate(model, context, &random, &findings)
        findings.leaveOpen(
            "translation-native",
            "no model of the sizes at hand is natively multilingual, and the foreign language here is an invented one: nothing to compare with"
        )
        findings.notes = [
            "The paper's retrieval model and its climate documents are not at hand: queries are sentences taken out of their paragraphs (inverse cloze task), with what is left of the paragraph to be found.",
            "Beams of \(Self.beams[0]) articles and \(Self.beams[1]) sections were chosen beforehand. Units of all levels count as scored.",
        ]
        return findings
    }

    /// How often and at what cost each way of searching finds the paragraphs.
    private func retrieve(
        _ cloze: ClozeCorpus, _ model: EmbeddedLanguageModel, _ context: ExperimentContext, _ findings: inout Findings
    ) async throws {
        var searches: [(name: String, found: [Double], first: [Double], scored: [Double])] = []
        func measure(_ name: String, _ index: some PassageIndex) async throws {
            var (found, first, scored): ([Double], [Double], [Double]) = ([], [], [])
            for query in cloze.queries {
                let ranking = try await index.search(for: query.sentence, limit: 10)
                let rank = ranking.rank(of: query.passage)
                found.append(rank == nil ? 0 : 1)
                first.append(rank == 1 ? 1 : 0)
                scored.append(Double(ranking.scored))
            }
            searches.append((name, found, first, scored))
        }
        let hierarchy = HierarchicalIndex.lexical(cloze.corpus, beams: Self.beams)
        try await measure("words, flat", LexicalIndex(cloze.corpus.passages.map(\.text)))
        try await measure("words, hierarchical", hierarchy)
        if context.size == .full {
            let corpus = try await cloze.corpus.embedded(by: model)
            let dense = try HierarchicalIndex.dense(corpus, by: model, beams: Self.beams)
            try await measure("vectors, flat", dense.levels[2])
            try await measure("vectors, hierarchical", dense)
            try await measure("both, hierarchical", FusedIndex(hierarchy, dense))
        }
        var table = TextTable(columns: ["search", "found first", "found in ten", "units scored"].map { .init($0) })
        for search in searches {
            let (first, found, scored) = (
                Comparison(search.first), Comparison(search.found), Comparison(search.scored)
            )
            table.add([
                .text(search.name), .text(String(format: "%.3f ± %.3f", first.mean, first.standardError)),
                .text(String(format: "%.3f ± %.3f", found.mean, found.standardError)),
                .text(String(format: "%.0f", scored.mean)),
            ])
            findings.measure(
                "paragraph among ten, \(search.name)", found.mean, standardError: found.standardError)
            findings.measure("units scored, \(search.name)", scored.mean, standardError: scored.standardError)
        }
        table.notes = ["\(cloze.queries.count) queries; mean and standard error."]
        findings.tables.append(("Finding the paragraph of a sentence", table))
        let loss = Comparison(searches[1].found, over: searches[0].found)
        findings.decide(
            "as-good", difference: loss.mean, standardError: loss.standardError, atLeast: -0.02,
            "found among ten, hierarchical less flat")
        let saving = Comparison(zip(searches[0].scored, searches[1].scored).map { $0 / 4 - $1 })
        findings.decide(
            "fraction", difference: saving.mean, standardError: saving.standardError,
            "a quarter of the units scored by flat search (\(Int(searches[0].scored.reduce(0, +)) / cloze.queries.count)) less those by hierarchical"
        )
        // How the beams trade one for the other.
        var points: [ChartPoint] = []
        let flat = searches[0].scored.reduce(0, +)
        for beam in [1, 2, 4, 8, 16, 48] {
            let index = HierarchicalIndex(
                levels: hierarchy.levels, children: (0..<2).map(cloze.corpus.children(at:)), beams: [beam, 2 * beam])
            var (found, scored) = (0.0, 0.0)
            for query in cloze.queries {
                let ranking = try await index.search(for: query.sentence, limit: 10)
                found += ranking.rank(of: query.passage) == nil ? 0 : 1
                scored += Double(ranking.scored)
            }
            points.append(ChartPoint(scored / flat, found / Double(cloze.queries.count)))
        }
        findings.charts.append(
            (
                "Found among ten, by the share of flat search's work",
                Chart(
                    "Hierarchical search", x: Axis("units scored, of flat search's"), y: Axis("found among ten"),
                    series: [
                        Series("beams of 1, 2, 4, 8, 16 and 48 articles", points: points),
                        Series(
                            "flat",
                            points: [0, 1].map {
                                ChartPoint($0, searches[0].found.reduce(0, +) / Double(cloze.queries.count))
                            }),
                    ])
            ))
    }

    /// How likely the end of a sentence is after its beginning, and a passage before it.
    private func read(
        _ cloze: ClozeCorpus, _ model: EmbeddedLanguageModel, _ context: ExperimentContext, _ random: inout Random,
        _ findings: inout Findings
    ) async throws {
        let stage = RetrievalStage(
            "passages", cloze.corpus, HierarchicalIndex.lexical(cloze.corpus, beams: Self.beams), limit: 1)
        let count = context.scaled(quick: 3, full: 96)
        let chosen = random.sample(count, outOf: cloze.queries.count).map { cloze.queries[$0] }
        var gains: [String: [Double]] = [:]
        for query in chosen {
            let (beginning, end) = query.halves
            let found = try await stage.answer(beginning).output.first?.passage.text ?? ""
            let other = cloze.corpus.passages[random.integer(below: cloze.corpus.passages.count)].text
            let own = cloze.corpus.passages[query.passage].text
            var values: [String: Double] = [:]
            for (name, passage) in [("none", ""), ("found", found), ("random", other), ("its own", own)] {
                let prompt = passage.isEmpty ? beginning : "\(passage)\n\n\(beginning)"
                let scores = try await model.scores(of: [end], after: .text(prompt))
                values[name] = scores.logProbabilities[0] / Double(scores.usage.completionTokens)
            }
            for (name, value) in values { gains[name, default: []].append(value) }
        }
        var table = TextTable(columns: ["passage before it", "log-probability per token"].map { .init($0) })
        for name in ["none", "random", "found", "its own"] {
            let mean = Comparison(gains[name]!)
            table.add([.text(name), .text(String(format: "%.3f ± %.3f", mean.mean, mean.standardError))])
            findings.measure(
                "log-probability per token, passage: \(name)", mean.mean, standardError: mean.standardError,
                unit: "nats")
        }
        table.notes = ["The second halves of \(count) sentences; the first half is the query and the prompt."]
        findings.tables.append(("Reading on with a passage", table))
        let (helps, right) = (
            Comparison(gains["found"]!, over: gains["none"]!), Comparison(gains["found"]!, over: gains["random"]!)
        )
        findings.decide(
            "helps", difference: helps.mean, standardError: helps.standardError, "nats per token, found less none")
        findings.decide(
            "right-passage", difference: right.mean, standardError: right.standardError,
            "nats per token, found less random")
    }

    /// Questions in an invented language, alone and between translators with all or some of its words.
    private func translate(
        _ model: EmbeddedLanguageModel, _ context: ExperimentContext, _ random: inout Random,
        _ findings: inout Findings
    ) async throws {
        let questions = CapitalQuestions(count: context.scaled(quick: 5, full: 32), using: &random)
        let choosing = LabelStage<ChoiceQuestion>(model, labelsOf: \.choices) { .chat([.user($0.text)]) }
        func isRight(_ answer: String, _ question: ChoiceQuestion) -> Double {
            answer == question.choices[question.right] ? 1 : 0
        }
        var results: [(name: String, right: [Double], tokens: Double)] = []
        func ask(_ name: String, _ stage: some Stage<ChoiceQuestion, String>, _ asked: [ChoiceQuestion]) async throws {
            var (right, tokens): ([Double], Double) = ([], 0)
            for question in asked {
                let answer = try await stage.answer(question)
                right.append(isRight(answer.output, question))
                tokens += answer.cost.tokensIn
            }
            results.append((name, right, tokens / Double(asked.count)))
        }
        try await ask("in English", choosing, questions.english)
        try await ask("in the foreign language", choosing, questions.foreign)
        var points: [ChartPoint] = []
        for coverage in [1, 0.9, 0.75, 0.5] {
            let cascade = questions.cascade(around: choosing, coverage: coverage, seed: context.seed)
            try await ask("through a dictionary of \(Int(100 * coverage)) % of the words", cascade, questions.foreign)
            points.append(ChartPoint(coverage, Comparison(results.last!.right).mean))
        }
        var table = TextTable(columns: ["asked", "right", "tokens read"].map { .init($0) })
        for result in results {
            let right = Comparison(result.right)
            table.add([
                .text(result.name), .text(String(format: "%.3f ± %.3f", right.mean, right.standardError)),
                .text(String(format: "%.0f", result.tokens)),
            ])
            findings.measure("right answers, \(result.name)", right.mean, standardError: right.standardError)
        }
        table.notes = ["\(questions.english.count) questions for a capital, four to choose from."]
        findings.tables.append(("Translators around a model", table))
        findings.charts.append(
            (
                "Right answers through a dictionary, by the share of words that it has",
                Chart(
                    "Loss along the cascade", x: Axis("words in the dictionary"), y: Axis("right answers"),
                    series: [Series("through the dictionary", points: points.reversed())])
            ))
        let gain = Comparison(results[2].right, over: results[1].right)
        findings.decide(
            "translation", difference: gain.mean, standardError: gain.standardError,
            "right answers, through the whole dictionary less alone")
    }
}

/// A corpus with a sentence of each passage taken out, and these sentences as queries.
struct ClozeCorpus {
    /// A sentence and the passage that it was taken from.
    struct Query {
        var sentence: String
        var passage: Int

        /// The first half of its words, and the rest with the space before it.
        var halves: (beginning: String, end: String) {
            let words = sentence.split(separator: " ")
            return (
                words.prefix(words.count / 2).joined(separator: " "),
                " " + words.dropFirst(words.count / 2).joined(separator: " ")
            )
        }
    }

    /// What is left.
    var corpus: Corpus
    /// What was taken out, at most one a passage.
    var queries: [Query]

    /// Takes one sentence of eight words or more out of each passage that has three or more.
    init(_ source: Corpus, using random: inout Random) throws {
        var passages = source.passages
        queries = []
        for (place, passage) in passages.enumerated() {
            var sentences = GroundingDocument(title: "", text: passage.text).spans.map(\.text)
            let long = sentences.indices.filter { sentences[$0].split(separator: " ").count >= 8 }
            guard sentences.count >= 3, !long.isEmpty else { continue }
            queries.append(
                Query(sentence: sentences.remove(at: long[random.integer(below: long.count)]), passage: place))
            passages[place].text = sentences.joined(separator: " ")
        }
        corpus = try Corpus(passages)
    }
}
