import Cascades
import Deferral
import Foundation

/// A policy that was named on the command line: a policy file, or a stage of the log.
struct NamedPolicy {
    /// As it was named.
    let name: String
    /// The file it came from; nil for a stage.
    let file: PolicyFile?
    private let stage: String

    /// Reads the file `name`, or takes the stage of `log` that is called so.
    /// - Parameter others: what else might have been named, said where `name` is none of it.
    init(_ name: String, log: OutcomeLog, others: String = "") throws {
        self.name = name
        stage = name
        let stages = log.schema.stages.map(\.name)
        if !FileManager.default.fileExists(atPath: name), stages.contains(name) {
            file = nil
            return
        }
        do {
            file = try PolicyFile.read(from: name)
        } catch DeferralError.badPolicyFile(let path, let reason, _) where !FileManager.default.fileExists(atPath: name)
        {
            throw DeferralError.badPolicyFile(
                path: path, reason: reason,
                remedy: "Give a policy file or one of the stages: \(stages.joined(separator: ", "))\(others).")
        }
    }

    init(file: PolicyFile, name: String) {
        self.name = name
        self.file = file
        stage = name
    }

    /// The log in the order of the policy's columns, and the policy.
    func prepared(on log: OutcomeLog, objective: Objective) throws -> (log: CostedLog, policy: any Policy) {
        if let file {
            // The objective is the comparison's, so that costs of two policies are in the same unit.
            return (CostedLog(try file.prepare(log).log, objective: objective), file.policy)
        }
        return (CostedLog(log, objective: objective), SingleStagePolicy(stage: try log.schema.stage(named: stage)))
    }

    /// What it does on `log`.
    func outcomes(on log: OutcomeLog, objective: Objective) throws -> ReplayedOutcomes {
        let (log, policy) = try prepared(on: log, objective: objective)
        return Replay.outcomes(of: policy, on: log)
    }
}
