public import Cascades
import Foundation
public import Probability

/// Checks that a stage's scores are those of the law it draws from, on `inputs`: what it drew has the score that it said;
/// and where it lists its outcomes, that their probabilities add up to 1 and are the scores of the outcomes.
///
/// - Parameters:
///   - draws: how many answers are drawn for each input.
///   - tolerance: by how many nats two ways to a log-probability may differ.
public func checkScoredStage<S: ScoredStage>(
    _ stage: S, inputs: [S.Input], draws: Int = 20, tolerance: Double = 1e-9, using random: inout Random
) async -> [LawViolation] where S.Output: Equatable {
    var violations: [LawViolation] = []
    func add(_ law: String, _ detail: String) { violations.append(LawViolation(law, detail)) }
    func differ(_ a: Double?, _ b: Double?) -> Bool {
        guard let a, let b else { return true }
        return a != b && !(abs(a - b) <= tolerance)
    }
    for input in inputs {
        do {
            for _ in 0..<draws {
                let run = try await stage.run(input, using: &random)
                guard let output = run.decision.output else { continue }
                let scored = try await stage.scored(output, given: input)
                if scored.output != output {
                    add("a scored output stays what it is", "input \(input): \(scored.output), not \(output)")
                }
                if differ(run.logScore, scored.logScore) {
                    add(
                        "what was drawn has the score that it came with",
                        "input \(input), \(output): \(run.logScore ?? .nan) drawn, \(scored.logScore ?? .nan) scored")
                }
            }
            guard let finite = stage as? any FiniteStage<S.Input, S.Output>,
                let listed = try await finite.outcomes(given: input)
            else { continue }
            let total = listed.runs.reduce(0) { $0 + exp($1.logWeight) }
            if !(abs(total - 1) <= max(tolerance, 1e-12) * Double(max(1, listed.runs.count))) {
                add("outcomes have probability 1 together", "input \(input): \(total)")
            }
            for outcome in listed.runs {
                guard let output = outcome.value.decision.output else { continue }
                let scored = try await stage.scored(output, given: input)
                if differ(outcome.logWeight, scored.logScore) {
                    add(
                        "an outcome has its score",
                        "input \(input), \(output): \(outcome.logWeight) listed, \(scored.logScore ?? .nan) scored")
                }
            }
        } catch {
            add("a stage scores", "input \(input): \(error)")
        }
    }
    return violations
}
