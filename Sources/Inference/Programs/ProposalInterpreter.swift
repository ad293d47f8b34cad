import Cascades
import Foundation
import Probability

/// Runs a program with some of the choices of another run changed and the others kept, and adds up what decides
/// whether the new run is accepted.
final class ProposalInterpreter: ScopeInterpreter {
    private let old: [TraceEntry]
    private let oldMarks: [ParticleMark]
    private let isChanged: (TraceEntry) -> Bool
    /// Whether answers count among the choices of which one was picked; nil where none was.
    private let countsAnswers: Bool?
    /// Whether answers of stages that know their scores are kept when something before them changed.
    private let keepsAnswers: Bool
    /// What real numbers are moved by instead of being redrawn.
    private let step: Double?
    /// Where each old choice is, by address; made when the new run first leaves the order of the old one.
    private var places: [Address: Int]?
    private var cursor = 0

    private var choices: [TraceEntry] = []
    private var marks: [ParticleMark] = []
    private var logWeight = 0.0
    private(set) var impossibleAt: Address?
    /// Whether something before this point of the run differs from the old run.
    private var hasChanged: Bool
    private var keptBefore = 0.0
    private var keptNow = 0.0
    /// Set while a kept choice is scored anew.
    private var isRescoring = false

    /// A run under the prior.
    convenience init() { self.init([], [], countsAnswers: nil) { _ in true } }

    init(
        _ old: [TraceEntry], _ oldMarks: [ParticleMark], countsAnswers: Bool?, keepsAnswers: Bool = true,
        step: Double? = nil, isChanged: @escaping (TraceEntry) -> Bool
    ) {
        self.old = old
        self.oldMarks = oldMarks
        self.countsAnswers = countsAnswers
        self.keepsAnswers = keepsAnswers
        self.step = step
        self.isChanged = isChanged
        hasChanged = old.isEmpty
        choices.reserveCapacity(old.count)
        marks.reserveCapacity(oldMarks.count)
    }

    func scope(_ random: Random, _ meter: BudgetMeter?) -> Scope {
        Scope(
            random: random, interpreter: self, needs: [.origins, .entries, .scores], meter: meter,
            expected: old.count + oldMarks.count)
    }

    func origin(of address: Address, _ kind: ChoiceKind) throws -> ChoiceOrigin {
        guard let entry = oldChoice(address) else {
            hasChanged = true
            return .fresh
        }
        if isChanged(entry) {
            hasChanged = true
            if let step, kind == .scored, let score = entry.logScore, let value = entry.value as? Double,
                let moved = entry.with(value: value + step)
            {
                return keep(moved, score)
            }
            return .fresh
        }
        if !hasChanged {
            choices.append(entry)
            return .kept(entry, isRescored: false)
        }
        // Without a density a kept value can't be judged under what came before it now.
        guard canScore(entry, kind), let score = entry.logScore else { return .fresh }
        return keep(entry, score)
    }

    /// Whether `entry` can be judged anew, now and by the move that would undo this one.
    private func canScore(_ entry: TraceEntry, _ kind: ChoiceKind) -> Bool {
        switch kind {
        case .scored: true
        case .askedScored: keepsAnswers && entry.note?.isFromScoredStage ?? false
        case .unscored, .asked: false
        }
    }

    private func keep(_ entry: TraceEntry, _ score: Double) -> ChoiceOrigin {
        keptBefore += score
        isRescoring = true
        return .kept(entry, isRescored: true)
    }

    func cannotKeep(_ entry: TraceEntry, expected: String) {
        // A choice of another type at the same address is another choice.
        if isRescoring { keptBefore -= entry.logScore ?? 0 }
        isRescoring = false
        hasChanged = true
    }

    func note(_ entry: TraceEntry) throws {
        choices.append(entry)
        guard isRescoring else { return }
        isRescoring = false
        keptNow += entry.logScore ?? 0
        if keptNow == -.infinity { throw RunEnd.impossible(entry.address) }
    }

    func skipsWeight() -> Bool {
        guard !hasChanged, marks.count < oldMarks.count else { return false }
        marks.append(oldMarks[marks.count])
        logWeight = marks[marks.count - 1].logWeight
        return true
    }

    func weigh(_ logWeight: Double, at address: Address, isObservation: Bool) throws {
        self.logWeight += logWeight
        marks.append(ParticleMark(choices: choices.count, logWeight: self.logWeight))
        if logWeight == -.infinity {
            impossibleAt = address
            throw RunEnd.impossible(address)
        }
    }

    private func oldChoice(_ address: Address) -> TraceEntry? {
        if cursor < old.count, old[cursor].address == address {
            cursor += 1
            return old[cursor - 1]
        }
        if places == nil {
            places = Dictionary(uniqueKeysWithValues: old.enumerated().map { ($0.element.address, $0.offset) })
        }
        guard let place = places?[address] else { return nil }
        cursor = place + 1
        return old[place]
    }

    /// The state after a run; nil where it has no weight.
    func state<Output>(_ execution: Execution<Output>) -> ProgramMetropolisHastings.State<Output>? {
        execution.output.map {
            .init(output: $0, logWeight: logWeight, choices: choices, marks: marks, cost: execution.cost)
        }
    }

    /// Accepts or rejects; `coin` is uniform in (0, 1).
    func settle<Output>(
        _ execution: Execution<Output>, _ state: inout ProgramMetropolisHastings.State<Output>, coin: Double
    ) -> ProgramMetropolisHastings.Info {
        guard let next = self.state(execution) else {
            return .init(isAccepted: false, logAcceptance: -.infinity, spent: execution.spent)
        }
        var ratio = logWeight - state.logWeight + keptNow - keptBefore
        if let countsAnswers {
            func count(_ choices: [TraceEntry]) -> Double {
                Double(countsAnswers ? choices.count : choices.count { !$0.isAnswer })
            }
            ratio += log(count(old)) - log(count(choices))
        }
        let isAccepted = log(coin) < ratio
        if isAccepted { state = next }
        return .init(isAccepted: isAccepted, logAcceptance: ratio, spent: execution.spent)
    }
}
