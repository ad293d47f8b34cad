import Foundation
import NumericalMethods

/// Several models over one vocabulary that decide each token together.
///
///     product: p(x) ∝ Π p_i(x)^w_i        mixture: p(x) = Σ w_i p_i(x) / Σ w_i
///
/// It is a scorer again: it can be sampled, steered, drafted for, or be a draft.
public struct EnsembleScorer: TokenScorer {
    /// How the models' distributions become one.
    public enum Combination: String, Sendable, Hashable, Codable, CaseIterable {
        /// Their weighted geometric mean: all must agree.
        case product
        /// Their weighted mean: one is enough.
        case mixture
    }

    private let scorers: [any TokenScorer]
    private let weights: [Double]
    private let combination: Combination

    /// - Parameter weights: one a model, 0 or more, not all 0; nil for equal ones that add up to 1.
    /// - Throws: ``LanguageError`` where vocabularies differ in size or weights are out of range.
    public init(
        _ scorers: [any TokenScorer], weights: [Double]? = nil, combination: Combination = .product
    ) throws(LanguageError) {
        guard let first = scorers.first else {
            throw .improperParameter(name: "scorers", value: "none", expected: "at least one")
        }
        for (index, scorer) in scorers.enumerated() where scorer.vocabularyCount != first.vocabularyCount {
            throw .vocabularyMismatch(
                first: "model 0", second: "model \(index)",
                reason: "\(first.vocabularyCount) and \(scorer.vocabularyCount) tokens")
        }
        let weights = weights ?? scorers.map { _ in 1 / Double(scorers.count) }
        guard weights.count == scorers.count, weights.allSatisfy({ $0 >= 0 && $0.isFinite }),
            weights.contains(where: { $0 > 0 })
        else {
            throw .improperParameter(
                name: "weights", value: "\(weights)", expected: "\(scorers.count) numbers of 0 or more, not all 0")
        }
        self.scorers = scorers
        self.weights = weights
        self.combination = combination
    }

    public var vocabularyCount: Int { scorers[0].vocabularyCount }

    public func logits(after prefixes: [[Token]]) async throws -> LogitRows {
        try await combined { try await $0.logits(after: prefixes) }
    }

    public func logits(after prefix: [Token], tree: DraftTree) async throws -> LogitRows {
        try await combined { try await $0.logits(after: prefix, tree: tree) }
    }

    private func combined(_ ask: (any TokenScorer) async throws -> LogitRows) async throws -> LogitRows {
        var rows: [LogitRows] = []
        for scorer in scorers { rows.append(try await ask(scorer)) }
        var values = rows[0].values
        for index in 0..<rows[0].count {
            let combined = Self.combine(rows.map { $0.logProbabilities(index) }, weights, combination)
            let start = index * vocabularyCount
            for token in 0..<vocabularyCount { values[start + token] = Float(combined[token]) }
        }
        return LogitRows(values: values, vocabularyCount: vocabularyCount)
    }

    /// Log-probabilities, `[vocabulary]`, of the combination of rows of log-probabilities, `[models][vocabulary]`.
    static func combine(_ rows: [[Double]], _ weights: [Double], _ combination: Combination) -> [Double] {
        var result = [Double](repeating: 0, count: rows[0].count)
        switch combination {
        case .product:
            for (row, weight) in zip(rows, weights) where weight > 0 {
                for token in result.indices { result[token] += weight * row[token] }
            }
        case .mixture:
            for (row, weight) in zip(rows, weights) where weight > 0 {
                let probabilities = VectorFunctions.exp(row)
                for token in result.indices { result[token] += weight * probabilities[token] }
            }
            result = VectorFunctions.log(result)
        }
        let total = logSumExp(result)
        for token in result.indices { result[token] -= total }
        return result
    }
}
