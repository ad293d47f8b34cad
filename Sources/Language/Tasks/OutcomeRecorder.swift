public import Cascades
public import NumericalMethods
import Probability

/// Asks several stages every question of a task and keeps what they answered, how good it was and what it cost, as an
/// outcome log from which policies are learned.
public struct OutcomeRecorder: Sendable {
    /// A question that could not be recorded.
    public struct Failure: Sendable {
        /// The question's id.
        public var id: String
        /// The stage that failed.
        public var stage: String
        /// Why.
        public var reason: String
    }

    /// What came of a recording.
    public struct Summary: Sendable {
        /// Questions that the log held before.
        public var skipped = 0
        /// Questions recorded now.
        public var recorded = 0
        /// Questions that a stage can't be asked, such as one longer than its context: recorded without that cell.
        public var refused: [Failure] = []
        /// Questions that failed and were not recorded: the next run asks the stages that failed again. What the others
        /// answered is kept until then, in a file beside the log.
        public var failed: [Failure] = []
        /// Questions that were not asked any more, for none before them had come through for too long.
        public var unasked = 0
    }

    /// The stages, in the order of the log's columns.
    public let stages: [any Stage<Question, String>]
    /// How answers are judged.
    public var judge: Judge
    /// How many questions a stage is asked at once. Their time is shared evenly among them: with more than one at once the
    /// log's seconds are computing time, not how long a person would have waited.
    public var batch = 8
    /// After so many questions in a row of which none could be recorded the rest is not asked: a wrong name or an endpoint that
    /// is down should not be found out, and paid for, a thousand times.
    public var patience = 24
    /// Whether the questions' texts are kept in the log.
    public var keepsInputs = true
    /// Chooses the tokens where the stages draw any: question `i` of the file has stream `i`.
    public var seed: UInt64 = 0

    /// A recorder of `stages`.
    public init(stages: [any Stage<Question, String>], judge: Judge) {
        self.stages = stages
        self.judge = judge
    }

    /// The columns of its logs.
    public var schema: LogSchema { LogSchema(context: Question.context.names, stages: stages.map { $0.schema }) }

    /// Asks the stages all of `questions` that the log at `path` does not hold, and appends what comes of it.
    /// - Throws: ``LogError``, or `CancellationError` when the task is cancelled; what was recorded stays.
    public func record(
        _ questions: [Question], to path: String, progress: ProgressReporter = .none
    ) async throws -> Summary {
        let log = try LogAppender(path: path, schema: schema)
        let kept = KeptAnswers(besides: path)
        let waiting = questions.enumerated().filter { !log.recorded.contains($0.element.id) }
            .map { Numbered(number: UInt64($0.offset), question: $0.element) }
        var summary = Summary()
        summary.skipped = questions.count - waiting.count
        let tracker = progress.begin("asking \(stages.map(\.name).joined(separator: " and "))", total: waiting.count)
        defer { tracker.finish() }
        var vain = 0
        for start in stride(from: 0, to: waiting.count, by: max(1, batch)) {
            if vain >= patience {
                summary.unasked = waiting.count - start
                break
            }
            let part = Array(waiting[start..<min(start + max(1, batch), waiting.count)])
            var runs: [[Result<Run<String>, any Error>]] = []
            for index in stages.indices {
                let schema = stages[index].schema
                runs.append(await ask(index, part, known: part.map { kept.run(of: $0.question, by: schema) }))
            }
            for place in part.indices where runs.contains(where: { Self.isFailure($0[place]) }) {
                let paid = zip(stages, runs).compactMap { stage, results in
                    (try? results[place].get()).map { (stage: stage.schema, run: $0) }
                }
                try kept.keep(part[place].question, paid)
            }
            try Task.checkCancellation()
            if let items = try items(part, runs, &summary) {
                try log.append(items)
                vain = 0
            } else {
                vain += part.count
            }
            tracker.advance(by: part.count)
        }
        kept.finish(recorded: log.recorded)
        return summary
    }

    private struct Numbered: Sendable {
        var number: UInt64
        var question: Question
    }

    private struct Asked: Sendable {
        var place: Int
        var run: Result<Run<String>, any Error>
        var isKnown = false
    }

