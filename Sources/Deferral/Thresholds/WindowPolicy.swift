public import Cascades

/// Selective classification by a chain in which only what lies close to the decision boundary goes on.
///
/// Answering or abstaining is a binary decision at a boundary on the confidence. A stage that is far from it on either
/// side has decided; only a window around it is worth another stage:
///
///     after stage k_j:  abstain if s_j < l_j;  answer if s_j >= u_j;  else ask k_(j+1)
///     last stage:       answer if s >= t, else abstain
///
/// A missing score goes on; a missing last score abstains.
///
/// - Source: Xia and Bouganis 2023, "Window-Based Early-Exit Cascades for Uncertainty Estimation", section 4.
public struct WindowPolicy: Policy, Hashable {
    public static let kind = "windows"

    /// A stage that can decide and the window in which it does not.
    public struct Step: Sendable, Hashable, Codable {
        /// The stage.
        public var stage: Int
        /// Its confidence.
        public var score: ConfidenceScore
        /// Below this it abstains.
        @Extended public var lower: Double
        /// From here on it answers.
        @Extended public var upper: Double

        /// A step with the window `lower..<upper`.
        public init(stage: Int, score: ConfidenceScore, lower: Double, upper: Double) {
            self.stage = stage
            self.score = score
            self.lower = lower
            self.upper = upper
        }
    }

    /// The stages in the order asked. The last one's window is empty: `lower == upper`.
    public let steps: [Step]

    /// A chain of steps, the last of which decides.
    public init(steps: [Step]) {
        precondition(!steps.isEmpty, "a window policy needs a stage")
        self.steps = steps
    }

    public func next(_ state: PolicyState) -> Move {
        for (index, step) in steps.enumerated() {
            if !state.asked.contains(step.stage) { return .ask(step.stage) }
            let score = step.score.value(state.signals)
            if score >= step.upper { return .stop(answer: step.stage) }
            if score < step.lower || index == steps.count - 1 { return .abstain }
        }
        return .abstain
    }

    public func formula(_ schema: LogSchema) -> String {
        steps.enumerated().map { index, step in
            let score = step.score.formula(schema)
            let ask = "ask \(schema.stages[step.stage].name); answer if \(score) >= \(Number.short(step.upper))"
            return index == steps.count - 1
                ? ask + ", else abstain" : ask + "; abstain if \(score) < \(Number.short(step.lower)); else go on"
        }.joined(separator: "\n")
    }

    public func terms(_ state: PolicyState) -> [PolicyTerm] {
        steps.filter { state.asked.contains($0.stage) }.flatMap { step in
            let name = "\(step.score.formula(state.schema)) of \(state.schema.stages[step.stage].name)"
            let score = step.score.value(state.signals)
            return [
                PolicyTerm("\(name), to answer", score, threshold: step.upper),
                PolicyTerm("\(name), to go on", score, threshold: step.lower),
            ]
        }
    }

    public var reach: StageSet { StageSet(steps.map(\.stage)) }
}
