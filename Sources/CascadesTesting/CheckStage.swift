public import Cascades
import Foundation
public import Probability

/// Checks a stage on `inputs`: it has a name, announces each evidence number once, gives exactly what it announced, and
/// its costs are finite and not negative. With `repeatable`, also that the same stream gives the same answer.
public func checkStage<S: Stage>(
    _ stage: S, inputs: [S.Input], repeatable: Bool = true, using random: inout Random
) async -> [LawViolation] where S.Output: Equatable {
    var violations: [LawViolation] = []
    func add(_ law: String, _ detail: String) { violations.append(LawViolation(law, detail)) }
    if stage.name.isEmpty { add("a stage has a name", "it is empty") }
    let names = stage.evidenceNames
    if Set(names).count != names.count { add("each evidence number is announced once", "\(names)") }
    for input in inputs {
        var stream = random.fork()
        var copy = stream
        do {
            let run = try await stage.run(input, using: &stream)
            if run.evidence.names != names {
                add("evidence is as announced", "input \(input): \(run.evidence.names), not \(names)")
            }
            let cost = run.cost
            for (name, value) in [
                ("money", cost.money), ("tokensIn", cost.tokensIn), ("tokensOut", cost.tokensOut),
                ("seconds", cost.seconds), ("operations", cost.operations),
            ] where !(value >= 0 && value.isFinite) {
                add("costs are finite and not negative", "input \(input): \(name) is \(value)")
            }
            if let score = run.logScore, score.isNaN { add("a score is a number", "input \(input)") }
            if repeatable {
                let again = try await stage.run(input, using: &copy)
                if again.decision != run.decision || again.evidence != run.evidence {
                    add(
                        "the same stream gives the same answer",
                        "input \(input): \(run.decision), then \(again.decision)")
                }
            }
        } catch {
            add("a stage answers", "input \(input): \(error)")
        }
    }
    return violations
}

/// Checks a cascade on `inputs`: the laws of a stage; the cost is what its choices took; its trace replays to the same
/// run without asking, and does so after a JSON round trip.
public func checkCascade<Input, Output: Equatable & Codable>(
    _ cascade: Cascade<Input, Output>, inputs: [Input], repeatable: Bool = true, using random: inout Random
) async -> [LawViolation] {
    var violations = await checkStage(cascade, inputs: inputs, repeatable: repeatable, using: &random)
    for input in inputs {
        do {
            var stream = random.fork()
            let run = try await cascade.run(input, using: &stream)
            guard let trace = run.trace else {
                violations.append(LawViolation("a cascade leaves a trace", "input \(input)"))
                continue
            }
            let money = trace.choices.reduce(0) { $0 + $1.cost.money }
            if !(abs(run.cost.money - money) <= 1e-9 * max(1, money)) {
                violations.append(LawViolation("costs add up", "input \(input): \(run.cost.money), not \(money)"))
            }
            if try cascade.replay(trace, input) != run {
                violations.append(LawViolation("a trace replays to the same run", "input \(input)"))
            }
            let copy = try JSONDecoder().decode(Trace<Output>.self, from: JSONEncoder().encode(trace))
            if try cascade.replay(copy, input) != run {
                violations.append(LawViolation("a trace survives JSON", "input \(input)"))
            }
        } catch {
            violations.append(LawViolation("a cascade runs and replays", "input \(input): \(error)"))
        }
    }
    return violations
}
