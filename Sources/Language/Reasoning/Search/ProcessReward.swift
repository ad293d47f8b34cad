import Foundation
public import NumericalMethods

/// A reward model of unfinished reasoning, learned from the values that tree searches gave to their nodes.
///
/// A logistic regression of a node's mean value on features of its chain, each node with the weight of its visits: the
/// probability that the chain ends well. It judges steps where no answer is known, so it serves as the estimate of a search and
/// to choose among finished chains (``best(of:)``).
///
/// Few visits say little, so one simulation as good as the tree's mean is added to each node. One that is as good as not for
/// every tree would make what is seldom visited, as unlikely steps are, look better than what is visited often where a
/// question is hard: the regression then learns to like unlikely steps.
///
/// - Source: paper 169, MedS³, sections 3.2 and 3.3: a process reward model from the values of a search; best of n by it.
public struct ProcessReward: Sendable {
    /// What is known of a chain, as numbers: `[features]`, `NaN` where missing.
    public typealias Features = @Sendable (ReasoningState) async throws -> [Double]

    /// What it looks at.
    public let features: Features
    /// The probability that a chain with these features ends well.
    public let model: LogisticModel

    /// A reward model of `trees`, whose ends were rewarded by known answers.
    ///
    /// - Parameters:
    ///   - trees: searches of questions with known answers.
    ///   - features: what to look at; by default ``logScoreFeatures``.
    ///   - inversePenalty: C of the regression.
    /// - Throws: ``LanguageError/improperParameter(name:value:expected:)`` without a visited step; what `features` throws.
    public init(
        trees: [SearchTree<ReasoningState>], features: @escaping Features = ProcessReward.logScoreFeatures,
        inversePenalty: Double = 1
    ) async throws {
        var rows: [Double] = []
        var targets: [Double] = []
        var weights: [Double] = []
        for tree in trees {
            // No tree says that all is good or bad.
            let mean = (tree.nodes[0].total + 0.5) / Double(tree.nodes[0].visits + 1)
            // The root is no step.
            for node in tree.nodes.dropFirst() where node.visits > 0 {
                rows += try await features(node.state)
                targets.append((node.total + mean) / Double(node.visits + 1))
                weights.append(Double(node.visits))
            }
        }
        guard !targets.isEmpty else {
            throw LanguageError.improperParameter(
                name: "trees", value: "\(trees.count) without a visited step", expected: "searches of some simulations")
        }
        let matrix = Matrix(rows: targets.count, columns: rows.count / targets.count, storage: rows)
        self.features = features
        model = try LogisticRegression(inversePenalty: inversePenalty).fit(
            features: matrix, targets: targets, weights: weights)
    }

    /// The probability that `state` ends well.
    public func value(of state: ReasoningState) async throws -> Double {
        let row = try await features(state)
        return model.predict(Matrix(rows: 1, columns: row.count, storage: row))[0]
    }

    /// The one of `chains` with the largest reward, the first among equals; nil without chains.
    public func best(of chains: [ReasoningState]) async throws -> ReasoningState? {
        var best: (chain: ReasoningState, value: Double)?
        for chain in chains {
            let value = try await value(of: chain)
            if best.map({ value > $0.value }) ?? true { best = (chain, value) }
        }
        return best?.chain
    }

    /// What the stages' log-probabilities say: the last one, the mean, the smallest and the sum, and how many there are.
    public static let logScoreFeatures: Features = { state in
        let scores = state.logScores.map { $0.isNaN ? 0 : $0 }
        let sum = scores.reduce(0, +)
        return [
            scores.last ?? 0, scores.isEmpty ? 0 : sum / Double(scores.count), scores.min() ?? 0, sum,
            Double(scores.count),
        ]
    }
}
