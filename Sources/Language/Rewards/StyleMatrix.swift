public import NumericalMethods
public import Probability

/// How often a reward model prefers the right response, by the styles of both.
///
/// With the styles in the order concise, detailed, Markdown, a cell (i, j) is the share of pairs whose right response in
/// style i has a larger reward than the wrong one in style j:
///
///     easy    the mean of the cells below the diagonal: the right response is the more elaborate one
///     normal  the mean of the diagonal: both have one style
///     hard    the mean of the cells above it: the wrong response is the more elaborate one
///
/// Equal rewards count as wrong.
///
/// - Source: paper 199, section 3.4.
public struct StyleMatrix: Sendable, Hashable {
    /// The rewards of the right responses, `[pairs][styles]`, and of the wrong ones.
    public let chosen: [[Double]]
    public let rejected: [[Double]]

    /// The matrix of these rewards.
    /// - Throws: ``LanguageError/improperParameter(name:value:expected:)`` for no pairs, a number of styles other than
    ///   three, or rewards that are not numbers.
    public init(chosen: [[Double]], rejected: [[Double]]) throws(LanguageError) {
        let styles = ResponseStyle.allCases.count
        guard !chosen.isEmpty, chosen.count == rejected.count,
            (chosen + rejected).allSatisfy({ $0.count == styles && !$0.contains(where: \.isNaN) })
        else {
            throw .improperParameter(
                name: "rewards", value: "\(chosen.count) and \(rejected.count) pairs",
                expected: "as many right as wrong ones, a number for each of \(styles) styles")
        }
        self.chosen = chosen
        self.rejected = rejected
    }

    /// The rewards that `model` gives to the responses of `pairs`.
    public init(
        _ model: any RewardModel, on pairs: [PreferencePair], progress: ProgressReporter = .none
    ) async throws {
        var (chosen, rejected) = ([[Double]](), [[Double]]())
        let tracker = progress.begin(model.name, total: pairs.count)
        defer { tracker.finish() }
        for pair in pairs {
            try Task.checkCancellation()
            let rewards = try await model.rewards(of: pair.chosen + pair.rejected, to: pair.prompt)
            chosen.append(Array(rewards.prefix(pair.chosen.count)))
            rejected.append(Array(rewards.dropFirst(pair.chosen.count)))
            tracker.advance()
        }
        try self.init(chosen: chosen, rejected: rejected)
    }

    /// The share of pairs in a cell.
    public subscript(chosenStyle: ResponseStyle, rejectedStyle: ResponseStyle) -> Double {
        let wins = chosen.indices.count {
            chosen[$0][chosenStyle.rawValue] > rejected[$0][rejectedStyle.rawValue]
        }
        return Double(wins) / Double(chosen.count)
    }

    /// For each pair the share of its cells that are right, of those in which `isMeant`.
    private func values(_ isMeant: (Int, Int) -> Bool) -> [Double] {
        let styles = ResponseStyle.allCases.indices
        return zip(chosen, rejected).map { ours, theirs in
            var (wins, cells) = (0.0, 0.0)
            for i in styles {
                for j in styles where isMeant(i, j) {
                    cells += 1
                    if ours[i] > theirs[j] { wins += 1 }
                }
            }
            return wins / cells
        }
    }

    /// Each pair's share of easy, normal, hard cells that are right, `[pairs]`; their means are the accuracies.
    public var easyValues: [Double] { values { $0 > $1 } }
    public var normalValues: [Double] { values { $0 == $1 } }
    public var hardValues: [Double] { values { $0 < $1 } }

    /// The accuracies with their standard errors over pairs.
    public var easy: Estimate { Self.mean(easyValues) }
    public var normal: Estimate { Self.mean(normalValues) }
    public var hard: Estimate { Self.mean(hardValues) }
    /// The mean of the three, pair by pair.
    public var average: Estimate {
        let (easy, normal, hard) = (easyValues, normalValues, hardValues)
        return Self.mean(easy.indices.map { (easy[$0] + normal[$0] + hard[$0]) / 3 })
    }
    /// How much style helps where it should not: easy less hard accuracy. 0 for a model that looks at content alone, above
    /// 0 where it likes elaborate responses, below where it likes short ones.
    public var styleBias: Estimate {
        let (easy, hard) = (easyValues, hardValues)
        return Self.mean(easy.indices.map { easy[$0] - hard[$0] })
    }
    /// How far style moves a reward against how far content does, pair by pair: the range over styles of the mean reward of
    /// a style, less the difference of the mean rewards of right and wrong; above 0 where style moves it more.
    public var styleOverContent: Estimate {
        Self.mean(
            zip(chosen, rejected).map { ours, theirs in
                let styles = zip(ours, theirs).map { ($0 + $1) / 2 }
                let content = zip(ours, theirs).reduce(0) { $0 + $1.0 - $1.1 } / Double(ours.count)
                return (styles.max() ?? 0) - (styles.min() ?? 0) - abs(content)
            })
    }

    private static func mean(_ values: [Double]) -> Estimate {
        (try? Estimate(meanOf: values)) ?? Estimate(value: .nan, standardError: .infinity, count: 0)
    }
}
