/// All that a policy may look at: the item's context, which stages were asked, and the evidence they gave.
///
/// One state can serve many items: ``begin(context:group:coin:)`` starts over without allocating.
public struct PolicyState: Sendable {
    /// The names of the signals.
    public let schema: LogSchema
    /// The stages asked so far.
    public private(set) var asked = StageSet()
    /// Context, then the evidence of all stages (``LogSchema``); `NaN` where not (yet) known.
    public private(set) var signals: [Double]
    /// The item's group, if it has one.
    public private(set) var group: String?
    /// A uniform number in [0, 1), drawn once an item: all the chance a randomised policy has.
    public private(set) var coin: Double = 0

    /// What was spent on the item so far, in the objective's scalar unit.
    public private(set) var spent: Double = 0

    /// A state before anything was asked.
    public init(schema: LogSchema) {
        self.schema = schema
        signals = [Double](repeating: .nan, count: schema.signalCount)
    }

    /// Starts over with a new item.
    /// - Parameters:
    ///   - context: the item's context numbers, `[context]`; `NaN` is missing.
    ///   - group: the item's group.
    ///   - coin: a uniform number in [0, 1).
    @inlinable
    public mutating func begin(context: some Collection<Double>, group: String? = nil, coin: Double = 0) {
        reset(group: group, coin: coin)
        var index = 0
        for value in context {
            setSignal(index, value)
            index += 1
        }
    }

    /// Starts over with item `item` of `log`.
    public mutating func begin(_ log: OutcomeLog, item: Int, coin: Double = 0) {
        reset(group: log.groups[item], coin: coin)
        let width = schema.context.count
        for index in 0..<width { signals[index] = log.context[item * width + index] }
    }

    @usableFromInline
    mutating func reset(group: String?, coin: Double) {
        asked = StageSet()
        self.group = group
        self.coin = coin
        spent = 0
        for index in signals.indices { signals[index] = .nan }
    }

    @usableFromInline
    mutating func setSignal(_ index: Int, _ value: Double) { signals[index] = value }

    /// Takes note that `stage` answered with `evidence`, in the order of its schema, at the scalar cost `cost`.
    @inlinable
    public mutating func record(stage: Int, evidence: some Collection<Double>, cost: Double = 0) {
        markAsked(stage, cost: cost)
        var index = schema.evidenceOffsets[stage]
        for value in evidence {
            setSignal(index, value)
            index += 1
        }
    }

    /// Takes note of the answer that `log` holds of `stage` for `item`, at the scalar cost `cost`.
    public mutating func record(_ log: OutcomeLog, item: Int, stage: Int, cost: Double = 0) {
        markAsked(stage, cost: cost)
        let context = schema.context.count
        let row = item * (signals.count - context) - context
        for index in schema.evidenceOffsets[stage]..<schema.evidenceOffsets[stage + 1] {
            signals[index] = log.evidence[row + index]
        }
    }

    @usableFromInline
    mutating func markAsked(_ stage: Int, cost: Double) {
        asked.insert(stage)
        spent += cost
    }

    /// The same state with another coin.
    public func with(coin: Double) -> PolicyState {
        var state = self
        state.coin = coin
        return state
    }

    /// The same state with signal `index` set to `value`: for asking what would have changed a decision.
    public func with(signal index: Int, _ value: Double) -> PolicyState {
        var state = self
        state.signals[index] = value
        return state
    }
}
