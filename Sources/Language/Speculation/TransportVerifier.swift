/// The optimal rule for drafts of any law over a small vocabulary, by solving the linear program of optimal transport.
///
/// Sets of drafted tokens send their probability to tokens in them, tokens take no more than the target gives them, and as
/// much as possible is sent: a maximum flow, which is found by augmenting shortest paths (Dinic, 1970). What a set sends to
/// a token, over the set's probability, is the probability that the token is taken where that set was drafted.
public struct TransportVerifier: DraftVerifier {
    /// The most lists of drafts that are enumerated.
    public static let limit = 200_000

    /// For each set of drafts, its tokens, and the probability that each is taken.
    private let sets: [[Token]: [Double]]
    private let rest: TokenRemainder
    private let sent: Double
    private var left = 1.0

    /// How many lists of `count` drafts there are over so many tokens; nil where they are more than `limit`.
    static func lists(tokens: Int, count: Int, limit: Int) -> Int? {
        var size = 1
        for _ in 0..<count {
            size *= max(1, tokens)
            if size > limit { return nil }
        }
        return size
    }

    /// nil where there are more than `limit` lists of drafts to look at.
    public init?(target: TokenDistribution, drafts: DraftLaw, limit: Int = TransportVerifier.limit) {
        // Two drafts of more likely tokens than this are too many: no need to look through a large vocabulary.
        let most = Int(Double(limit).squareRoot()) + 1
        if drafts.count > 1, drafts.distributions.contains(where: { $0.hasMore(than: most) }) { return nil }
        let tokens = Self.tokens(of: drafts)
        guard Self.lists(tokens: tokens.count, count: drafts.count, limit: limit) != nil else { return nil }
        var probabilities: [[Token]: Double] = [:]
        Self.walk(drafts, tokens, [], 1) { list, probability in
            probabilities[Array(Set(list)).sorted(), default: 0] += probability
        }
        let keys = probabilities.keys.sorted { $0.lexicographicallyPrecedes($1) }
        // Nodes: source, sets, tokens, sink.
        var flow = MaximumFlow(nodes: keys.count + tokens.count + 2)
        let sink = keys.count + tokens.count + 1
        let places = Dictionary(uniqueKeysWithValues: tokens.enumerated().map { ($1, $0) })
        var edges: [[Int]] = []
        for (number, key) in keys.enumerated() {
            _ = flow.addEdge(0, number + 1, probabilities[key]!)
            edges.append(key.map { flow.addEdge(number + 1, keys.count + 1 + places[$0]!, 2) })
        }
        for (place, token) in tokens.enumerated() {
            _ = flow.addEdge(keys.count + 1 + place, sink, target.probability(of: token))
        }
        flow.maximise(from: 0, to: sink)
        var sets: [[Token]: [Double]] = [:]
        var taken: [Token: Double] = [:]
        var sent = 0.0
        for (number, key) in keys.enumerated() {
            let flows = edges[number].map { max(0, flow.flow($0)) }
            sets[key] = flows.map { $0 / probabilities[key]! }
            for (token, flow) in zip(key, flows) {
                sent += flow
                taken[token, default: 0] += flow
            }
        }
        self.sets = sets
        self.sent = sent
        rest = TokenRemainder(
            of: target, sources: [], factors: [], tokens: tokens,
            values: tokens.map { max(0, target.probability(of: $0) - taken[$0, default: 0]) })
    }

    private static func tokens(of drafts: DraftLaw) -> [Token] {
        if drafts.distributions.count == 1 { return drafts.distributions[0].tokens }
        return Array(Set(drafts.distributions.flatMap(\.tokens))).sorted()
    }

    /// Every list of drafts that can come, with its probability.
    private static func walk(
        _ law: DraftLaw, _ tokens: [Token], _ list: [Token], _ probability: Double, _ body: ([Token], Double) -> Void
    ) {
        guard let next = law.distribution(after: list) else {
            body(list, probability)
            return
        }
        for token in tokens {
            let share = next.probability(of: token)
            if share > 0 { walk(law, tokens, list + [token], probability * share, body) }
        }
    }

    public mutating func acceptance(of index: Int, among drafts: [Token]) -> Double {
        if index == 0 { left = 1 }
        let key = Array(Set(drafts)).sorted()
        guard let taken = sets[key], let place = key.firstIndex(of: drafts[index]),
            drafts.firstIndex(of: drafts[index]) == index
        else { return 0 }
        let probability = left > 0 ? min(1, taken[place] / left) : 0
        left -= taken[place]
        return probability
    }

    public mutating func remainder(after drafts: [Token]) -> TokenRemainder { rest }

    public var expectedAcceptance: Double? { sent }
}

/// Maximum flow in a network with real capacities.
struct MaximumFlow {
    private var heads: [[Int]]
    private var targets: [Int] = []
    /// What each edge can still carry; the edge after an even one is its reverse.
    private var left: [Double] = []
    private var levels: [Int] = []
    private var next: [Int] = []
    /// Less than this is nothing: rounding must not open paths for ever.
    private static let least = 1e-18

    init(nodes: Int) { heads = [[Int]](repeating: [], count: nodes) }

    /// A new edge; its number.
    mutating func addEdge(_ from: Int, _ to: Int, _ capacity: Double) -> Int {
        targets += [to, from]
        left += [capacity, 0]
        heads[from].append(targets.count - 2)
        heads[to].append(targets.count - 1)
        return targets.count - 2
    }

    /// What flows along an edge.
    func flow(_ edge: Int) -> Double { left[edge + 1] }

    /// Sends as much as possible.
    mutating func maximise(from source: Int, to sink: Int) {
        while findLevels(source, sink) {
            next = [Int](repeating: 0, count: heads.count)
            while push(source, sink, .infinity) > 0 {}
        }
    }

    private mutating func findLevels(_ source: Int, _ sink: Int) -> Bool {
        levels = [Int](repeating: -1, count: heads.count)
        levels[source] = 0
        var queue = [source]
        var place = 0
        while place < queue.count {
            let node = queue[place]
            place += 1
            for edge in heads[node] where left[edge] > Self.least && levels[targets[edge]] < 0 {
                levels[targets[edge]] = levels[node] + 1
                queue.append(targets[edge])
            }
        }
        return levels[sink] >= 0
    }

    private mutating func push(_ node: Int, _ sink: Int, _ amount: Double) -> Double {
        if node == sink { return amount }
        while next[node] < heads[node].count {
            let edge = heads[node][next[node]]
            if left[edge] > Self.least, levels[targets[edge]] == levels[node] + 1 {
                let sent = push(targets[edge], sink, min(amount, left[edge]))
                if sent > 0 {
                    left[edge] -= sent
                    left[edge ^ 1] += sent
                    return sent
                }
            }
            next[node] += 1
        }
        return 0
    }
}

extension TokenDistribution {
    /// Whether more than `count` tokens have a probability above 0.
    fileprivate func hasMore(than count: Int) -> Bool {
        if let law {
            // Each block with a weight holds a token; the blocks are counted before the tokens are.
            if law.sums.count(where: { $0 > 0 }) > count { return true }
        }
        return weights.count { $0 > 0 } > count
    }
}
