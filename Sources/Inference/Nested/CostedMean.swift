public import NumericalMethods
public import Probability

/// The mean of a ``CostedSampler``, in blocks of draws that run side by side.
///
///     var random = Random(seed: 1)
///     let sums = try CostedMean(sampler).run(draws: 100_000, using: &random)
///     print(sums.estimate, sums.cost)
///
/// Block `b` always draws from stream `b`, so results don't depend on the number of threads.
public struct CostedMean<Sampler: CostedSampler>: Sendable {
    /// What is drawn.
    public var sampler: Sampler
    /// Draws a block.
    public var blockSize: Int

    /// The mean of `sampler`.
    /// - Throws: `InferenceError.improperParameter` for a block without a draw.
    public init(_ sampler: Sampler, blockSize: Int = 128) throws {
        guard blockSize > 0 else {
            throw InferenceError.improperParameter(
                name: "the block size", value: "\(blockSize)", expected: "1 or more")
        }
        self.sampler = sampler
        self.blockSize = blockSize
    }

    /// What has been drawn so far.
    public struct State: Sendable {
        /// The sums of all blocks.
        public internal(set) var sums = DrawSums()
        /// How many blocks there were.
        public internal(set) var blocks = 0
        @usableFromInline let streams: Random

        @usableFromInline
        init(streams: Random) { self.streams = streams }

        @usableFromInline
        mutating func add(_ sums: DrawSums, blocks: Int) {
            self.sums.add(sums)
            self.blocks += blocks
        }
    }

    /// What a step did.
    public struct Info: Sendable, Equatable {
        /// The sums of this step's blocks alone.
        public var added: DrawSums

        @usableFromInline
        init(added: DrawSums) { self.added = added }
    }

    /// Nothing drawn; the streams come from `random`, which moves on by one number.
    @inlinable
    public func start(using random: inout Random) -> State { State(streams: random.fork()) }

    /// Draws `blocks` more blocks on all cores.
    /// - Throws: `InferenceError.nonFinite` naming the draw that is not a finite number.
    @discardableResult
    @inlinable
    public func step(_ state: inout State, blocks: Int = 16) throws -> Info {
        let added = try sums(of: state.blocks..<state.blocks + blocks, last: blockSize, streams: state.streams)
        state.add(added, blocks: blocks)
        return Info(added: added)
    }

    /// The sums of exactly `draws` draws.
    /// - Throws: `InferenceError.nonFinite` naming the draw, `.improperParameter` for no draws.
    @inlinable
    public func run(draws: Int, using random: inout Random) throws -> DrawSums {
        guard draws > 0 else {
            throw InferenceError.improperParameter(
                name: "the number of draws", value: "\(draws)", expected: "1 or more")
        }
        let blocks = (draws + blockSize - 1) / blockSize
        return try sums(of: 0..<blocks, last: draws - (blocks - 1) * blockSize, streams: start(using: &random).streams)
    }

    @inlinable
    func sums(of blocks: Range<Int>, last: Int, streams: Random) throws -> DrawSums {
        let parts = try Parallel.map(count: blocks.count) { index in
            let block = blocks.lowerBound + index
            var random = streams.split(UInt64(block))
            var sums = DrawSums()
            for item in 0..<(index == blocks.count - 1 ? last : blockSize) {
                let draw = sampler.draw(using: &random)
                guard draw.value.isFinite else {
                    throw InferenceError.nonFinite(
                        what: "a draw of the estimator", place: "draw \(block * blockSize + item)", value: draw.value)
                }
                sums.add(draw)
            }
            return sums
        }
        return parts.reduce(into: DrawSums()) { $0.add($1) }
    }
}
