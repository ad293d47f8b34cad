import Cascades

/// A weight point that a particle has passed.
struct ParticleMark: Sendable {
    /// How many choices were made before it.
    var choices: Int
    /// The log-weight of the particle up to here, this point included.
    var logWeight: Double
}

/// A particle of SMC by re-execution: what it chose, where it was weighed, and how far it is.
struct ProgramParticle<Output: Sendable>: Sendable {
    /// Its choices so far.
    var choices: [TraceEntry] = []
    /// Its weight points so far.
    var marks: [ParticleMark] = []
    /// Its output, once it is through.
    var output: Output?
    /// Where its weight became zero, if it did.
    var impossibleAt: Address?
    /// What its history took.
    var cost = Cost.zero

    /// Whether it has nothing more to do.
    var isFinished: Bool { output != nil || impossibleAt != nil }

    /// The log-weight up to weight point `point`; what is finished keeps its last.
    func logWeight(at point: Int) -> Double {
        point < 0 || marks.isEmpty ? 0 : marks[min(point, marks.count - 1)].logWeight
    }

    /// How many choices it had made at weight point `point`, or at its last one.
    func choices(at point: Int) -> Int { marks.isEmpty ? 0 : marks[min(point, marks.count - 1)].choices }

    /// Its past up to weight point `point`, that one included.
    func prefix(through point: Int) -> ProgramParticle {
        var past = ProgramParticle()
        past.marks = Array(marks.prefix(point + 1))
        past.choices = Array(choices[..<(past.marks.last?.choices ?? 0)])
        return past
    }
}

/// Gives a particle the choices that it remembers and fresh ones after them; pauses it where the others wait.
final class ParticleInterpreter: ScopeInterpreter {
    private(set) var choices: [TraceEntry]
    private(set) var marks: [ParticleMark]
    private let rememberedChoices: Int
    private let rememberedMarks: Int
    private let pause: Int
    private var position = 0
    private var point = 0
    private var logWeight: Double

    /// - Parameters:
    ///   - past: choices and marks of a particle; nothing after its last mark.
    ///   - pause: the weight point after which the run is paused.
    init<Output>(past: ProgramParticle<Output>, pause: Int) {
        choices = past.choices
        marks = past.marks
        rememberedChoices = choices.count
        rememberedMarks = marks.count
        logWeight = marks.last?.logWeight ?? 0
        self.pause = pause
    }

    func origin(of address: Address, _ kind: ChoiceKind) throws -> ChoiceOrigin {
        guard position < rememberedChoices else { return .fresh }
        let entry = choices[position]
        guard entry.address == address else {
            throw ProgramError.traceMismatch(
                address: address, expected: "a choice at \(entry.address)", found: "one at \(address)")
        }
        position += 1
        return .kept(entry, isRescored: false)
    }

    func note(_ entry: TraceEntry) { choices.append(entry) }

    func skipsWeight() -> Bool {
        guard point < rememberedMarks else { return false }
        point += 1
        return true
    }

    func weigh(_ logWeight: Double, at address: Address, isObservation: Bool) throws {
        self.logWeight += logWeight
        marks.append(ParticleMark(choices: choices.count, logWeight: self.logWeight))
        if logWeight == -.infinity { throw RunEnd.impossible(address) }
        if point == pause { throw RunEnd.paused }
        point += 1
    }

    func particle<Output>(_ execution: Execution<Output>) -> ProgramParticle<Output> {
        var particle = ProgramParticle<Output>()
        particle.choices = choices
        particle.marks = marks
        particle.output = execution.output
        particle.impossibleAt = execution.impossibleAt
        particle.cost = execution.cost
        return particle
    }
}
