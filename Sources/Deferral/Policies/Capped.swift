public import Cascades
import Probability

/// Another policy under a hard cap: no item ever costs more.
///
///     ask only stages whose largest cost still fits:   spent + sum of ceilings <= cap
///
/// What the policy asks beyond that is left out, the dearest first. When nothing of it fits, the answer is that of the
/// asked stage with the best mean quality; when nothing was asked at all, that of the best stage that fits alone.
/// Ceilings are the largest costs in the log that the policy was learned on: an item dearer than any of those can
/// still exceed the cap by its last stage.
public struct CappedPolicy: Policy {
    public static let kind = "capped"

    /// The policy under the cap.
    public var base: any Policy { coded.policy }
    private let coded: CodedPolicy
    /// The most that an item may cost, in scalar cost.
    public let cap: Double
    /// The largest cost of each stage, `[stages]`.
    public let ceilings: [Double]
    /// Mean quality of each stage, `[stages]`: which answer to give when the cap ends the run.
    public let quality: [Double]

    /// `base` under `cap`.
    public init(_ base: any Policy, cap: Double, ceilings: [Double], quality: [Double]) {
        coded = CodedPolicy(base)
        self.cap = cap
        self.ceilings = ceilings
        self.quality = quality
    }

    private enum CodingKeys: String, CodingKey {
        case coded = "base"
        case cap, ceilings, quality
    }

    public func next(_ state: PolicyState) -> Move {
        guard case .ask(let wanted) = base.next(state) else { return base.next(state) }
        var left = cap - state.spent
        var affordable = StageSet()
        var rest = wanted
        while let cheapest = rest.min(by: { (ceilings[$0], $0) < (ceilings[$1], $1) }) {
            rest.remove(cheapest)
            guard ceilings[cheapest] <= left else { break }
            left -= ceilings[cheapest]
            affordable.insert(cheapest)
        }
        if !affordable.isEmpty { return .ask(affordable) }
        if let best = state.asked.max(by: { (quality[$0], $1) < (quality[$1], $0) }) { return .stop(answer: best) }
        let fitting = reach.filter { ceilings[$0] <= cap }
        guard let best = fitting.max(by: { (quality[$0], $1) < (quality[$1], $0) }) else { return .abstain }
        return .ask(best)
    }

    public func formula(_ schema: LogSchema) -> String {
        base.formula(schema)
            + "\nunder a cap of \(Number.short(cap)) an item: a stage is asked only if its largest cost still fits"
    }

    public func terms(_ state: PolicyState) -> [PolicyTerm] {
        base.terms(state) + [PolicyTerm("spent so far, under the cap", state.spent, threshold: cap)]
    }

    /// Any stage that fits may have to stand in for one that does not.
    public var reach: StageSet { .all(ceilings.count) }

    /// As the base says: what stops it is never asked further.
    public func settles(on stage: Int, in state: PolicyState) -> Bool { base.settles(on: stage, in: state) }
}

/// A path whose every policy is under a cap.
struct CappedPath: PolicyPath {
    let base: any PolicyPath
    let cap: Double
    let ceilings: [Double]
    let quality: [Double]

    init(_ base: any PolicyPath, cap: Double, log: CostedLog) {
        self.base = base
        self.cap = cap
        ceilings = log.largestCost
        quality = log.meanQuality.map { $0.isNaN ? -Double.greatestFiniteMagnitude : $0 }
    }

    func policy(price: Double) -> any Policy {
        CappedPolicy(base.policy(price: price), cap: cap, ceilings: ceilings, quality: quality)
    }
}

/// A family of which every policy is put under a cap.
struct CappedLearner: PolicyLearner {
    let base: any PolicyLearner
    let cap: Double

    var family: String { base.family }
    var summary: String { base.summary }

    func obstacle(_ log: CostedLog) -> String? {
        if !log.largestCost.contains(where: { $0 <= cap }) { return "no stage always costs less than the cap" }
        return base.obstacle(log)
    }

    func fit(_ log: CostedLog, using random: inout Random) throws -> any PolicyPath {
        CappedPath(try base.fit(log, using: &random), cap: cap, log: log)
    }
}
