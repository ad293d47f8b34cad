/// The tokens that a selection rule looks at one by one, and all others in one class for each distribution of drafts.
///
/// Among the others a draft keeps its own law, so that a rule over these few classes is a rule over the vocabulary.
struct DraftCandidates: Sendable {
    /// The tokens, in order.
    let tokens: [Token]
    /// The target's probability of each and, last, of all others, `[tokens + sources]`: these are shared out to the classes of
    /// the drafts' distributions as theirs are.
    let target: [Double]
    /// The same for each distribution of drafts, `[sources][tokens + sources]`: their others are all in their own class.
    let drafts: [[Double]]

    /// The target's probability of all others.
    var rest: Double { target[tokens.count...].reduce(0, +) }

    /// - Parameters:
    ///   - floor: a token counts by itself where the target or a draft gives it at least this; 0 for all tokens.
    ///   - limit: where there are more, the likeliest.
    init(target: TokenDistribution, drafts: [TokenDistribution], floor: Double, limit: Int) {
        var tokens = target.tokens(atLeast: floor)
        for draft in drafts { tokens = Self.merged(tokens, draft.tokens(atLeast: floor)) }
        let isAll = floor == 0 && tokens.count <= limit
        if tokens.count > limit {
            let rows = ([target] + drafts).map { $0.probabilities(of: tokens) }
            let keys = tokens.indices.map { place in rows.reduce(0) { max($0, $1[place]) } }
            let kept = tokens.indices.sorted { keys[$0] == keys[$1] ? $0 < $1 : keys[$0] > keys[$1] }
            tokens = kept.prefix(limit).sorted().map { tokens[$0] }
        }
        func rest(_ row: [Double]) -> Double { isAll ? 0 : max(0, 1 - row.reduce(0, +)) }
        var own = target.probabilities(of: tokens)
        var others = drafts.map { $0.probabilities(of: tokens) }
        let (mine, theirs) = (rest(own), others.map(rest))
        let sum = theirs.reduce(0, +)
        for theirs in theirs { own.append(sum > 0 ? mine * theirs / sum : mine / Double(drafts.count)) }
        for source in others.indices {
            for other in others.indices { others[source].append(other == source ? theirs[source] : 0) }
        }
        self.tokens = tokens
        self.target = own
        self.drafts = others
    }

    /// The class of `token`, drafted by `source`: its place, or that of all others.
    func index(of token: Token, from source: Int) -> Int {
        let place = tokens.place(ofFirstNotBelow: token)
        return place < tokens.count && tokens[place] == token ? place : tokens.count + source
    }

    /// Two lists in order as one.
    private static func merged(_ first: [Token], _ second: [Token]) -> [Token] {
        [Token](unsafeUninitializedCapacity: first.count + second.count) { merged, count in
            var (a, b) = (0, 0)
            while a < first.count || b < second.count {
                let next =
                    b == second.count ? first[a] : a == first.count ? second[b] : min(first[a], second[b])
                if a < first.count, first[a] == next { a += 1 }
                if b < second.count, second[b] == next { b += 1 }
                merged[count] = next
                count += 1
            }
        }
    }
}

extension TokenDistribution {
    /// The tokens with at least this probability, and more than none, in order.
    fileprivate func tokens(atLeast probability: Double) -> [Token] {
        let floor = probability * total
        if let law {
            let tokens = law.tokens(near: floor)
            return zip(tokens, law.weights(of: tokens)).filter { $0.1 >= floor && $0.1 > 0 }.map(\.0)
        }
        var tokens: [Token] = []
        weights.withUnsafeBufferPointer { weights in
            VectorSums.places(in: weights, atLeast: max(floor, .leastNonzeroMagnitude)) {
                tokens.append(support?[$0] ?? Token($0))
            }
        }
        return tokens
    }

    /// The probabilities of `tokens`.
    fileprivate func probabilities(of tokens: [Token]) -> [Double] {
        if let law {
            let factor = 1 / total
            return law.weights(of: tokens).map { $0 * factor }
        }
        return tokens.map(probability)
    }
}
