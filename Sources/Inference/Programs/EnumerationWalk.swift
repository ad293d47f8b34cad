import Cascades
import NumericalMethods
import Probability

/// A depth-first walk over the paths of a program: the path at present, and what the paths before it gave.
///
/// Each path runs the program from its start, with the choices that it shares with the path before from memory.
final class EnumerationWalk<Output: Sendable>: ScopeInterpreter {
    /// A choice on the path at present.
    private struct Fork {
        var alternatives: [TraceEntry]
        var index: Int
        /// `ln` of probability times weight before it.
        var logBefore: Double
        /// Whether all outcomes are listed, or one answer was given.
        var isListed: Bool
        var entry: TraceEntry { alternatives[index] }
    }

    private let bound: Double
    private let keepsTraces: Bool
    private var path: [Fork] = []
    private var depth = 0
    private var logProbability = 0.0
    private var logWeight = 0.0
    /// What was weighed on the path at present, and how much of it the run has come to. Weights before the last choice that
    /// moved are known to the next path: it need not ask for them again.
    private var weights: [WeightTerm] = []
    private var weighed = 0
    private var runs: [ProgramPosterior<Output>.WeightedRun] = []
    private var spent = Cost.zero
    private var impossibleAt: Address?
    private var logCut = -Double.infinity
    private var cuts = 0
    private var paths = 0
    /// What of the budget ran out.
    var stop: Budget.Resource?

    init(bound: Double, keepsTraces: Bool) {
        self.bound = bound
        self.keepsTraces = keepsTraces
    }

    /// The scope of the next path.
    func scope(_ meter: BudgetMeter?) -> Scope {
        depth = 0
        logProbability = 0
        logWeight = 0
        weighed = 0
        return Scope(
            random: Random(seed: 0).split(UInt64(paths)), interpreter: self, needs: [.origins, .entries], meter: meter)
    }

    private var logJoint: Double { logProbability + logWeight }

    func origin(of address: Address, _ kind: ChoiceKind) throws -> ChoiceOrigin {
        guard depth < path.count else { return .enumerated }
        let fork = path[depth]
        guard fork.entry.address == address else {
            throw ProgramError.traceMismatch(
                address: address, expected: "a choice at \(fork.entry.address)", found: "one at \(address)")
        }
        depth += 1
        if fork.isListed { logProbability += fork.entry.logScore ?? 0 }
        return .kept(fork.entry, isRescored: false)
    }

    func pick(_ alternatives: [TraceEntry], at address: Address) throws -> Int {
        var fork = Fork(alternatives: alternatives, index: -1, logBefore: logJoint, isListed: true)
        guard goOn(&fork) else {
            if alternatives.allSatisfy({ ($0.logScore ?? 0) == -.infinity }) {
                throw ProgramError.badChoice(address: address, reason: .allZero(count: alternatives.count))
            }
            throw RunEnd.pruned
        }
        path.append(fork)
        depth += 1
        logProbability += fork.entry.logScore ?? 0
        return fork.index
    }

    /// Told of answers of stages that can't list their outcomes.
    func note(_ entry: TraceEntry) {
        path.append(Fork(alternatives: [entry], index: 0, logBefore: logJoint, isListed: false))
        depth += 1
    }

    func skipsWeight() -> Bool {
        guard weighed < weights.count else { return false }
        logWeight += weights[weighed].logWeight
        weighed += 1
        return true
    }

    func weigh(_ logWeight: Double, at address: Address, isObservation: Bool) throws {
        self.logWeight += logWeight
        weights.append(
            WeightTerm(address: address, logWeight: logWeight, isObservation: isObservation, position: depth))
        weighed += 1
        if logWeight == -.infinity {
            impossibleAt = impossibleAt ?? address
            throw RunEnd.impossible(address)
        }
        if logJoint < bound {
            cut(logJoint)
            throw RunEnd.pruned
        }
    }

    func finish(_ execution: Execution<Output>) {
        spent += execution.spent
        guard let output = execution.output else { return }
        var trace: ProgramTrace?
        if keepsTraces { trace = ProgramTrace(choices: path.map(\.entry), weights: weights, cost: execution.cost) }
        runs.append(.init(output: output, logWeight: logJoint, trace: trace))
    }

    /// Goes to the next path.
    /// - Returns: false where there is none, or no more may be walked.
    func advance(_ maximumPaths: Int) -> Bool {
        paths += 1
        let isOver = stop != nil || paths >= maximumPaths
        if stop != nil { cut(logJoint) }
        while var fork = path.popLast() {
            while goOn(&fork) {
                if !isOver {
                    path.append(fork)
                    while let last = weights.last, last.position >= path.count { weights.removeLast() }
                    return true
                }
                cut(fork.logBefore + (fork.entry.logScore ?? 0))
            }
        }
        return false
    }

    /// Goes to the next alternative of `fork` that is above the bound.
    private func goOn(_ fork: inout Fork) -> Bool {
        guard fork.isListed else { return false }
        while fork.index + 1 < fork.alternatives.count {
            fork.index += 1
            let logScore = fork.entry.logScore ?? 0
            if logScore == -.infinity { continue }
            if fork.logBefore + logScore >= bound { return true }
            cut(fork.logBefore + logScore)
        }
        return false
    }

    private func cut(_ logJoint: Double) {
        logCut = logSumExp(logCut, logJoint)
        cuts += 1
    }

    func result(spent total: Cost?) throws -> Enumerated<Output> {
        if runs.isEmpty, cuts > 0 {
            throw InferenceError.empty(
                what: "the set of paths above the bound of \(bound) nats, or walked before the end of the budget,")
        }
        let posterior = try ProgramPosterior(
            runs: runs, logEvidence: logSumExp(runs.map(\.logWeight)), spent: total ?? spent, stop: stop,
            impossibleAt: impossibleAt)
        return Enumerated(posterior: posterior, logCut: logCut, cuts: cuts)
    }
}
