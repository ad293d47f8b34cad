import Cascades
public import Probability

/// Learns windows for selective classification: an answer that is wrong may cost more than none.
///
/// At price λ, over chains in order of cost, maximises
///
///     mean of  quality where answered, the objective's abstention quality where not,  less λ times cost.
///
/// The last stage's boundary is swept; for each boundary the window of the stage before it is found exactly by one
/// pass over its sorted scores (the best two cuts of a line into abstain, go on, answer), and so on towards the front.
/// Where abstaining is worth nothing (every answer has at least that quality) it reduces to thresholds.
public struct WindowLearner: PolicyLearner {
    public let family = "windows"
    public let summary = "answer, abstain, or go on only inside a window around the decision boundary"

    /// The evidence to use, by name; nil chooses for each stage as ``ThresholdLearner`` does.
    public var scoreName: String?
    /// How many boundaries of the last stage are tried.
    public var boundaries: Int

    /// A learner.
    public init(scoreName: String? = nil, boundaries: Int = 128) {
        self.scoreName = scoreName
        self.boundaries = boundaries
    }

    public func obstacle(_ log: CostedLog) -> String? {
        if log.log.quality.allSatisfy({ $0.isNaN || $0 >= log.objective.abstentionQuality }) {
            return "no answer is worse than none (set the abstention quality)"
        }
        return ThresholdLearner(scoreName: scoreName).obstacle(log)
    }

    public func fit(_ log: CostedLog, using random: inout Random) throws -> any PolicyPath {
        if let obstacle = obstacle(log) {
            throw DeferralError.unsuitableLog(
                family: family, reason: obstacle,
                remedy: "Say what no answer is worth, and log evidence with each answer.")
        }
        let scores = ThresholdLearner(scoreName: scoreName).scores(log)
        return WindowPath(log: log, scores: scores, boundaries: boundaries)
    }
}

/// The best windows on a log at each price.
struct WindowPath: PolicyPath {
    let log: CostedLog
    let scores: [ConfidenceScore?]
    let boundaries: Int
    private let orders: [ScoreOrder?]
    private let chains: [[Int]]

    init(log: CostedLog, scores: [ConfidenceScore?], boundaries: Int) {
        self.log = log
        self.scores = scores
        self.boundaries = boundaries
        let orders = scores.enumerated().map { _, score in
            score.map { score in
                ScoreOrder((0..<log.count).map { score.sign * log.log.signal(item: $0, score.signal) })
            }
        }
        self.orders = orders
        let quality = log.meanQuality
        let usable = log.stagesByCost.filter { !quality[$0].isNaN && orders[$0] != nil }
        chains = usable.map { [$0] } + ThresholdPath.chains(of: usable, canStop: { _ in true }, longest: 3, most: 64)
    }

    func policy(price: Double) -> any Policy {
        if price == .infinity {
            let cheapest = log.stagesByCost.first { orders[$0] != nil }!
            return best(chain: [cheapest], price: 0).policy
        }
        var best: (policy: WindowPolicy, value: Double)?
        for chain in chains {
            let candidate = self.best(chain: chain, price: price)
            if best.map({ candidate.value > $0.value + 1e-12 }) ?? true { best = candidate }
        }
        return best!.policy
    }

    /// The best windows of one chain, by sweeping the last stage's boundary.
    private func best(chain: [Int], price: Double) -> (policy: WindowPolicy, value: Double) {
        let stages = log.stageCount
        let none = log.objective.abstentionQuality
        let items = (0..<log.count).filter { item in !chain.contains { log.log.quality[item * stages + $0].isNaN } }
        let present = Set(items.count == log.count ? [] : items)
        func isPresent(_ item: Int) -> Bool { items.count == log.count || present.contains(item) }
        let last = orders[chain[chain.count - 1]]!
        let cuts = ThresholdGrid.evenCuts(last, bins: min(boundaries, max(last.cuts, 1)))
        var best: (policy: WindowPolicy, value: Double)?
        for cut in cuts {
            // Without the boundary's cost: what each item brings when it reaches the last stage.
            var value = [Double](repeating: 0, count: log.count)
            for item in 0..<log.count where isPresent(item) {
                let stage = chain[chain.count - 1]
                let answers = Int(last.group[item]) < cut
                value[item] =
                    (answers ? log.log.quality(item: item, stage: stage) : none)
                    - price * log.cost(item: item, stage: stage)
            }
            let boundary = last.threshold(cut: cut)
            var steps = [
                WindowPolicy.Step(
                    stage: chain[chain.count - 1], score: scores[chain[chain.count - 1]]!, lower: boundary,
                    upper: boundary)
            ]
            for stage in chain.dropLast().reversed() {
                let order = orders[stage]!
                var answer = [Double](repeating: 0, count: log.count)
                var abstain = answer
                for item in 0..<log.count where isPresent(item) {
                    answer[item] = log.log.quality(item: item, stage: stage)
                    abstain[item] = none
                }
                let window = Window(answer: answer, goOn: value, abstain: abstain, order: order)
                steps.insert(
                    WindowPolicy.Step(
                        stage: stage, score: scores[stage]!, lower: order.threshold(cut: window.lowerCut),
                        upper: order.threshold(cut: window.upperCut)), at: 0)
                for item in 0..<log.count where isPresent(item) {
                    let group = Int(order.group[item])
                    let choice =
                        group < window.upperCut
                        ? answer[item] : group >= window.lowerCut && group < order.cuts ? none : value[item]
                    value[item] = choice - price * log.cost(item: item, stage: stage)
                }
            }
            let mean = value.reduce(0, +) / Double(max(items.count, 1))
            if best.map({ mean > $0.value }) ?? true { best = (WindowPolicy(steps: steps), mean) }
        }
        return best!
    }
}

/// The best two cuts of the sorted scores of one stage into answer, go on and abstain.
struct Window {
    /// Groups below this cut are answered.
    var upperCut: Int
    /// Groups from this cut on are abstained on; at least ``upperCut``.
    var lowerCut: Int

    /// One pass: the best start of the window so far is carried along while its end moves down the scores.
    init(answer: [Double], goOn: [Double], abstain: [Double], order: ScoreOrder) {
        // Prefix sums over groups of answer - goOn, and of goOn - abstain.
        var answered = 0.0
        var kept = 0.0
        var bestStart = (cut: 0, value: 0.0)
        var best = (upper: 0, lower: 0, value: 0.0)
        for cut in 0..<order.cuts {
            for place in order.starts[cut]..<order.starts[cut + 1] {
                let item = Int(order.items[Int(place)])
                answered += answer[item] - goOn[item]
                kept += goOn[item] - abstain[item]
            }
            if answered > bestStart.value { bestStart = (cut + 1, answered) }
            let value = bestStart.value + kept
            if value > best.value { best = (bestStart.cut, cut + 1, value) }
        }
        upperCut = best.upper
        lowerCut = best.lower
    }
}
