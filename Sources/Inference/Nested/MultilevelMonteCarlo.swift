internal import Foundation
public import NumericalMethods
public import Probability

/// Multilevel Monte Carlo to a wanted root mean square error.
///
/// Each step tops every level up to the number of draws that is best for the variances and costs seen so far, then adds
/// a level where the last differences say that the bias is still too large.
///
///     let method = try MultilevelMonteCarlo(levels, error: 1e-3)
///     let state = try method.run(using: &random)
///     print(state.estimate, state.cost)
///
/// - Source: Giles, 2015, Multilevel Monte Carlo methods, Acta Numerica 24, section 3.1 and algorithm 1.
public struct MultilevelMonteCarlo<Levels: CoupledLevels>: Sendable {
    /// The levels.
    public var levels: Levels
    /// The root mean square error wanted; half of its square is left to the bias.
    public let error: Double
    /// Draws of a level when it is new.
    public let initialDraws: Int
    /// The level beyond which the search gives up.
    public let maximumLevel: Int

    /// A method for `levels`.
    /// - Throws: `InferenceError.improperParameter`.
    public init(_ levels: Levels, error: Double, initialDraws: Int = 1024, maximumLevel: Int = 20) throws {
        guard error > 0, error.isFinite else {
            throw InferenceError.improperParameter(name: "the error", value: "\(error)", expected: "above 0")
        }
        guard initialDraws >= 2 else {
            throw InferenceError.improperParameter(
                name: "the initial draws", value: "\(initialDraws)", expected: "2 or more")
        }
        guard maximumLevel >= 2 else {
            throw InferenceError.improperParameter(
                name: "the last level", value: "\(maximumLevel)", expected: "2 or more")
        }
        self.levels = levels
        self.error = error
        self.initialDraws = initialDraws
        self.maximumLevel = maximumLevel
    }

    /// What has been drawn of each level.
    public struct State: Sendable {
        /// Sums by level, from 0.
        public internal(set) var levels: [DrawSums]
        /// Whether variance and bias are within their shares.
        public internal(set) var hasConverged = false
        @usableFromInline var blocks: [Int]
        @usableFromInline let streams: Random

        init(levels: [DrawSums], blocks: [Int], streams: Random) {
            self.levels = levels
            self.blocks = blocks
            self.streams = streams
        }

        @usableFromInline
        mutating func add(_ parts: [DrawSums], level: Int) {
            for part in parts { levels[level].add(part) }
            blocks[level] += parts.count
        }

        /// The sum of all levels' means; its standard error leaves out the bias.
        public var estimate: Estimate {
            Estimate(
                value: levels.reduce(0) { $0 + $1.mean },
                standardError: levels.reduce(0) { $0 + $1.variance / Double($1.count) }.squareRoot(),
                count: levels.reduce(0) { $0 + $1.count })
        }
        /// What all draws cost.
        public var cost: Double { levels.reduce(0) { $0 + $1.cost } }
    }

    /// What a step did.
    public struct Info: Sendable, Equatable {
        /// The bias that the last levels' means point to.
        public var estimatedBias: Double
        /// Draws added, by level.
        public var added: [Int]

        @usableFromInline
        init(estimatedBias: Double, added: [Int]) {
            self.estimatedBias = estimatedBias
            self.added = added
        }
    }

    /// Levels 0 to 2, not drawn yet.
    public func start(using random: inout Random) -> State {
        State(levels: .init(repeating: DrawSums(), count: 3), blocks: [0, 0, 0], streams: random.fork())
    }

    /// One round.
    /// - Throws: `InferenceError.nonFinite` naming level and block; `.notConverged` beyond the last level.
    @discardableResult
    @inlinable
    public func step(_ state: inout State) throws -> Info {
        var added = [Int](repeating: 0, count: state.levels.count)
        for level in state.levels.indices where state.levels[level].count == 0 {
            added[level] += try top(&state, level, to: initialDraws)
        }
        // Twice: the first allocation rests on the initial draws alone.
        for _ in 0..<2 {
            let wanted = allocation(state.levels)
            for level in state.levels.indices { added[level] += try top(&state, level, to: wanted[level]) }
        }
        return Info(estimatedBias: try judge(&state), added: added)
    }

    /// Converged, or one level more; returns the estimate of the bias.
    @usableFromInline
    func judge(_ state: inout State) throws -> Double {
        let bias = estimatedBias(state.levels)
        if bias <= error / 2.0.squareRoot() {
            let spread = state.estimate.standardError
            state.hasConverged = spread <= 1.05 * error / 2.0.squareRoot()
        } else if state.levels.count > maximumLevel {
            throw InferenceError.notConverged(
                method: "multilevel Monte Carlo", after: "level \(maximumLevel)",
                remedy: "Allow more levels, a larger error, or couple the levels more closely.")
        } else {
            state.levels.append(DrawSums())
            state.blocks.append(0)
        }
        return bias
    }

    /// Steps until converged.
    /// - Throws: as ``step(_:)``.
    @inlinable
    public func run(using random: inout Random) throws -> State {
        var state = start(using: &random)
        while !state.hasConverged { try step(&state) }
        return state
    }

    /// Draws by level that reach half the squared error at least cost.
    @usableFromInline
    func allocation(_ levels: [DrawSums]) -> [Int] {
        let costs = levels.map { max($0.cost / Double($0.count), .leastNormalMagnitude) }
        let total = zip(levels, costs).reduce(0) { $0 + ($1.0.variance * $1.1).squareRoot() }
        return zip(levels, costs).map { sums, cost in
            Int(min((2 / (error * error) * (sums.variance / cost).squareRoot() * total).rounded(.up), 1e15))
        }
    }

    /// What is left beyond the last level, by the rate at which the means of the levels fall.
    private func estimatedBias(_ levels: [DrawSums]) -> Double {
        let points = levels.enumerated().dropFirst().filter { $0.element.mean != 0 }
            .map { (x: Double($0.offset), y: log2(abs($0.element.mean))) }
        var rate = 0.5
        if points.count >= 2 {
            let n = Double(points.count)
            let (mx, my) = (points.reduce(0) { $0 + $1.x } / n, points.reduce(0) { $0 + $1.y } / n)
            let slope =
                points.reduce(0) { $0 + ($1.x - mx) * ($1.y - my) }
                / points.reduce(0) { $0 + ($1.x - mx) * ($1.x - mx) }
            rate = max(0.5, -slope)
        }
        let last = levels.count - 1
        // Three levels, as one mean may be small by chance.
        return (0..<min(3, last)).map { abs(levels[last - $0].mean) * pow(2, -rate * Double($0)) }.max()!
            / (pow(2, rate) - 1)
    }

    @usableFromInline static var blockSize: Int { 64 }

    @inlinable
    func top(_ state: inout State, _ level: Int, to count: Int) throws -> Int {
        let missing = count - state.levels[level].count
        guard missing > 0 else { return 0 }
        let blocks = (missing + Self.blockSize - 1) / Self.blockSize
        let first = state.blocks[level]
        let streams = state.streams.split(UInt64(level))
        let levels = levels
        let sums = try Parallel.map(count: blocks) { index in
            var random = streams.split(UInt64(first + index))
            var sums = DrawSums()
            for _ in 0..<Self.blockSize {
                let draw = levels.difference(level: level, using: &random)
                guard draw.value.isFinite else {
                    throw InferenceError.nonFinite(
                        what: "a level's difference", place: "level \(level), block \(first + index)", value: draw.value
                    )
                }
                sums.add(draw)
            }
            return sums
        }
        state.add(sums, level: level)
        return blocks * Self.blockSize
    }
}
