/// A text as it is written behind a prompt.
public struct SteeredText: Sendable, Hashable {
    /// Its tokens, without the prompt's and without the one that ends it.
    public private(set) var tokens: [Token] = []
    /// What they stand for.
    public private(set) var bytes: [UInt8] = []
    /// The token that ended it; nil where it is not over, or was ended otherwise.
    public internal(set) var end: Token?

    /// An empty text.
    public init() {}

    /// Its characters. Bytes that make no character become U+FFFD.
    public var text: String { String(decoding: bytes, as: UTF8.self) }

    mutating func append(_ token: Token, _ bytes: [UInt8]) {
        tokens.append(token)
        self.bytes += bytes
    }

    /// Drops all bytes from `place` on: a stop text began there.
    mutating func cut(at place: Int) { bytes.removeSubrange(place...) }
}
