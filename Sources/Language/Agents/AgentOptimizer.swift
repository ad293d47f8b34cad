public import Cascades
public import Probability

/// What came of one item of a task.
public struct AgentAttempt<Item: Sendable>: Sendable {
    /// The item.
    public var item: Item
    /// How well it went, from 0 to 1.
    public var score: Double
    /// The function that was called, if one was.
    public var function: String?
    /// What it took.
    public var cost: Cost

    /// An attempt.
    public init(_ item: Item, score: Double, function: String? = nil, cost: Cost = .zero) {
        self.item = item
        self.score = score
        self.function = function
        self.cost = cost
    }
}

/// A task that an agent tries with the functions that it has.
public protocol AgentTask<Item>: Sendable {
    associatedtype Item: Sendable

    /// What comes of `item` with `functions`.
    func attempt(_ item: Item, with functions: FunctionSet) async throws -> AgentAttempt<Item>
}

/// Proposes changes to functions, given what came of using them.
public protocol FunctionProposer<Item>: Sendable {
    associatedtype Item: Sendable

    /// Changes to `functions`, in the order in which they are to be made; none where nothing comes to mind.
    /// - Parameters:
    ///   - attempts: some of what was tried with them, failures among it.
    ///   - withdrawn: changes that were made to just these functions before and taken back.
    func edits(
        to functions: FunctionSet, after attempts: [AgentAttempt<Item>], withdrawn: [FunctionEdit],
        using random: inout Random
    ) async throws -> [FunctionEdit]
}

