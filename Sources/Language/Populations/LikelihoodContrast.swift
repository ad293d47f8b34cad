public import NumericalMethods

/// Two texts of which an effect makes the first one likelier.
///
///     effect = ln p(first continuation | first prompt) - ln p(second continuation | second prompt)
public struct LikelihoodContrast: Sendable, Hashable {
    /// A text after a prompt.
    public struct Side: Sendable, Hashable {
        /// What comes before.
        public var prompt: String
        /// What is looked at, with the space that it begins with.
        public var continuation: String

        /// A text after a prompt.
        public init(prompt: String, continuation: String) {
            self.prompt = prompt
            self.continuation = continuation
        }
    }

    /// What it belongs to.
    public var group: String
    /// The text that is expected to be likelier, and the other one.
    public var expected: Side
    public var other: Side

    /// A contrast.
    public init(group: String, expected: Side, other: Side) {
        self.group = group
        self.expected = expected
        self.other = other
    }

    /// The effect on `model` in nats.
    /// - Throws: ``LanguageError/unsupported(model:what:remedy:)`` where the model does not tell.
    public func effect(on model: any LanguageModel) async throws -> Double {
        let expected = try await Self.logProbability(expected, model)
        return expected - (try await Self.logProbability(other, model))
    }

    private static func logProbability(_ side: Side, _ model: any LanguageModel) async throws -> Double {
        try await model.logProbabilities(of: [side.continuation], after: .text(side.prompt))[0]
    }
}

extension ModelPopulation {
    /// The effect of each of `contrasts` on each member.
    public func effects(
        of contrasts: [LikelihoodContrast], progress: ProgressReporter = .none
    ) async throws -> CrossedEffects {
        let tracker = progress.begin("contrasts on \(members.count) models", total: members.count * contrasts.count)
        defer { tracker.finish() }
        var values: [[Double]] = []
        for member in members {
            var row: [Double] = []
            for contrast in contrasts {
                try Task.checkCancellation()
                row.append(try await contrast.effect(on: member))
                tracker.advance()
            }
            values.append(row)
        }
        return try CrossedEffects(values)
    }
}
