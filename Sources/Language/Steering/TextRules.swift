/// When a text is over, and what may come next: what a request, a vocabulary and the potentials say together.
struct TextRules: Sendable {
    let tokenizer: any Tokenizer
    /// Tokens that end a text, and all others.
    let ends: TokenMask
    let others: TokenMask
    let maximumTokens: Int
    private let stops: [[UInt8]]

    init(_ model: SteeringModel, _ request: GenerationRequest) {
        tokenizer = model.tokenizer
        ends = model.ends
        others = model.others
        maximumTokens = request.maximumTokens
        stops = request.stops.map { Array($0.utf8) }
    }

    /// The tokens that may come behind `text`; nil for all.
    func allowed(after text: SteeredText, _ potential: some Potential) throws -> TokenMask? {
        var mask: TokenMask?
        do {
            mask = try potential.allowedTokens()
        } catch LanguageError.noTokenLeft {
            return TokenMask(vocabularyCount: ends.vocabularyCount)
        }
        if !potential.mayGoOn(text) { mask = mask?.intersection(ends) ?? ends }
        if !potential.mayEnd(text) { mask = mask?.intersection(others) ?? others }
        return mask
    }

    /// Whether `token` may come behind `text`.
    func allows(_ token: Token, after text: SteeredText, _ potential: some Potential) throws -> Bool {
        if ends.contains(token) {
            guard potential.mayEnd(text) else { return false }
        } else if !potential.mayGoOn(text) {
            return false
        }
        return try potential.allows(token)
    }

    /// Moves `text` and `potential` on by `token`.
    /// - Returns: why the text is over, if it is; ln of its weight then, else of what it promises.
    func advance(
        _ text: inout SteeredText, _ potential: inout some Potential, by token: Token
    ) throws -> (reason: FinishReason?, logPromise: Double) {
        if ends.contains(token) {
            text.end = token
            return (.stop, try potential.logWeight(of: text))
        }
        let before = text.bytes.count
        text.append(token, tokenizer.bytes(of: token))
        try potential.accept(token, text: text)
        var reason: FinishReason?
        if let place = stopPlace(text.bytes, from: before) {
            text.cut(at: place)
            reason = .stop
        } else if potential.mustEnd(text) {
            reason = .stop
        } else if text.tokens.count >= maximumTokens {
            reason = .length
        }
        return (reason, reason == nil ? try potential.logPrefixWeight(of: text) : try potential.logWeight(of: text))
    }

    /// Where the first stop text begins that ends behind `start`.
    private func stopPlace(_ bytes: [UInt8], from start: Int) -> Int? {
        stops.compactMap { stop in
            let first = max(0, start - stop.count + 1)
            return TextAssembler.place(of: stop, in: Array(bytes[first...])).map { first + $0 }
        }.min()
    }
}
