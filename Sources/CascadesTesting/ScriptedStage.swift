public import Cascades

/// A stage that answers as it was told: no model, no network.
///
///     let stage = ScriptedStage("small", evidence: ["margin"], ["2 + 2": Answer("4", evidence: ["margin": 0.9])])
public struct ScriptedStage<Input: Hashable & Sendable, Output: Sendable>: Stage {
    /// What a script says of an input.
    public enum Line: Sendable {
        /// Give this answer.
        case answer(Answer<Output>)
        /// Throw this error.
        case fail(ScriptedFailure)
        /// Wait until cancelled.
        case hang
    }

    public let name: String
    public let evidenceNames: [String]
    /// What to do for each input.
    public let script: [Input: Line]
    /// How long every answer takes on `clock`.
    public let delay: Duration
    /// The clock of `delay`.
    public let clock: any Clock<Duration>

    /// The stage `name` that follows `lines`.
    public init(
        _ name: String, evidence: [String] = [], lines: [Input: Line], delay: Duration = .zero,
        clock: any Clock<Duration> = ContinuousClock()
    ) {
        self.name = name
        evidenceNames = evidence
        script = lines
        self.delay = delay
        self.clock = clock
    }

    /// The stage `name` that gives `answers`.
    public init(
        _ name: String, evidence: [String] = [], _ answers: [Input: Answer<Output>], delay: Duration = .zero,
        clock: any Clock<Duration> = ContinuousClock()
    ) {
        self.init(name, evidence: evidence, lines: answers.mapValues { .answer($0) }, delay: delay, clock: clock)
    }

    /// - Throws: ``ScriptedFailure`` where the script says so, or says nothing of `input`.
    public func answer(_ input: Input) async throws -> Answer<Output> {
        if delay > .zero { try await clock.sleep(for: delay) }
        switch script[input] {
        case .answer(let answer): return answer
        case .fail(let failure): throw failure
        case .hang:
            // A sleep of centuries ends only by cancellation.
            while true { try await ContinuousClock().sleep(for: .seconds(1_000_000)) }
        case nil: throw ScriptedFailure("the script of '\(name)' says nothing of \(input)")
        }
    }
}

/// The error that a scripted stage throws.
public struct ScriptedFailure: Error, Hashable, CustomStringConvertible {
    /// What it says.
    public let reason: String

    /// An error that says `reason`.
    public init(_ reason: String) { self.reason = reason }

    public var description: String { reason }
}
