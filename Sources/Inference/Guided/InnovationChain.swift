internal import Foundation
internal import Cascades
public import Probability

/// A Markov chain on the innovations of a guided model: the preconditioned Crank-Nicolson scheme.
///
/// Innovations z are proposed as persistence · z + √(1 − persistence²) · w with w fresh; as this leaves their standard
/// normal law unchanged, the move is accepted by the ratio of the weights alone. Paths of any fineness and of any rule
/// move by the same code, and a chain with all weights equal accepts every move.
///
/// - Source: Cotter, Roberts, Stuart and White, 2013, MCMC methods for functions; its use on innovations of guided
///   models is in van der Meulen and Schauer, 2017, and in arXiv 2010.03509.
public struct InnovationChain<Target: GuidedTarget>: Sendable {
    /// The guided model.
    public let target: Target
    /// How much of the innovations a proposal keeps, in [0, 1); 0 is an independence sampler.
    public let persistence: Double

    /// A chain for `target`.
    /// - Throws: `InferenceError.improperParameter`.
    public init(_ target: Target, persistence: Double) throws {
        guard persistence >= 0, persistence < 1 else {
            throw InferenceError.improperParameter(
                name: "the persistence", value: "\(persistence)", expected: "a number in [0, 1)")
        }
        self.target = target
        self.persistence = persistence
    }

    /// Where the chain is.
    public struct State: Sendable {
        /// The innovations, `[target.innovationCount]`.
        public internal(set) var innovations: [Double]
        /// What they make.
        public internal(set) var output: Target.Output
        /// Its log-weight.
        public internal(set) var logWeight: Double
    }

    /// What a step did.
    public struct Info: Sendable, Equatable {
        /// Whether the proposal was taken.
        public var isAccepted: Bool
        /// The log-weight of the proposal.
        public var proposedLogWeight: Double
    }

    /// The first of up to `attempts` draws that is possible.
    /// - Throws: `InferenceError.zeroTotalWeight`, `.nonFinite`.
    public func start(attempts: Int = 1000, using random: inout Random) throws -> State {
        for _ in 0..<attempts {
            let innovations = (0..<target.innovationCount).map { _ in random.normal() }
            let draw = try run(innovations)
            if draw.logWeight > -.infinity {
                return State(innovations: innovations, output: draw.value, logWeight: draw.logWeight)
            }
        }
        throw InferenceError.zeroTotalWeight(place: "the start of the chain, after \(attempts) attempts")
    }

    /// One proposal.
    /// - Throws: `InferenceError.nonFinite` for a weight that is NaN or infinite.
    @discardableResult
    public func step(_ state: inout State, using random: inout Random) throws -> Info {
        let fresh = (1 - persistence * persistence).squareRoot()
        let proposal = state.innovations.map { persistence * $0 + fresh * random.normal() }
        let draw = try run(proposal)
        let isAccepted = log(random.uniformOpen()) < draw.logWeight - state.logWeight
        if isAccepted { state = State(innovations: proposal, output: draw.value, logWeight: draw.logWeight) }
        return Info(isAccepted: isAccepted, proposedLogWeight: draw.logWeight)
    }

    private func run(_ innovations: [Double]) throws -> Weighted<Target.Output> {
        let draw = innovations.withUnsafeBufferPointer { buffer in
            // An empty array may have no address; nothing is read from it.
            buffer.baseAddress.map { target.run($0) } ?? withUnsafePointer(to: 0.0) { target.run($0) }
        }
        guard draw.logWeight < .infinity else {
            throw InferenceError.nonFinite(what: "the log-weight", place: "a proposal", value: draw.logWeight)
        }
        return draw
    }
}
