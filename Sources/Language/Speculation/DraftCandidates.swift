/// The tokens that a selection rule looks at one by one, and all others as one.
///
/// The others keep the draft's law among themselves, so that a rule over these few classes is a rule over the vocabulary.
struct DraftCandidates: Sendable {
    /// The tokens, in order.
    let tokens: [Token]
    /// The target's probability of each and, last, of all others, `[tokens + 1]`.
    let target: [Double]
    /// The same for each distribution of drafts, `[drafts][tokens + 1]`.
    let drafts: [[Double]]

    /// - Parameters:
    ///   - floor: a token counts by itself where the target or a draft gives it at least this; 0 for all tokens.
    ///   - limit: where there are more, the floor is raised.
    init(target: TokenDistribution, drafts: [TokenDistribution], floor: Double, limit: Int) {
        var floor = floor
        var tokens: [Token] = []
        while true {
            tokens.removeAll(keepingCapacity: true)
            for distribution in [target] + drafts { tokens += distribution.tokens(atLeast: floor) }
            tokens.sort()
            tokens = tokens.indices.filter { $0 == 0 || tokens[$0] != tokens[$0 - 1] }.map { tokens[$0] }
            if tokens.count <= limit || floor > 0.25 { break }
            floor = max(2 * floor, 0x1p-20)
        }
        let isAll = floor == 0
        func row(_ distribution: TokenDistribution) -> [Double] {
            var row = tokens.map { distribution.probability(of: $0) }
            row.append(isAll ? 0 : max(0, 1 - row.reduce(0, +)))
            return row
        }
        self.tokens = tokens
        self.target = row(target)
        self.drafts = drafts.map(row)
    }

    /// The class of `token`: its place, or that of all others.
    func index(of token: Token) -> Int {
        var low = 0
        var high = tokens.count
        while low < high {
            let middle = (low + high) >> 1
            if tokens[middle] < token { low = middle + 1 } else { high = middle }
        }
        return low < tokens.count && tokens[low] == token ? low : tokens.count
    }
}

extension TokenDistribution {
    /// The tokens with at least this probability, and more than none.
    func tokens(atLeast probability: Double) -> [Token] {
        var result: [Token] = []
        weights.withUnsafeBufferPointer { weights in
            VectorSums.places(in: weights, atLeast: max(probability * total, .leastNonzeroMagnitude)) {
                result.append(support?[$0] ?? Token($0))
            }
        }
        return result
    }
}
