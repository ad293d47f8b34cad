public import Cascades
public import Probability

/// Down a chain of stages until one is sure enough of its own answer.
///
///     after stage k_j:  stop with its answer if s_j >= t_j, else ask k_(j+1);  the last stage always stops
///
/// where s_j is one evidence number of stage k_j, with a sign so that more is surer, calibrated if asked.
/// A missing score goes on.
public struct ThresholdPolicy: Policy, Hashable {
    public static let kind = "thresholds"

    /// One stage of the chain that can stop.
    public struct Step: Sendable, Hashable, Codable {
        /// The stage.
        public var stage: Int
        /// The score it is judged by.
        public var score: ConfidenceScore
        /// The least score at which its answer is given; infinity never stops here.
        @Extended public var threshold: Double

        /// A step.
        public init(stage: Int, score: ConfidenceScore, threshold: Double) {
            self.stage = stage
            self.score = score
            self.threshold = threshold
        }
    }

    /// The stages that can stop, in the order asked.
    public let steps: [Step]
    /// The stage that answers what no step stopped at.
    public let last: Int

    /// The chain of `steps` and then `last`.
    public init(steps: [Step], last: Int) {
        self.steps = steps
        self.last = last
    }

    public func next(_ state: PolicyState) -> Move {
        for step in steps {
            if !state.asked.contains(step.stage) { return .ask(step.stage) }
            if step.score.value(state.signals) >= step.threshold { return .stop(answer: step.stage) }
        }
        return state.asked.contains(last) ? .stop(answer: last) : .ask(last)
    }

    public func formula(_ schema: LogSchema) -> String {
        let chain = steps.map { step in
            step.threshold == .infinity
                ? "ask \(schema.stages[step.stage].name)"
                : "ask \(schema.stages[step.stage].name); stop if \(step.score.formula(schema)) >= \(Number.short(step.threshold))"
        }
        return (chain + ["ask \(schema.stages[last].name); stop"]).joined(separator: "\n")
    }

    public func terms(_ state: PolicyState) -> [PolicyTerm] {
        steps.filter { state.asked.contains($0.stage) }.map { step in
            PolicyTerm(
                "\(step.score.formula(state.schema)) of \(state.schema.stages[step.stage].name)",
                step.score.value(state.signals), threshold: step.threshold)
        }
    }

    public var reach: StageSet { StageSet(steps.map(\.stage) + [last]) }

    /// The last stage's answer is given once all before it were not sure enough.
    public func settles(on stage: Int, in state: PolicyState) -> Bool {
        stage == last
            && steps.allSatisfy { step in
                step.stage != last && state.asked.contains(step.stage)
                    && !state.schema.evidenceRange(of: last).contains(step.score.signal)
                    && !(step.score.value(state.signals) >= step.threshold)
            }
    }
}

/// One evidence number read as confidence: signed so that more is surer, calibrated if asked.
public struct ConfidenceScore: Sendable, Hashable, Codable {
    /// The signal it reads.
    public var signal: Int
    /// 1 where more is surer, -1 where less is (entropy).
    public var sign: Double
    /// A map to the probability of a right answer, if asked for.
    public var calibration: Calibration?

    /// A score.
    public init(signal: Int, sign: Double = 1, calibration: Calibration? = nil) {
        self.signal = signal
        self.sign = sign
        self.calibration = calibration
    }

    /// The score in `signals`; `NaN` where the signal is missing.
    @inlinable
    public func value(_ signals: [Double]) -> Double { value(of: signals[signal]) }

    /// The score where the signal reads `number`.
    @inlinable
    public func value(of number: Double) -> Double {
        let raw = sign * number
        guard let calibration, !raw.isNaN else { return raw }
        return calibration.calibrate(raw)
    }

    /// The score in words.
    public func formula(_ schema: LogSchema) -> String {
        let name = schema.signalNames[signal]
        let signed = sign < 0 ? "-\(name)" : name
        return calibration == nil ? signed : "calibrated(\(signed))"
    }
}
