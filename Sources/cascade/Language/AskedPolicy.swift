import Cascades
import Deferral
import Foundation
import Language
import Reports

/// A learned policy over language models that are asked as it says.
struct AskedPolicy {
    private let path: String
    private let file: PolicyFile
    private let stages: [any Stage<Question, String>]
    private let log: CostedLog?
    private let sampling: SamplingOptions

    /// The policy in the file at `path`.
    /// - Parameters:
    ///   - models: names or paths in the order of the policy's stages; nil takes the stages' own names.
    ///   - log: the log from which an explanation takes other values.
    init(
        path: String, models: [String]?, task: QuestionTask, options: ModelOptions, sampling: SamplingOptions,
        log: String?
    ) throws {
        self.path = path
        self.sampling = sampling
        let file = try PolicyFile.read(from: path)
        self.file = file
        self.log = try log.map { try file.prepare(LogReading.read($0)) }
        let schema = file.schema
        let names = models ?? schema.stages.map(\.name)
        guard names.count == schema.stages.count else {
            throw Failure(
                .usage,
                "--models: \(names.count) given, and the policy has \(schema.stages.count) stages: \(schema.stages.map(\.name).joined(separator: ", "))."
            )
        }
        // A name that means no model should be known before the first one is asked.
        for name in names { try options.check(name) }
        let parameters = sampling.parameters
        stages = try zip(schema.stages, names).map { stage, name in
            let evidence = try Self.evidence(stage, policy: path)
            if evidence == nil, task.labels == nil {
                throw Failure(
                    .usage,
                    "\(path) was learned on a task whose answers are labels: give the file of that task with --task.")
            }
            return LazyStage(stage.name, evidence: stage.evidence) {
                let model = try options.load(name)
                return task.stage(
                    model, chat: model.chats, choosing: evidence == nil, evidence: evidence ?? .none,
                    sampling: parameters)
            }
        }
    }

    /// The evidence of a text that `stage` was logged with, or nil for that of a label.
    private static func evidence(_ stage: StageSchema, policy: String) throws -> TextEvidence? {
        if Set(stage.evidence) == Set(LabelStage<Question>.evidenceNames) { return nil }
        do {
            return try TextEvidence(names: stage.evidence)
        } catch {
            throw Failure(
                .data,
                "\(policy): stage \(stage.name) gave evidence that a language model doesn't give (\(stage.evidence.joined(separator: ", "))). Learn the policy from a log of `cascade record`."
            )
        }
    }

    /// Asks as the policy says and shows the answer.
    func ask(_ question: Question, explain: Bool, json: Bool) async throws {
        let known = file.schema.context
        let context = ItemContext<Question>(known, group: \.group) { question in
            let values = try Question.context.values(question)
            return known.map { name in
                Question.context.names.firstIndex(of: name).map { values[$0] } ?? .nan
            }
        }
        let cascade = try Cascade(
            path, stages: stages, policy: file.policy, context: context, weights: file.objective.weights,
            seed: sampling.seed, agrees: { $0.lowercased() == $1.lowercased() })
        let run = try await cascade.run(question)
        guard let trace = run.trace else { return }
        let item = ExplainedItem(
            trace, schema: file.schema, input: question.input, weights: file.objective.weights)
        let explanation = Explanation(
            file.policy, on: item, log: log?.log, objective: file.objective, coin: trace.coin)
        if json {
            var members: [(key: String, value: JSONValue)] = [
                ("answer", run.decision.output.map { .string($0) } ?? .null), ("policy", .string(path)),
                (
                    "asked",
                    .array(
                        trace.choices.map { choice in
                            [
                                "model": .string(file.schema.stages[choice.stage].name),
                                "answer": choice.output.map { .string($0) } ?? .null,
                                "cost": CostWords.json(choice.cost),
                            ]
                        })
                ),
                ("cost", CostWords.json(run.cost)),
            ]
            if explain { members.append(("explanation", explanation.json)) }
            Output.text(JSONValue.object(members).text)
            return
        }
        Output.line(run.decision.output ?? "(no answer: the policy abstains)")
        if explain {
            Output.line()
            explanation.print(policy: path, family: file.family)
        }
        let asked = trace.choices.map { file.schema.stages[$0.stage].name }
        Output.note("\(asked.joined(separator: ", then ")): \(CostWords.text(run.cost))")
    }
}

extension ExplainedItem {
    /// An item that was asked just now.
    init(_ trace: Trace<String>, schema: LogSchema, input: String, weights: CostWeights) {
        var said = [Said?](repeating: nil, count: schema.stages.count)
        for choice in trace.choices {
            said[choice.stage] = Said(
                text: choice.output, evidence: choice.evidence, cost: weights.scalar(choice.cost), quality: nil)
        }
        let costs = trace.choices.reduce(into: [Int: Cost]()) { $0[$1.stage] = $1.cost }
        self.init(
            input: input, group: trace.group, context: trace.context, said: said,
            cost: { stages in
                weights.scalar(stages.reduce(Cost.zero) { $0.alongside(costs[$1] ?? .zero) })
            }, schema: schema)
    }
}
