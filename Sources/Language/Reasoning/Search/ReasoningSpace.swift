public import Cascades
import Foundation
public import Probability

/// A chain of reasoning as far as it has come.
public struct ReasoningState: Sendable, Hashable {
    /// The question, the steps, and at an end the answer.
    public var fields: [Field]
    /// `ln p` of each step and of the answer as its stage said it, in nats; `NaN` where it did not.
    public var logScores: [Double]

    /// Nothing but a question.
    public init(question: String) {
        fields = [Field(FieldName.question, question)]
        logScores = []
    }

    /// What is asked.
    public var question: String { fields[FieldName.question] ?? "" }
    /// The answer, at an end.
    public var answer: String? { fields.last.flatMap { $0.name == FieldName.answer ? $0.text : nil } }
    /// The steps so far.
    public var steps: [String] { fields.texts(FieldName.work) }

    mutating func append(_ name: String, _ run: Run<String>) {
        fields.append(Field(name, run.decision.output ?? ""))
        logScores.append(run.logScore ?? .nan)
    }
}

/// Reasoning step by step as something to search: steps that a stage proposes, ends that are answers.
///
/// A stage that lists its outcomes proposes them all; another one is asked `width` times, and what it says more than once
/// has that share as its prior. A state before an end is worth what `estimate` says of it, or what an end is worth that the
/// stages reach from there by chance (a roll-out).
///
/// - Source: paper 169, MedS³, section 3.
public struct ReasoningSpace: SearchSpace {
    /// Proposes the next step.
    public var step: any FieldStage
    /// Answers when the steps are done.
    public var answer: any FieldStage
    /// The step that says that they are.
    public var end: String
    /// The most steps.
    public var maximumSteps: Int
    /// How often a stage that can't list its outcomes is asked for one.
    public var width: Int
    /// What an end is worth, from 0 to 1: by the known answer, or by a verifier.
    public var reward: @Sendable (ReasoningState) async throws -> Double
    /// What a state before its end is worth; nil for roll-outs.
    public var estimate: (@Sendable (ReasoningState) async throws -> Double)?

    /// Reasoning by `step` and `answer`.
    public init(
        step: any FieldStage, answer: any FieldStage, end: String = "done", maximumSteps: Int = 6, width: Int = 4,
        estimate: (@Sendable (ReasoningState) async throws -> Double)? = nil,
        reward: @escaping @Sendable (ReasoningState) async throws -> Double
    ) {
        self.step = step
        self.answer = answer
        self.end = end
        self.maximumSteps = maximumSteps
        self.width = width
        self.estimate = estimate
        self.reward = reward
    }

    /// The stage whose turn it is in `state` and the name of its field; nil at an end.
    private func turn(_ state: ReasoningState) -> (stage: any FieldStage, name: String)? {
        if state.answer != nil { return nil }
        let steps = state.steps
        let isDone = steps.count >= maximumSteps || steps.last.map { $0 == end || $0.isEmpty } ?? false
        return isDone ? (answer, FieldName.answer) : (step, FieldName.work)
    }

    public func successors(
        of state: ReasoningState, using random: inout Random
    ) async throws -> [Weighted<ReasoningState>] {
        guard let (stage, name) = turn(state) else { return [] }
        var runs: [Weighted<Run<String>>] = []
        if let listed = try await (stage as? any FiniteStage<[Field], String>)?.outcomes(given: state.fields) {
            runs = listed.runs
        } else {
            var places: [String: Int] = [:]
            for _ in 0..<max(1, width) {
                let run = try await stage.run(state.fields, using: &random)
                let text = run.decision.output ?? ""
                if let place = places[text] {
                    runs[place].logWeight = log(exp(runs[place].logWeight) + 1 / Double(max(1, width)))
                } else {
                    places[text] = runs.count
                    runs.append(Weighted(run, logWeight: -log(Double(max(1, width)))))
                }
            }
        }
        return runs.map { run in
            var next = state
            next.append(name, run.value)
            return Weighted(next, logWeight: run.logWeight)
        }
    }

    public func value(of state: ReasoningState, using random: inout Random) async throws -> Double {
        if state.answer != nil { return try await reward(state) }
        if let estimate { return try await estimate(state) }
        return try await reward(try await rollOut(state, using: &random))
    }

    /// The end that the stages reach from `state` by chance: from a question alone, a sample of the whole chain.
    public func rollOut(_ state: ReasoningState, using random: inout Random) async throws -> ReasoningState {
        var state = state
        while let (stage, name) = turn(state) {
            try Task.checkCancellation()
            state.append(name, try await stage.run(state.fields, using: &random))
        }
        return state
    }

    /// The end that the stages reach from `state` by what they find the likeliest: where they write, by the likeliest tokens.
    public func likeliest(_ state: ReasoningState) async throws -> ReasoningState {
        var state = state
        while let (stage, name) = turn(state) {
            try Task.checkCancellation()
            state.append(name, Run(try await stage.likeliest(state.fields)))
        }
        return state
    }
}
