import Cascades
import Deferral
import Reports

/// An item that a policy is explained on: one of a log, or one that was told on the command line.
struct ExplainedItem {
    /// What a stage said of it.
    struct Said {
        /// The answer's text.
        var text: String?
        /// Its evidence, in the order of the schema; `NaN` is missing.
        var evidence: [Double]
        /// What it cost; nil where that is not known.
        var cost: Double?
        /// How good it was; nil where that is not known.
        var quality: Double?
    }

    /// Its id; nil outside a log.
    let id: String?
    let input: String?
    let group: String?
    /// Its context, in the order of the schema; `NaN` is missing.
    let context: [Double]
    /// What each stage said, `[stages]`; nil where it was not asked.
    let said: [Said?]
    /// The cost of asking stages at once.
    let cost: (StageSet) -> Double
    let schema: LogSchema
    /// Whether its costs are what was spent on it, not what stages cost on average.
    let isMeasured: Bool

    /// An item outside any log that was asked just now.
    init(
        input: String, group: String?, context: [Double], said: [Said?], cost: @escaping (StageSet) -> Double,
        schema: LogSchema
    ) {
        id = nil
        self.input = input
        self.group = group
        self.context = context
        self.said = said
        self.cost = cost
        self.schema = schema
        isMeasured = true
    }

    /// Item `item` of `log`.
    init(_ log: CostedLog, item: Int) {
        let schema = log.log.schema
        self.schema = schema
        isMeasured = true
        id = log.log.ids[item]
        input = log.log.inputs.isEmpty || log.log.inputs[item].isEmpty ? nil : log.log.inputs[item]
        group = log.log.groups[item]
        let width = schema.context.count
        context = (0..<width).map { log.log.context[item * width + $0] }
        said = schema.stages.indices.map { stage in
            guard log.log.isPresent(item: item, stage: stage) else { return nil }
            return Said(
                text: log.log.answers.isEmpty ? nil : log.log.answers[stage][item],
                evidence: schema.evidenceRange(of: stage).map { log.log.signal(item: item, $0) },
                cost: log.cost(item: item, stage: stage), quality: log.log.quality(item: item, stage: stage))
        }
        cost = { log.cost(item: item, stages: $0) }
    }

    /// An item outside any log, as told by `options`; costs are the mean costs of `log`, or not known without one.
    init(_ options: ItemOptions, schema: LogSchema, log: CostedLog?) throws {
        self.schema = schema
        isMeasured = false
        id = nil
        input = nil
        group = options.group
        var context = [Double](repeating: .nan, count: schema.context.count)
        for given in options.context {
            guard let index = schema.context.firstIndex(of: given.name) else {
                throw Failure(
                    .usage,
                    schema.context.isEmpty
                        ? "--context \(given.name): the policy knows of no context."
                        : "--context \(given.name): the policy knows of no such number. It knows \(schema.context.joined(separator: ", "))."
                )
            }
            context[index] = given.value
        }
        self.context = context
        var said = [Said?](repeating: nil, count: schema.stages.count)
        func begin(_ name: String, option: String) throws -> Int {
            guard let stage = schema.stages.firstIndex(where: { $0.name == name }) else {
                throw Failure(
                    .usage,
                    "\(option): the policy has no stage '\(name)'. It has \(schema.stages.map(\.name).joined(separator: ", "))."
                )
            }
            if said[stage] == nil {
                said[stage] = Said(
                    evidence: schema.stages[stage].evidence.map { _ in .nan }, cost: log?.meanCost[stage])
            }
            return stage
        }
        for name in options.asked { _ = try begin(name, option: "--asked \(name)") }
        for given in options.evidence {
            guard given.name.contains(".") else {
                throw Failure(
                    .usage, "--evidence \(given.name): expected the stage, too, such as \(Self.example(schema)).")
            }
            // A stage's name may hold dots, so the longest stage that fits is taken.
            let name =
                schema.stages.map(\.name).filter { given.name.hasPrefix($0 + ".") }.max { $0.count < $1.count }
                ?? String(given.name.prefix { $0 != "." })
            let stage = try begin(name, option: "--evidence \(given.name)")
            let number = given.name.dropFirst(name.count + 1)
            let known = schema.stages[stage].evidence
            guard let index = known.firstIndex(of: String(number)) else {
                throw Failure(
                    .usage,
                    "--evidence \(given.name): \(name) gives no evidence '\(number)'. "
                        + (known.isEmpty ? "It gives none." : "It gives \(known.joined(separator: ", ")).")
                )
            }
            said[stage]?.evidence[index] = given.value
        }
        self.said = said
        cost = { stages in stages.reduce(0) { $0 + (log?.meanCost[$1] ?? 0) } }
    }

    /// How evidence is told, with a name that the policy knows.
    private static func example(_ schema: LogSchema) -> String {
        let stage = schema.stages.first { !$0.evidence.isEmpty }
        return stage.map { "\($0.name).\($0.evidence[0])=0.5" } ?? "stage.name=0.5"
    }
}
