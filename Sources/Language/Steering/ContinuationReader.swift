/// Reads what comes behind texts that grow from one prompt, step by step.
///
/// In a context each text is a sequence: a text that goes on keeps its parent's, one that branches off shares its cells; and
/// cells of texts that nobody follows any more are given back at once, so that a step looks at no more cells than it needs.
struct ContinuationReader: Sendable {
    private let scorer: any TokenScorer
    private let prompt: [Token]
    private let context: EmbeddedContext?
    /// The prompt's sequence, kept for later runs when this one is over.
    private var root: SequenceID?
    /// The sequences of the texts that were read last, by their slots.
    private var held: [SequenceID] = []
    /// Whether there was no room for all texts at once.
    private var isCrowded = false
    /// Tokens of the prompt that were in the cache.
    private(set) var cachedCount = 0
    /// Texts behind which the model was asked.
    private(set) var readCount = 0

    init(_ scorer: any TokenScorer, prompt: [Token]) {
        self.scorer = scorer
        self.prompt = prompt
        context = scorer as? EmbeddedContext
    }

    /// The logits behind each of `texts`, which go on from the texts of the last call: `parents` says from which.
    mutating func logits(behind texts: [[Token]], parents: [Int?]) async throws -> LogitRows {
        readCount += texts.count
        guard let context else { return try await scorer.logits(after: texts.map { prompt + $0 }) }
        if isCrowded { return try await context.logits(after: texts.map { prompt + $0 }) }
        guard let root else {
            let root = try await context.open(prompt)
            self.root = root
            cachedCount = try await context.cachedCount(of: root)
            let rows = try await context.logits(after: [root])
            // All texts of the first step are the empty one.
            return rows
        }
        var shoots: [EmbeddedContext.Shoot] = []
        for (text, parent) in zip(texts, parents) {
            shoots.append(
                EmbeddedContext.Shoot(
                    parent: parent.flatMap { held.indices.contains($0) ? held[$0] : nil } ?? root, token: text.last ?? 0
                ))
        }
        do {
            held = try await context.grow(shoots, from: held, sparing: root)
            return try await context.logits(after: held)
        } catch let error as LanguageError {
            // Of cells all texts need their own: without them each would be decoded anew for every token.
            guard case .contextFull(_, let what, _) = error, what == DecodeEngine.seats else { throw error }
            // More texts than the context has seats for beside those of others: from now on they are read part by part, and no
            // sequence is held while others wait.
            await finish()
            isCrowded = true
            return try await context.logits(after: texts.map { prompt + $0 })
        }
    }

    /// Gives all cells back but the prompt's.
    mutating func finish() async {
        guard let context else { return }
        await context.discard(held)
        if let root { await context.close([root]) }
        held = []
        root = nil
    }
}

extension EmbeddedContext {
    /// A sequence that grows by one token.
    struct Shoot: Sendable {
        var parent: SequenceID
        var token: Token
    }

    /// The sequences of `shoots`. Each parent but `root` becomes its first shoot; others of `old` are given back.
    func grow(
        _ shoots: [Shoot], from old: [SequenceID], sparing root: SequenceID
    ) throws(LanguageError) -> [SequenceID] {
        var taken: Set<SequenceID> = [root]
        var first: [Int] = []
        var grown = [SequenceID?](repeating: nil, count: shoots.count)
        let kept = Set(shoots.map(\.parent))
        discard(old.filter { !kept.contains($0) })
        do throws(LanguageError) {
            // Those that branch off come first, while the parents still are what they were.
            for (index, shoot) in shoots.enumerated() {
                if taken.insert(shoot.parent).inserted {
                    first.append(index)
                } else {
                    grown[index] = try engine.branch(shoot.parent, appending: [shoot.token])
                }
            }
            for index in first {
                try engine.append([shoots[index].token], to: shoots[index].parent)
                grown[index] = shoots[index].parent
            }
        } catch {
            for sequence in grown { if let sequence { engine.discard(sequence) } }
            throw error
        }
        return grown.map { $0! }
    }
}
