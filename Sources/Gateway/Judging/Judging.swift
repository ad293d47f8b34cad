import Cascades
import Logging
import NIOCore
import Probability
import Storage
import Synchronization

/// Has a sample of the answers judged, off the requests' way, and hands their quality on as feedback.
///
/// Which requests are in the sample is chance of its own, so that their mean quality is that of all. What there is no room
/// for is dropped and counted.
final class Judging: Sendable {
    /// What one stage said.
    struct Said: Sendable {
        var stage: Int
        var name: String
        var text: String
    }

    /// One request to be judged.
    struct Job: Sendable {
        var request: String
        var settings: JudgeSettings
        var body: ByteBuffer
        var question: String
        /// What stages said, the answer that was given last.
        var answers: [Said]

        var size: Int { 300 + body.readableBytes + question.utf8.count + answers.reduce(0) { $0 + $1.text.utf8.count } }
    }

    /// What was counted of a model's judge.
    struct Counts: Sendable, Hashable {
        var judged = 0
        var failed = 0
        var dropped = 0
        var waiting = 0
        /// Dollars that judging cost.
        var money = 0.0
    }

    private struct State {
        var queues: [String: JudgeQueue<Job>] = [:]
        var counts: [String: Counts] = [:]
        var random: Random
        var tasks: [Int: Task<Void, Never>] = [:]
        var nextTask = 0
        var isOver = false
    }

    private let state: Mutex<State>
    private let logger: Logger
    private let time: @Sendable () -> Double
    /// Takes each judgement.
    private let take: @Sendable (Feedback) async -> Void

    init(
        seed: UInt64, logger: Logger, time: @escaping @Sendable () -> Double,
        take: @escaping @Sendable (Feedback) async -> Void
    ) {
        // Not the stream that coins of policies come from.
        state = Mutex(State(random: Random(seed: seed).split(0x6A75_6467)))
        self.logger = logger
        self.time = time
        self.take = take
    }

    /// Whether the request that `model` now begins is to be judged.
    func samples(_ model: VirtualModel) -> Bool {
        guard let settings = model.judging else { return false }
        let isExplored = model.policies?.acting[model.drawn].part == .exploring
        let share = isExplored ? settings.exploredShare : settings.share
        if share >= 1 { return true }
        return share > 0 && state.withLock { $0.random.uniform() } < share
    }

    /// Has the answers of `run`, which is in the sample, judged.
    func judge(_ run: ModelRun) {
        guard let settings = run.model.judging, run.record.status == 200,
            [.answered, .failedOver, .continued, .released].contains(run.record.decision)
        else { return }
        let record = run.record
        let all = settings.judgesAll || record.isExplored
        var answers: [Said] = []
        for choice in record.choices {
            guard let text = choice.output, choice.failure == nil, all || choice.name == record.answeredBy else {
                continue
            }
            answers.append(Said(stage: choice.stage, name: choice.name, text: text))
        }
        // The answer that was given comes last: a row of explored answers counts once it is judged.
        if let given = answers.firstIndex(where: { $0.name == record.answeredBy }) {
            answers.append(answers.remove(at: given))
        }
        guard !answers.isEmpty else { return }
        let job = Job(
            request: record.id, settings: settings, body: run.body, question: run.lastText, answers: answers)
        let model = record.model
        let offer = state.withLock { state -> JudgeQueue<Job>.Offer in
            if state.isOver { return .dropped }
            return state.queues[
                model,
                default: JudgeQueue(
                    concurrency: settings.concurrency, capacity: settings.waiting, mostBytes: 32 << 20)
            ].offer(job, size: job.size)
        }
        if case .start(let job) = offer { start(job, model) }
    }

    /// What was counted, by model.
    var counts: [String: Counts] {
        state.withLock { state in
            var counts = state.counts
            for (name, queue) in state.queues {
                counts[name, default: Counts()].dropped = queue.dropped
                counts[name, default: Counts()].waiting = queue.waitingCount
            }
            return counts
        }
    }

    /// Ends what is being judged; nothing is judged after it.
    func close() async {
        let tasks = state.withLock { state in
            state.isOver = true
            return Array(state.tasks.values)
        }
        for task in tasks { task.cancel() }
        for task in tasks { await task.value }
    }

    // MARK: - Inside

    private func start(_ job: Job, _ model: String) {
        state.withLock { state in
            if state.isOver { return }
            state.nextTask += 1
            let number = state.nextTask
            state.tasks[number] = Task { await self.work(job, model, number) }
        }
    }

    /// Judges `job` and what waits behind it.
    private func work(_ job: Job, _ model: String, _ number: Int) async {
        var job = job
        while true {
            await carryOut(job, model)
            let next = state.withLock { state in state.isOver ? nil : state.queues[model]?.next() }
            guard let next else { break }
            job = next
        }
        state.withLock { $0.tasks[number] = nil }
    }

    private func carryOut(_ job: Job, _ model: String) async {
        for answer in job.answers {
            do {
                guard let grade = try await grade(answer, job, model) else {
                    throw StageError.badReply(reason: "no number from 0 to 1 is in it")
                }
                state.withLock { $0.counts[model, default: Counts()].judged += 1 }
                await take(
                    Feedback(
                        request: job.request, stage: answer.stage, source: "judge", quality: grade, time: time()))
            } catch {
                state.withLock { $0.counts[model, default: Counts()].failed += 1 }
                logger.debug("an answer could not be judged", metadata: ["model": "\(model)", "error": "\(error)"])
            }
        }
    }

    private func grade(
        _ answer: Said, _ job: Job, _ model: String
    ) async throws -> Double? {
        switch job.settings.judge {
        case .program(let program):
            var object: JSONTree = [
                "request_id": .string(job.request), "model": .string(model), "stage": .string(answer.name),
                "question": .string(job.question), "answer": .string(answer.text),
            ]
            if case .object(var members) = object, let request = try? JSONTree(job.body) {
                members.append(JSONTree.Member("request", request))
                object = .object(members)
            }
            return Grade.number(try await program.run(object))
        case .stage(let stage):
            // Marks that no request can know.
            let mark = "\(job.request)-\(job.request.hashValue)"
            let length = min(job.body.readableBytes, 64 << 10)
            let request = String(buffer: job.body.getSlice(at: job.body.readerIndex, length: length) ?? job.body)
            let said = try await StageQuestion(stage: stage, instruction: job.settings.instruction).ask(
                """
                The request, as JSON, between two marks \(mark):
                \(mark)
                \(request)
                \(mark)
                The answer, between two marks \(mark):
                \(mark)
                \(answer.text)
                \(mark)
                Your grade, a number from 0 to 1:
                """)
            state.withLock { $0.counts[model, default: Counts()].money += said.cost.money }
            return Grade.number(said.text)
        }
    }
}
