public import Cascades
import NumericalMethods

/// The first stage of a grounded answer: which span it rests on, as a probability for each.
///
///     p(s) = exp(w · x(s)) / Σ exp(w · x(s')),   x(s) the scorers' scores of span s
///
/// Only the ``keep`` spans that ``screen`` likes best are given to the scorers: what is dear is asked about little.
///
/// - Source: Daheim et al., 2021 (paper 179): the valid spans are those of the document, and several models of the span are
///   combined. Its encoder is trained; here scores that need no training are weighed by a conditional logit.
public struct SpanRanker: Stage {
    /// What the spans are weighed by.
    public let scorers: [any SpanScorer]
    /// How much each scorer counts, `[scorers]`.
    public let weights: [Double]
    /// Chooses the spans that the scorers see.
    public let screen: any SpanScorer
    /// How many spans the scorers see.
    public let keep: Int

    public var name: String { scorers.map(\.name).joined(separator: " + ") }
    public var evidenceNames: [String] { Evidence.classProbabilityNames }

    /// A ranker by `scorers`.
    public init(
        _ scorers: [any SpanScorer], weights: [Double], screen: any SpanScorer = LexicalSpanScorer(), keep: Int = 8
    ) {
        precondition(scorers.count == weights.count && keep >= 1, "a weight for each scorer, and one span at least")
        self.scorers = scorers
        self.weights = weights
        self.screen = screen
        self.keep = keep
    }

    /// The spans, the likeliest first.
    /// - Throws: ``LanguageError/improperParameter(name:value:expected:)`` for a document without spans.
    public func answer(_ turn: GroundedTurn) async throws -> Answer<[RankedSpan]> {
        let screened = try await Self.screened(turn, by: screen, keep: keep)
        var cost = screened.cost
        var totals = [Double](repeating: 0, count: screened.places.count)
        for (scorer, weight) in zip(scorers, weights) {
            let scores = try await scorer.scores(of: screened.places, for: turn)
            cost += scores.cost
            for index in totals.indices { totals[index] += weight * scores.values[index] }
        }
        let all = logSumExp(totals)
        let ranked = zip(screened.places, totals).map { RankedSpan(place: $0, logProbability: $1 - all) }
            .sorted { ($0.logProbability, $1.place) > ($1.logProbability, $0.place) }
        return Answer(
            ranked, evidence: try Evidence.classProbabilities(softmax(totals)), cost: cost,
            logScore: ranked[0].logProbability)
    }

    /// The best spans by the screen, in the document's order.
    private static func screened(
        _ turn: GroundedTurn, by screen: any SpanScorer, keep: Int
    ) async throws -> (places: [Int], cost: Cost) {
        let count = turn.document.spans.count
        guard count > 0 else {
            throw LanguageError.improperParameter(
                name: "document", value: turn.document.title, expected: "a document with one span at least")
        }
        guard keep < count else { return (Array(0..<count), .zero) }
        let scores = try await screen.scores(of: Array(0..<count), for: turn)
        var best = BestHits(limit: keep)
        for place in 0..<count { best.offer(place, scores.values[place]) }
        return (best.sorted.map(\.passage).sorted(), scores.cost)
    }
}

/// A span and how likely the answer rests on it.
public struct RankedSpan: Sendable, Hashable {
    /// The span's place in its document.
    public var place: Int
    /// The logarithm of its probability, in nats.
    public var logProbability: Double
}

/// A turn whose span is known.
public struct GroundedExample: Sendable, Hashable {
    /// The turn.
    public var turn: GroundedTurn
    /// The place of the span that its answer rests on.
    public var span: Int

    /// An example.
    public init(_ turn: GroundedTurn, span: Int) {
        self.turn = turn
        self.span = span
    }
}

extension SpanRanker {
    /// The ranker whose weights give the known spans of `examples` the largest probability:
    ///
    ///     Σ ln p(span) - penalty/2 Σ (w_i d_i)²,   d_i the spread of score i within turns
    ///
    /// Examples whose span the screen drops say nothing.
    /// - Parameter penalty: above 0, so that the weights stay finite whatever the examples.
    /// - Throws: ``LanguageError/improperParameter(name:value:expected:)`` where no example is left.
    public static func fit(
        _ scorers: [any SpanScorer], to examples: [GroundedExample], screen: any SpanScorer = LexicalSpanScorer(),
        keep: Int = 8, penalty: Double = 1
    ) async throws -> SpanRanker {
        precondition(penalty > 0, "a penalty above 0")
        // For each example `[spans][scorers]`, and which of its spans it is.
        var problems: [(rows: [[Double]], span: Int)] = []
        for example in examples {
            let places = try await screened(example.turn, by: screen, keep: keep).places
            guard let span = places.firstIndex(of: example.span) else { continue }
            var rows = [[Double]](repeating: [], count: places.count)
            for scorer in scorers {
                let values = try await scorer.scores(of: places, for: example.turn).values
                for index in rows.indices { rows[index].append(values[index]) }
            }
            problems.append((rows, span))
        }
        guard !problems.isEmpty else {
            throw LanguageError.improperParameter(
                name: "examples", value: "\(examples.count), none with a span that the screen keeps",
                expected: "one at least")
        }
        let spreads = scorers.indices.map { spread(of: $0, in: problems.map(\.rows)) }
        let scaled = problems.map { problem in
            (rows: problem.rows.map { row in zip(row, spreads).map { $0 / $1 } }, span: problem.span)
        }
        let best = try LimitedMemoryBFGS(gradientTolerance: 1e-9, valueTolerance: 0).minimize(
            from: [Double](repeating: 0, count: scorers.count)
        ) { weights, gradient in
            var value = 0.0
            gradient = weights.map { penalty * $0 }
            for weight in weights { value += penalty / 2 * weight * weight }
            for (rows, span) in scaled {
                let totals = rows.map { row in zip(row, weights).reduce(0) { $0 + $1.0 * $1.1 } }
                value += logSumExp(totals) - totals[span]
                for (index, probability) in softmax(totals).enumerated() {
                    let surplus = probability - (index == span ? 1 : 0)
                    for scorer in gradient.indices { gradient[scorer] += surplus * rows[index][scorer] }
                }
            }
            return value
        }
        return SpanRanker(
            scorers, weights: zip(best.point, spreads).map { $0 / $1 }, screen: screen, keep: keep)
    }

    /// The standard deviation of a scorer's scores about their mean in each turn; 1 where they are all the same.
    private static func spread(of scorer: Int, in turns: [[[Double]]]) -> Double {
        var (sum, count) = (0.0, 0)
        for rows in turns {
            let values = rows.map { $0[scorer] }
            let mean = values.reduce(0, +) / Double(values.count)
            sum += values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
            count += values.count
        }
        let spread = (sum / Double(count)).squareRoot()
        return spread > 0 ? spread : 1
    }
}
