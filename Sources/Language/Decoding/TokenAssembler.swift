/// Gives tokens their text: whole characters only, and nothing of a stop.
///
/// A token of which text is held back, because it could be the beginning of a stop, is held back with those behind it until
/// that is clear, so that every token that comes out is one that the model wrote.
struct TokenAssembler {
    private var assembler: TextAssembler
    private var held: [GeneratedToken] = []

    init(stops: [String]) { assembler = TextAssembler(stops: stops) }

    /// Whether a stop text has come.
    var isStopped: Bool { assembler.isStopped }

    /// Takes a token that stands for `text`; the tokens that are ready.
    mutating func add(_ token: GeneratedToken, text: some Sequence<UInt8>) -> [GeneratedToken] {
        var token = token
        token.text = assembler.add(Array(text))
        held.append(token)
        return assembler.isHolding ? [] : release()
    }

    /// The tokens that are left at the end.
    mutating func finish() -> [GeneratedToken] {
        let rest = assembler.flush()
        if !held.isEmpty { held[held.count - 1].text += rest }
        return release()
    }

    private mutating func release() -> [GeneratedToken] {
        defer { held.removeAll(keepingCapacity: true) }
        return held
    }
}
