public import Cascades
import Foundation
public import Probability

/// What a tree search searches: states that lead to further states, and what they are worth.
public protocol SearchSpace<State>: Sendable {
    associatedtype State: Sendable

    /// The states that may follow `state`, each with `ln` of its prior probability among them; empty where `state` is an
    /// end. Asked once for a node.
    func successors(of state: State, using random: inout Random) async throws -> [Weighted<State>]

    /// What `state` is worth, from 0 to 1: for an end its reward, before that an estimate such as the reward of a roll-out.
    func value(of state: State, using random: inout Random) async throws -> Double
}

/// Monte Carlo tree search: simulations go down from the root by an optimistic rule, open one node, value it, and add the
/// value to all nodes on their way.
///
///     UCT    argmax  Q(child) + c sqrt(ln N(node) / N(child)), children without a visit first
///     PUCT   argmax  Q(child) + c P(child) sqrt(N(node)) / (1 + N(child)), Q of the parent before the first visit
///
/// with visits N, mean values Q and prior probabilities P. The search is a value: ``start(_:)``, then ``step(_:using:)`` as
/// often as there is time.
///
/// - Source: Kocsis and Szepesvári, 2006 (UCT); Silver et al., 2017 (PUCT); over steps of reasoning in paper 169, MedS³.
public struct TreeSearch<Space: SearchSpace>: Sendable {
    /// By which rule a simulation goes down.
    public enum Rule: String, Sendable, CaseIterable {
        case uct, puct
    }

    /// What is searched.
    public var space: Space
    /// The rule.
    public var rule: Rule
    /// c: how much is tried that looks worse.
    public var exploration: Double

    /// A search of `space`.
    /// - Throws: ``LanguageError/improperParameter(name:value:expected:)`` unless the exploration is finite and not negative.
    public init(_ space: Space, rule: Rule = .puct, exploration: Double = 1) throws(LanguageError) {
        guard exploration >= 0, exploration.isFinite else {
            throw .improperParameter(name: "exploration", value: "\(exploration)", expected: "0 or more")
        }
        self.space = space
        self.rule = rule
        self.exploration = exploration
    }

    /// What a step did.
    public struct Info: Sendable, Hashable {
        /// The nodes from the root to the one that was valued.
        public var path: [Int]
        /// The value.
        public var value: Double
    }

    /// A tree of one node.
    public func start(_ root: Space.State) -> SearchTree<Space.State> { SearchTree(root) }

    /// One simulation.
    /// - Throws: ``LanguageError/improperParameter(name:value:expected:)`` for a value outside 0 to 1; what the space
    ///   throws. The tree then is as before, but for nodes that were opened.
    @discardableResult
    public func step(_ tree: inout SearchTree<Space.State>, using random: inout Random) async throws -> Info {
        try Task.checkCancellation()
        var node = 0
        var path = [0]
        while true {
            // A node is valued at its first visit and opened at its second.
            if tree.nodes[node].visits == 0 { break }
            if tree.nodes[node].children == nil {
                tree.open(node, try await space.successors(of: tree.nodes[node].state, using: &random))
            }
            guard let next = choice(below: node, in: tree) else { break }
            node = next
            path.append(node)
        }
        let value = try await space.value(of: tree.nodes[node].state, using: &random)
        guard value >= 0, value <= 1 else {
            throw LanguageError.improperParameter(name: "a state's value", value: "\(value)", expected: "from 0 to 1")
        }
        tree.add(value, along: path)
        return Info(path: path, value: value)
    }

    /// The tree after `simulations` steps from `root`.
    public func run(
        _ root: Space.State, simulations: Int, using random: inout Random
    ) async throws -> SearchTree<Space.State> {
        var tree = start(root)
        for _ in 0..<simulations { try await step(&tree, using: &random) }
        return tree
    }

    /// The child of `node` to go to; nil at an end.
    private func choice(below node: Int, in tree: SearchTree<Space.State>) -> Int? {
        let parent = tree.nodes[node]
        let visits = Double(parent.visits)
        var best: (child: Int, score: Double)?
        for index in parent.children ?? 0..<0 {
            let child = tree.nodes[index]
            let score: Double
            switch rule {
            case .uct:
                score =
                    child.visits == 0
                    ? .infinity : child.mean + exploration * (log(visits) / Double(child.visits)).squareRoot()
            case .puct:
                score =
                    (child.visits == 0 ? parent.mean : child.mean)
                    + exploration * exp(child.logPrior) * visits.squareRoot() / Double(1 + child.visits)
            }
            // The first among equals; among the unvisited the likeliest.
            if let known = best, score < known.score { continue }
            if let known = best, score == known.score, child.logPrior <= tree.nodes[known.child].logPrior { continue }
            best = (index, score)
        }
        return best?.child
    }
}
