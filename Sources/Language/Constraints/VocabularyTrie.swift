import Foundation

/// The tokens of a vocabulary by their bytes, in the order of a depth-first walk.
///
/// Whoever walks it and meets a byte that can't come skips all tokens that begin so.
public final class VocabularyTrie: Sendable {
    struct Node: Sendable {
        /// The next node that is not below this one.
        var skip: Int32
        /// Its tokens are those in ``VocabularyTrie/order`` from here to the next node's first.
        var firstToken: Int32
        /// Bytes before this one.
        var depth: UInt16
        var byte: UInt8
    }

    /// All nodes, and one behind the last.
    let nodes: [Node]
    /// Tokens that stand for bytes, in the order of their bytes.
    let order: [Token]
    /// The longest token's bytes.
    let depth: Int
    /// Tokens that end a text.
    let ends: [Token]
    /// Tokens in the vocabulary.
    let vocabularyCount: Int
    private let bytes: [UInt8]
    private let starts: [Int32]

    /// The vocabulary of `tokenizer`. Tokens of more than 65,535 bytes, and those that stand for nothing, are left out.
    public init(_ tokenizer: some Tokenizer) {
        let count = tokenizer.vocabularyCount
        var bytes: [UInt8] = []
        var starts: [Int32] = [0]
        var ends: [Token] = []
        for token in 0..<Token(count) {
            if tokenizer.endsGeneration(token) { ends.append(token) } else { bytes += tokenizer.bytes(of: token) }
            starts.append(Int32(bytes.count))
        }
        func length(_ token: Token) -> Int { Int(starts[Int(token) + 1] - starts[Int(token)]) }
        var order = (0..<Token(count)).filter { (1...Int(UInt16.max)).contains(length($0)) }
        bytes.withUnsafeBufferPointer { bytes in
            order.sort { a, b in
                let first = bytes.baseAddress! + Int(starts[Int(a)])
                let second = bytes.baseAddress! + Int(starts[Int(b)])
                let order = memcmp(first, second, min(length(a), length(b)))
                return order != 0 ? order < 0 : length(a) != length(b) ? length(a) < length(b) : a < b
            }
        }
        var nodes: [Node] = []
        // The nodes from the top to the last one made.
        var path: [Int] = []
        func close(to depth: Int) {
            while path.count > depth { nodes[path.removeLast()].skip = Int32(nodes.count) }
        }
        for (place, token) in order.enumerated() {
            let start = Int(starts[Int(token)])
            var shared = 0
            while shared < path.count, shared < length(token), nodes[path[shared]].byte == bytes[start + shared] {
                shared += 1
            }
            close(to: shared)
            for depth in shared..<length(token) {
                path.append(nodes.count)
                // Only the last of the new nodes has the token; those before it begin where it begins and are empty.
                nodes.append(
                    Node(skip: 0, firstToken: Int32(place), depth: UInt16(depth), byte: bytes[start + depth]))
            }
        }
        close(to: 0)
        nodes.append(Node(skip: Int32(nodes.count), firstToken: Int32(order.count), depth: 0, byte: 0))
        self.nodes = nodes
        self.order = order
        self.ends = ends
        self.bytes = bytes
        self.starts = starts
        vocabularyCount = count
        depth = order.map(length).max() ?? 0
    }

    /// The bytes of `token`; none for a token that is left out.
    func bytes(of token: Token) -> ArraySlice<UInt8> {
        guard token >= 0, Int(token) < vocabularyCount else { return [] }
        return bytes[Int(starts[Int(token)])..<Int(starts[Int(token) + 1])]
    }
}
