import Cascades
import Foundation
import Synchronization

/// What the gateway learns, model by model: told of requests and of feedback, it hands on what is to be done.
///
/// It does nothing itself; ``PolicyShelf`` carries out what it says.
final class Learning: Sendable {
    /// Something to be done for a model.
    enum Event: Sendable {
        case action(LearningAction, model: String, time: Double)
        /// Feedback on a request that is not remembered: the store may know it.
        case unknown(request: String, stage: Int?, quality: Double, source: String)
    }

    /// One model's state.
    final class Learner: Sendable {
        let state: Mutex<ModelLearning>
        init(_ learning: ModelLearning) { state = Mutex(learning) }
    }

    private let learners = Mutex<[String: Learner]>([:])
    private let seed: UInt64
    /// Seconds since 1970.
    private let time: @Sendable () -> Double
    /// Takes a request for counted, and says whether it was not: by any gateway, at any time.
    private let claim: @Sendable (String) async -> Bool
    private let continuation: AsyncStream<Event>.Continuation
    /// What is to be done, in order; for one reader.
    let events: AsyncStream<Event>
    /// Feedback that the store is to be asked about.
    private let waiting = Atomic<Int>(0)
    private let raised = Mutex<[LearningAlarm]>([])

    /// - Parameters:
    ///   - time: the time of day, in seconds since 1970.
    ///   - claim: takes a request for counted where several gateways count, and says whether it was not.
    init(
        seed: UInt64, time: @escaping @Sendable () -> Double = { Date().timeIntervalSince1970 },
        claim: @escaping @Sendable (String) async -> Bool = { _ in true }
    ) {
        self.seed = seed
        self.time = time
        self.claim = claim
        (events, continuation) = AsyncStream.makeStream(of: Event.self)
    }

    /// What `models` are held to from now on. What is known of versions that stay is kept.
    func renew(_ models: [VirtualModel]) {
        learners.withLock { learners in
            var next: [String: Learner] = [:]
            for model in models {
                guard let policies = model.policies else { continue }
                if let learner = learners[model.name] {
                    learner.state.withLock { $0.renew(policies, model.learning) }
                    next[model.name] = learner
                } else {
                    next[model.name] = Learner(ModelLearning(policies, model.learning, seed: seed))
                }
            }
            learners = next
        }
    }

    /// A request has ended; gives its record the probabilities with which its stages were asked.
    func ran(_ run: inout ModelRun) {
        // What was answered again was decided before, for another request.
        guard let policies = run.model.policies, run.record.decision != .cached else { return }
        let one = policies.acting[run.model.drawn]
        run.record.isExplored = one.part == .exploring
        var learned = LearnedRun(id: run.record.id, time: run.record.time, version: one.name, part: one.part)
        learned.canaryShares = policies.canaryShares
        learned.context = run.record.context
        learned.group = run.record.group
        learned.choices = run.record.choices
        learned.answered = run.record.answeredBy.flatMap { name in run.model.stages.firstIndex { $0.name == name } }
        learned.money = run.record.choices.reduce(0) { $0 + $1.cost.money }
        let decided = run.record.decision == .answered || run.record.decision == .abstained
        learned.isRegular = decided && !run.record.choices.contains { $0.failure != nil }
        // Where one policy decides they follow from its rule. Where something failed, more than chance decided.
        if learned.isRegular, policies.acting.count > 1 {
            run.record.propensities = PolicyReplay.propensities(
                policies, context: learned.context, group: learned.group, choices: learned.choices)
        }
        guard let learner = learners.withLock({ $0[run.model.name] }) else { return }
        hand(learner.state.withLock { $0.ran(learned) }, run.model.name)
    }

    /// Somebody said how good the answer to `request` was: that of `stage`, or the one that was given where it is nil.
    func judged(_ request: String, stage: Int? = nil, quality: Double, source: String) async {
        for (name, learner) in learners.withLock({ $0 })
        where learner.state.withLock({ $0.remembers(request) }) {
            await count(request, stage, quality, source, learner, name)
            return
        }
        // While the store is slow, what is beyond this is let go: it is in the store's log all the same.
        guard waiting.load(ordering: .relaxed) < 1000 else { return }
        waiting.wrappingAdd(1, ordering: .relaxed)
        continuation.yield(.unknown(request: request, stage: stage, quality: quality, source: source))
    }

    /// One of the unknown was asked about.
    func asked() { waiting.wrappingSubtract(1, ordering: .relaxed) }

    /// Feedback on a request that was remembered elsewhere: by another gateway, or before this one began.
    func judged(
        _ request: String, model: String, version: String, answered: Int?, stage: Int?, quality: Double, source: String
    ) async {
        guard let learner = learners.withLock({ $0[model] }) else { return }
        learner.state.withLock { $0.recall(request, version: version, answered: answered) }
        await count(request, stage, quality, source, learner, model)
    }

    /// Counts a verdict on a request that `learner` remembers, unless another gateway, or this one before it began anew, has
    /// counted one.
    private func count(
        _ request: String, _ stage: Int?, _ quality: Double, _ source: String, _ learner: Learner, _ model: String
    ) async {
        let isFirst = learner.state.withLock {
            $0.counts(request, stage: stage, quality: quality, source: source)
        }
        if isFirst, await !claim(request) { return }
        hand(
            learner.state.withLock { $0.judged(request, stage: stage, quality: quality, source: source) }, model)
    }

    /// Takes in explored requests of before.
    func restore(_ rows: [ExploredRow], of model: String) {
        learners.withLock { $0[model] }?.state.withLock { $0.restore(rows) }
    }

    /// What the tests of `model` have come to.
    func tests(of model: String) -> TestState? { learners.withLock { $0[model] }?.state.withLock { $0.tests } }

    /// Goes on with the tests of `model` where `tests` ended.
    func resume(_ tests: TestState, of model: String) {
        learners.withLock { $0[model] }?.state.withLock { $0.resume(tests) }
    }

    /// The state of `model`, as it is now.
    func state(of model: String) -> ModelLearning? {
        learners.withLock { $0[model] }?.state.withLock { $0 }
    }

    /// The models that learn, by name.
    var models: [String] { learners.withLock { $0.keys.sorted() } }

    /// The last alarms, the newest last.
    var alarms: [LearningAlarm] { raised.withLock { $0 } }

    /// Raises an alarm.
    func raise(_ alarm: LearningAlarm) {
        raised.withLock { alarms in
            if alarms.count >= 200 { alarms.removeFirst() }
            alarms.append(alarm)
        }
    }

    private func hand(_ actions: [LearningAction], _ model: String) {
        if actions.isEmpty { return }
        let now = time()
        for action in actions {
            if case .alarm(let kind, let text) = action {
                raise(LearningAlarm(time: now, model: model, kind: kind, text: text))
            }
            continuation.yield(.action(action, model: model, time: now))
        }
    }
}