    /// Whether the question is to be asked again: one that the stage can't be asked is no failure.
    private static func isFailure(_ result: Result<Run<String>, any Error>) -> Bool {
        guard case .failure(let error) = result else { return false }
        if case LanguageError.contextOverflow = error { return false }
        return true
    }

    /// What stage `index` says to all of `part`, asked at once; what is `known` is not asked again.
    private func ask(
        _ index: Int, _ part: [Numbered], known: [Run<String>?]
    ) async -> [Result<Run<String>, any Error>] {
        let stage = stages[index]
        let clock = ContinuousClock()
        let start = clock.now
        let asked = await withTaskGroup(of: Asked.self) { group in
            for (place, item) in part.enumerated() {
                if let run = known[place] {
                    group.addTask { Asked(place: place, run: .success(run), isKnown: true) }
                    continue
                }
                group.addTask {
                    var random = Random(seed: seed).split(item.number).split(UInt64(index))
                    do {
                        return Asked(place: place, run: .success(try await stage.run(item.question, using: &random)))
                    } catch {
                        return Asked(place: place, run: .failure(error))
                    }
                }
            }
            var asked: [Asked] = []
            for await one in group { asked.append(one) }
            return asked.sorted { $0.place < $1.place }
        }
        let count = asked.count { !$0.isKnown }
        let seconds = start.duration(to: clock.now) / .seconds(1) / Double(max(1, count))
        return asked.map { one in
            one.run.map { run in
                var run = run
                if count > 1, !one.isKnown { run.cost.seconds = seconds }
                return run
            }
        }
    }

    /// The items of `part` as a log, those that failed left out.
    private func items(
        _ part: [Numbered], _ runs: [[Result<Run<String>, any Error>]], _ summary: inout Summary
    ) throws -> OutcomeLog? {
        var kept: [Int] = []
        for place in part.indices {
            var isKept = true
            for (stage, results) in zip(stages, runs) {
                guard case .failure(let error) = results[place] else { continue }
                let failure = Failure(id: part[place].question.id, stage: stage.name, reason: "\(error)")
                if Self.isFailure(results[place]) {
                    summary.failed.append(failure)
                    isKept = false
                } else {
                    summary.refused.append(failure)
                }
            }
            if isKept { kept.append(place) }
        }
        guard !kept.isEmpty else { return nil }
        summary.recorded += kept.count
        let schema = schema
        let cells = kept.flatMap { place in runs.map { try? $0[place].get() } }
        func column(_ value: (Run<String>) -> Double) -> [Double] { cells.map { $0.map(value) ?? .nan } }
        var quality = column { _ in 0 }
        for (row, place) in kept.enumerated() {
            for stage in stages.indices {
                let cell = row * stages.count + stage
                guard let run = cells[cell] else { continue }
                quality[cell] =
                    run.decision.output.map {
                        judge.quality(of: $0, expected: part[place].question.answers)
                    } ?? 0
            }
        }
        let questions = kept.map { part[$0].question }
        var log = OutcomeLog(schema: schema, ids: questions.map(\.id), quality: quality)
        if keepsInputs { log.inputs = questions.map(\.input) }
        log.groups = CodedColumn(questions.map(\.group))
        log.splits = CodedColumn(questions.map(\.split))
        log.context = try questions.flatMap { try Question.context.values($0) }
        log.money = column(\.cost.money)
        log.seconds = column { ($0.cost.seconds * 1e5).rounded() / 1e5 }
        log.operations = column(\.cost.operations)
        log.tokensIn = column(\.cost.tokensIn)
        log.tokensOut = column(\.cost.tokensOut)
        for values in [\OutcomeLog.money, \.operations] where log[keyPath: values].allSatisfy({ !($0 > 0) }) {
            log[keyPath: values] = []
        }
        log.answers = stages.indices.map { stage in
            CodedColumn(kept.indices.map { cells[$0 * stages.count + stage]?.decision.output })
        }
        // Five decimals are more than the logits are worth.
        log.evidence = kept.indices.flatMap { row in
            stages.indices.flatMap { stage in
                (cells[row * stages.count + stage]?.evidence.values
                    ?? [Double](repeating: .nan, count: schema.stages[stage].evidence.count))
                    .map { ($0 * 1e5).rounded() / 1e5 }
            }
        }
        return log
    }
}
