public import Probability

/// A path cut at its visits to one state: a head up to the first visit, blocks between visits, a tail after the last.
///
/// A block begins after a visit and ends with the next one. For a Markov chain the blocks are exchangeable given head,
/// tail and the collection of blocks, as putting them in another order changes neither the start nor the numbers of
/// transitions; with what each state emits moving along, so they are for a hidden Markov model.
///
/// - Source: Diaconis and Freedman, 1980, De Finetti's theorem for Markov chains; Nettasinghe et al., 2023,
///   arXiv 2210.02271.
public struct ExcursionBlocks: Sendable, Equatable {
    /// The state at whose visits the path is cut.
    public let anchor: Int
    /// Positions up to and including the first visit; all positions where there is no visit.
    public let head: Range<Int>
    /// Positions of each block, in the order of the path.
    public let blocks: [Range<Int>]
    /// Positions after the last visit.
    public let tail: Range<Int>

    /// Cuts `states` at its visits to `anchor`.
    public init(_ states: [Int], anchor: Int) {
        self.anchor = anchor
        let visits = states.indices.filter { states[$0] == anchor }
        guard let first = visits.first, let last = visits.last else {
            head = 0..<states.count
            blocks = []
            tail = states.count..<states.count
            return
        }
        head = 0..<(first + 1)
        blocks = zip(visits, visits.dropFirst()).map { ($0 + 1)..<($1 + 1) }
        tail = (last + 1)..<states.count
    }

    /// The positions of the path in the order that puts the blocks in `order`, a permutation of their indices.
    public func positions(in order: [Int]) -> [Int] {
        precondition(order.count == blocks.count, "an order of the blocks names each of them once")
        var result = Array(head)
        for block in order { result += blocks[block] }
        return result + tail
    }

    /// The order of positions after a uniformly random permutation of the blocks.
    public func shuffled(using random: inout Random) -> [Int] {
        positions(in: random.permutation(of: blocks.count))
    }
}
