internal import Foundation
public import Probability

/// What a token does at a node: the direction H(θ, i) in which it moves the iterate.
public protocol TokenTask: Sendable {
    /// The number of coordinates of θ.
    var dimension: Int { get }
    /// The number of nodes.
    var nodeCount: Int { get }
    /// Writes H(θ, node) to `direction`, `[dimension]`; its mean under π is 0 at the solution.
    func direction(
        _ iterate: UnsafeBufferPointer<Double>, node: Int, into direction: UnsafeMutableBufferPointer<Double>)
}

/// Stochastic approximation driven by a self-repellent walk (SA-SRRW): at each step the walk moves by its own step size
/// γₙ, and the iterate by θ ← θ + βₙ H(θ, Xₙ).
///
/// Which of the two step sizes is larger decides what the repulsion brings (``WalkCovariance``).
///
/// - Source: J. Hu, V. Doshi and D. Y. Eun, ICLR 2024 (paper 38).
public struct TokenApproximation<Task: TokenTask>: Sendable {
    /// What is done at the nodes.
    public let task: Task
    /// The walk.
    public let walk: SelfRepellentWalk
    /// βₙ.
    public let schedule: PowerSchedule

    /// An approximation.
    ///
    /// - Throws: `InferenceError.wrongShape` where task and walk differ in nodes.
    public init(task: Task, walk: SelfRepellentWalk, schedule: PowerSchedule) throws(InferenceError) {
        guard task.nodeCount == walk.base.nodeCount else {
            throw .wrongShape(
                what: "the task", found: "\(task.nodeCount) nodes", expected: "\(walk.base.nodeCount), as the walk has")
        }
        self.task = task
        self.walk = walk
        self.schedule = schedule
    }

    /// Where token and iterate are.
    public struct State: Sendable {
        /// The walk.
        public internal(set) var walk: SelfRepellentWalk.State
        /// θ, `[dimension]`.
        public internal(set) var iterate: [Double]
    }

    /// A token at `node`, an iterate at `iterate`.
    ///
    /// - Throws: `InferenceError.wrongShape`, `.nonFinite`, `.improperParameter`.
    public func start(at node: Int, iterate: [Double]) throws(InferenceError) -> State {
        guard iterate.count == task.dimension else {
            throw .wrongShape(what: "the iterate", found: "[\(iterate.count)]", expected: "[\(task.dimension)]")
        }
        if let index = iterate.firstIndex(where: { !$0.isFinite }) {
            throw .nonFinite(what: "the iterate", place: "the start, coordinate \(index)", value: iterate[index])
        }
        return State(
            walk: try walk.start(at: node), iterate: iterate)
    }

    /// One step of token and iterate.
    public func step(_ state: inout State, using random: inout Random) {
        walk.step(&state.walk, using: &random)
        let size = schedule.size(state.walk.steps)
        let node = state.walk.node
        let count = state.iterate.count
        state.iterate.withUnsafeMutableBufferPointer { iterate in
            withUnsafeTemporaryAllocation(of: Double.self, capacity: count) { direction in
                direction.initialize(repeating: 0)
                task.direction(UnsafeBufferPointer(iterate), node: node, into: direction)
                for i in 0..<count { iterate[i] += size * direction[i] }
            }
        }
    }

    /// The iterate after `steps` steps.
    ///
    /// - Throws: `InferenceError.nonFinite` where the iterates ran away.
    public func run(_ state: inout State, steps: Int, using random: inout Random) throws(InferenceError) {
        for _ in 0..<steps { step(&state, using: &random) }
        if let index = state.iterate.firstIndex(where: { !$0.isFinite }) {
            throw .nonFinite(
                what: "the iterate", place: "step \(state.walk.steps), coordinate \(index)", value: state.iterate[index]
            )
        }
    }
}
