/// Says what may come after a text of tokens.
///
/// Stateless to its callers: whoever asks gives the whole text. An embedded context finds in its cache what it has decoded
/// before, so that only new tokens cost time.
public protocol TokenScorer: Sendable {
    /// How many tokens there are.
    var vocabularyCount: Int { get }

    /// The logits after each of `prefixes`, none of them empty, `[prefixes, vocabulary]`.
    func logits(after prefixes: [[Token]]) async throws -> LogitRows

    /// The logits after `prefix` and after each node of `tree`, `[1 + nodes, vocabulary]`, in one batch where that can be.
    func logits(after prefix: [Token], tree: DraftTree) async throws -> LogitRows
}

extension TokenScorer {
    public func logits(after prefix: [Token], tree: DraftTree) async throws -> LogitRows {
        try await logits(after: [prefix] + tree.nodes.indices.map { prefix + tree.path(to: $0) })
    }
}

/// Drafts that go on from one text, those that begin alike sharing their beginning.
public struct DraftTree: Sendable, Hashable {
    /// A drafted token.
    public struct Node: Sendable, Hashable {
        /// The token.
        public var token: Token
        /// The node before it; nil at the beginning.
        public var parent: Int?
    }

    /// The nodes, each behind the one before it in its text.
    public private(set) var nodes: [Node] = []

    /// No drafts.
    public init() {}

    /// Adds `token` behind `parent`, or at the beginning; its number.
    public mutating func add(_ token: Token, after parent: Int?) -> Int {
        precondition((parent ?? -1) < nodes.count, "a node comes behind one that is there")
        nodes.append(Node(token: token, parent: parent))
        return nodes.count - 1
    }

    /// The tokens from the beginning to `node`.
    public func path(to node: Int) -> [Token] {
        var path: [Token] = []
        var next: Int? = node
        while let place = next {
            path.append(nodes[place].token)
            next = nodes[place].parent
        }
        return path.reversed()
    }

    /// The nodes that nothing comes behind.
    public var leaves: [Int] {
        var isInner = [Bool](repeating: false, count: nodes.count)
        for node in nodes { if let parent = node.parent { isInner[parent] = true } }
        return nodes.indices.filter { !isInner[$0] }
    }
}
