/// A set of tokens: one bit for each of a vocabulary.
public struct TokenMask: Sendable, Hashable {
    /// Tokens of the vocabulary, in the set or not.
    public let vocabularyCount: Int
    /// Bit `t % 64` of word `t / 64` stands for token `t`; bits beyond the vocabulary are 0.
    private(set) var words: [UInt64]

    /// No token of a vocabulary of `vocabularyCount`.
    public init(vocabularyCount: Int) {
        precondition(vocabularyCount >= 0, "a vocabulary has no fewer than 0 tokens")
        self.vocabularyCount = vocabularyCount
        words = [UInt64](repeating: 0, count: (vocabularyCount + 63) / 64)
    }

    /// These tokens; those outside the vocabulary are left out.
    public init(_ tokens: some Sequence<Token>, vocabularyCount: Int) {
        self.init(vocabularyCount: vocabularyCount)
        for token in tokens where token >= 0 && token < vocabularyCount { insert(token) }
    }

    /// The set whose bits are `words`.
    init(words: [UInt64], vocabularyCount: Int) {
        self.words = words
        self.vocabularyCount = vocabularyCount
    }

    /// Whether `token` is in the set.
    public func contains(_ token: Token) -> Bool {
        token >= 0 && token < vocabularyCount && words[Int(token) >> 6] & (1 << UInt64(token & 63)) != 0
    }

    /// Puts `token`, which must be of the vocabulary, into the set.
    public mutating func insert(_ token: Token) {
        precondition(token >= 0 && token < vocabularyCount, "a mask holds tokens of its vocabulary only")
        words[Int(token) >> 6] |= 1 << UInt64(token & 63)
    }

    /// How many tokens are in the set.
    public var count: Int { words.reduce(0) { $0 + $1.nonzeroBitCount } }

    /// Whether no token is in the set.
    public var isEmpty: Bool { words.allSatisfy { $0 == 0 } }

    /// The tokens of the set in order.
    public var tokens: [Token] {
        let count = count
        return [Token](unsafeUninitializedCapacity: count) { buffer, filled in
            for (index, word) in words.enumerated() {
                var rest = word
                let base = Token(index << 6)
                while rest != 0 {
                    buffer[filled] = base + Token(rest.trailingZeroBitCount)
                    filled += 1
                    rest &= rest &- 1
                }
            }
        }
    }

    /// The tokens that are in both sets, which must be of one vocabulary.
    public func intersection(_ other: TokenMask) -> TokenMask {
        precondition(vocabularyCount == other.vocabularyCount, "masks of two vocabularies do not meet")
        return TokenMask(words: zip(words, other.words).map { $0 & $1 }, vocabularyCount: vocabularyCount)
    }
}
