/// What a model says of the token behind one text: its own law, and what the sampling parameters make of it.
struct NextTokenLaw: Sendable {
    /// After the sampling parameters, of the tokens that may come.
    let law: LogitLaw
    /// The model's own; nil where it is the same.
    private let own: LogitLaw?
    /// What a control of surprise wants to know.
    private let next: TokenSampler.Next?

    /// What `sampler` makes of `row`, behind `history`, where only the tokens of `mask` may come; nil for all.
    init(
        _ row: ArraySlice<Float>, _ sampler: TokenSampler, after history: @autoclosure () -> [Token],
        mask: TokenMask? = nil
    ) throws(LanguageError) {
        let parameters = sampler.parameters
        if parameters.isPlain {
            law = try LogitLaw(row, temperature: parameters.temperature, mask: mask)
            own = parameters.temperature == 1 ? nil : try LogitLaw(row)
            next = nil
            return
        }
        let next = try sampler.next(logits: row, history: history())
        // What was cut off is ruled out; the weights of what is left become logits.
        var logs = [Float](repeating: -.infinity, count: row.count)
        for (token, log) in zip(next.distribution.tokens, next.distribution.logProbabilities) {
            logs[Int(token)] = Float(log)
        }
        law = try LogitLaw(logs[...], mask: mask)
        own = try LogitLaw(row)
        self.next = next
    }

    /// The model's own log-probability of `token` in nats.
    func logProbability(of token: Token) -> Double { (own ?? law).logProbability(of: token) }

    /// Tells `sampler` that `token` came.
    func accept(_ token: Token, by sampler: inout TokenSampler) {
        if let next { sampler.accept(token, from: next) }
    }
}