/// Trains an agent without touching its model: its functions are the parameters, and each step changes them by what went
/// wrong.
///
///     let optimizer = AgentOptimizer(task: task, proposer: proposer)
///     var state = try await optimizer.start(FunctionSet(), training: items)
///     while state.ending == nil { let info = try await optimizer.step(&state, using: &random) }
///
/// A step shows some attempts to the proposer, makes its changes and tries all training items again. Where that went worse
/// than before the changes are taken back (roll-back), and the proposer is told of them; after ``patience`` steps in a row
/// that did not make the best any better, training is over (early stop), with the best functions seen.
///
/// - Source: Zhang et al., 2024, "Training Language Model Agents without Modifying Language Models" (paper 207).
public struct AgentOptimizer<Task: AgentTask, Proposer: FunctionProposer>: Sendable
where Task.Item == Proposer.Item {
    /// What is trained for.
    public let task: Task
    /// What proposes changes.
    public let proposer: Proposer
    /// How many attempts the proposer is shown, failures first.
    public var batch = 8
    /// The most changes a step.
    public var maximumEdits = 3
    /// Whether changes that make it worse are taken back.
    public var rollsBack = true
    /// Steps without a new best after which training is over; nil for no early stop.
    public var patience: Int? = 4
    /// The most steps.
    public var maximumSteps = 50

    /// An optimiser with the usual settings.
    public init(task: Task, proposer: Proposer) {
        self.task = task
        self.proposer = proposer
    }

    /// Why training is over.
    public enum Ending: String, Sendable, Hashable, Codable {
        /// No new best for as long as ``AgentOptimizer/patience`` says.
        case stale
        /// Every training item goes as well as can be.
        case perfect
        /// As many steps as were allowed.
        case steps
    }

    /// Where training stands.
    public struct State: Sendable {
        /// The functions now.
        public internal(set) var functions: FunctionSet
        /// What came of the training items with them.
        public internal(set) var attempts: [AgentAttempt<Task.Item>]
        /// The best functions so far, and their mean score.
        public internal(set) var best: FunctionSet
        public internal(set) var bestScore: Double
        /// Steps made.
        public internal(set) var steps = 0
        /// Steps since the best was found.
        public internal(set) var stale = 0
        /// Changes to the functions that were taken back.
        public internal(set) var withdrawn: [FunctionEdit] = []
        /// Why training is over; nil while it is not.
        public internal(set) var ending: Ending?
        /// What all attempts took.
        public internal(set) var cost: Cost

        /// The mean score of the training items.
        public var score: Double { AgentOptimizer.mean(attempts) }
    }

    /// What a step did.
    public struct Info: Sendable, Hashable {
        /// The changes that were tried.
        public var edits: [FunctionEdit]
        /// Proposed changes that can't be made, such as the removal of what is not there.
        public var refused: [FunctionEdit]
        /// The mean training score with the changes.
        public var score: Double
        /// Whether the changes were taken back.
        public var isRolledBack: Bool
    }

    /// Training of `functions` that has not begun.
    /// - Throws: ``LanguageError/improperParameter(name:value:expected:)`` without items; what the task throws.
    public func start(_ functions: FunctionSet, training items: [Task.Item]) async throws -> State {
        guard !items.isEmpty else {
            throw LanguageError.improperParameter(name: "training", value: "no items", expected: "one at least")
        }
        let attempts = try await attempt(items, with: functions)
        let score = Self.mean(attempts)
        return State(
            functions: functions, attempts: attempts, best: functions, bestScore: score,
            ending: score >= 1 ? .perfect : maximumSteps < 1 ? .steps : nil,
            cost: attempts.reduce(Cost.zero) { $0 + $1.cost })
    }

    /// One round of changes. Once training is over nothing happens.
    @discardableResult
    public func step(_ state: inout State, using random: inout Random) async throws -> Info {
        guard state.ending == nil else {
            return Info(edits: [], refused: [], score: state.score, isRolledBack: false)
        }
        let shown = Self.shown(state.attempts, batch, &random)
        let proposed = try await proposer.edits(
            to: state.functions, after: shown, withdrawn: state.withdrawn, using: &random)
        var changed = state.functions
        var (edits, refused): ([FunctionEdit], [FunctionEdit]) = ([], [])
        for edit in proposed {
            guard edits.count < maximumEdits else { break }
            do throws(LanguageError) {
                try changed.apply(edit)
                edits.append(edit)
            } catch { refused.append(edit) }
        }
        var info = Info(edits: edits, refused: refused, score: state.score, isRolledBack: false)
        if changed != state.functions {
            let attempts = try await attempt(state.attempts.map(\.item), with: changed)
            info.score = Self.mean(attempts)
            state.cost += attempts.reduce(Cost.zero) { $0 + $1.cost }
            info.isRolledBack = rollsBack && info.score < state.score
            if info.isRolledBack {
                state.withdrawn += edits
            } else {
                state.functions = changed
                state.attempts = attempts
                state.withdrawn = []
            }
        }
        state.steps += 1
        state.stale += 1
        // Of equally good ones the latest: it has seen more.
        if !info.isRolledBack, info.score >= state.bestScore {
            if info.score > state.bestScore { state.stale = 0 }
            (state.best, state.bestScore) = (state.functions, info.score)
        }
        state.ending =
            state.bestScore >= 1
            ? .perfect : state.stale >= patience ?? .max ? .stale : state.steps >= maximumSteps ? .steps : nil
        return info
    }

    /// Trains until it is over.
    /// - Parameter observe: told of every step; returns false to stop there.
    public func optimize(
        _ functions: FunctionSet, training items: [Task.Item], using random: inout Random,
        observe: (State, Info) async throws -> Bool = { _, _ in true }
    ) async throws -> State {
        var state = try await start(functions, training: items)
        while state.ending == nil {
            let info = try await step(&state, using: &random)
            if try await !observe(state, info) { break }
        }
        return state
    }

    /// What comes of `items`, one after the other.
    public func attempt(
        _ items: [Task.Item], with functions: FunctionSet
    ) async throws -> [AgentAttempt<Task.Item>] {
        var attempts: [AgentAttempt<Task.Item>] = []
        for item in items { attempts.append(try await task.attempt(item, with: functions)) }
        return attempts
    }

    /// Up to `count` attempts: failures first, in a random order, then others.
    private static func shown(
        _ attempts: [AgentAttempt<Task.Item>], _ count: Int, _ random: inout Random
    ) -> [AgentAttempt<Task.Item>] {
        var failed = attempts.filter { $0.score < 1 }
        var others = attempts.filter { $0.score >= 1 }
        random.shuffle(&failed)
        random.shuffle(&others)
        return Array((failed + others).prefix(count))
    }

    static func mean(_ attempts: [AgentAttempt<Task.Item>]) -> Double {
        attempts.reduce(0) { $0 + $1.score } / Double(attempts.count)
    }
}
