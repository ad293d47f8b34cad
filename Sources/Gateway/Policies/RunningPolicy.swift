import Cascades

/// A policy that exists in a running gateway only: made of others, never written to a file.
protocol RunningPolicy: Policy {}

extension RunningPolicy {
    init(from decoder: any Decoder) throws {
        throw DecodingError.dataCorrupted(
            .init(codingPath: decoder.codingPath, debugDescription: "a policy of this kind is never kept in a file"))
    }

    func encode(to encoder: any Encoder) throws {
        throw EncodingError.invalidValue(
            self,
            .init(codingPath: encoder.codingPath, debugDescription: "a policy of this kind is never kept in a file"))
    }
}

/// Asks every stage at once and gives the answer of one by chance, so that what each would have said, and how good it is,
/// can be learned without a bias.
///
///     ask all of S;  stop with stage s with probability 1 / |S|
struct ExploringPolicy: RunningPolicy {
    static let kind = "exploring"
    let stages: StageSet

    func next(_ state: PolicyState) -> Move {
        guard state.asked.isEmpty else {
            let place = min(Int(state.coin * Double(stages.count)), stages.count - 1)
            return .stop(answer: Array(stages)[place])
        }
        return .ask(stages)
    }

    func formula(_ schema: LogSchema) -> String {
        "ask \(stages.map { schema.stages[$0].name }.joined(separator: ", ")); answer with one of them by chance"
    }

    var reach: StageSet { stages }
}

/// A policy that was learned on other signals of the same stages: it sees those of its own that are there, and no others.
struct WidenedPolicy: RunningPolicy {
    static let kind = "widened"
    let base: any Policy
    let schema: LogSchema
    /// For each of the base's signals, the index in the wider schema.
    private let places: [Int]

    /// `base`, which knows `schema`, among the signals of `wide`, which holds them all.
    init(_ base: any Policy, schema: LogSchema, among wide: LogSchema) {
        self.base = base
        self.schema = schema
        var places = schema.context.map { wide.context.firstIndex(of: $0) ?? -1 }
        for (stage, own) in schema.stages.enumerated() {
            for name in own.evidence {
                let place = wide.stages[stage].evidence.firstIndex(of: name)
                places.append(place.map { wide.evidenceOffsets[stage] + $0 } ?? -1)
            }
        }
        self.places = places
    }

    private func own(_ state: PolicyState) -> PolicyState {
        var narrow = PolicyState(schema: schema)
        let context = schema.context.count
        func value(_ index: Int) -> Double { places[index] < 0 ? .nan : state.signals[places[index]] }
        narrow.begin(context: (0..<context).map(value), group: state.group, coin: state.coin)
        var cost = state.spent
        for stage in state.asked {
            narrow.record(stage: stage, evidence: schema.evidenceRange(of: stage).map(value), cost: cost)
            cost = 0
        }
        return narrow
    }

    func next(_ state: PolicyState) -> Move { base.next(own(state)) }
    func formula(_ schema: LogSchema) -> String { base.formula(self.schema) }
    func terms(_ state: PolicyState) -> [PolicyTerm] { base.terms(own(state)) }
    var reach: StageSet { base.reach }
    func settles(on stage: Int, in state: PolicyState) -> Bool { base.settles(on: stage, in: own(state)) }
}
