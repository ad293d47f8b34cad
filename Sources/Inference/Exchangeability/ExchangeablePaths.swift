public import Probability

/// Draws uniformly among all paths that take the same transitions from the same start: the whole exchangeability class
/// of a Markov path, where permuting blocks reaches a part of it.
///
/// Transitions keep what is attached to them: position t of the path stands for the step into `states[t]`. A path is an
/// Eulerian trail of the graph of steps. Its last exits from every state but the end form a tree that leads to the end,
/// and every tree goes with equally many trails; so a uniform tree (Wilson's walk with erased loops) and a uniform order
/// of the other exits give a uniform trail.
///
/// - Source: Wilson, 1996, for the tree; Kandel, Matias, Unger and Winkler, 1996, for trails from trees.
public struct ExchangeablePaths: Sendable {
    /// For each state, the positions stepped to from it.
    let exits: [[Int]]
    let states: [Int]

    /// The class of `states`.
    /// - Throws: `InferenceError.empty`, `.improperParameter` for a state outside `0 ..< stateCount`.
    public init(_ states: [Int], stateCount: Int) throws {
        guard !states.isEmpty else { throw InferenceError.empty(what: "the path") }
        try TransitionCounts.check(states, stateCount: stateCount)
        var exits = [[Int]](repeating: [], count: stateCount)
        for position in 1..<max(states.count, 1) { exits[states[position - 1]].append(position) }
        self.exits = exits
        self.states = states
    }

    /// Positions of the path in the order of a uniformly drawn path; position 0 stays first.
    public func sample(using random: inout Random) -> [Int] {
        let root = states[states.count - 1]
        var exits = exits
        // Wilson: walk at random from each state to the tree, then keep the last exit taken from each state on the way.
        var isInTree = [Bool](repeating: false, count: exits.count)
        var choice = [Int](repeating: 0, count: exits.count)
        isInTree[root] = true
        for start in exits.indices where !exits[start].isEmpty && !isInTree[start] {
            var state = start
            while !isInTree[state] {
                choice[state] = random.integer(below: exits[state].count)
                state = states[exits[state][choice[state]]]
            }
            state = start
            while !isInTree[state] {
                isInTree[state] = true
                state = states[exits[state][choice[state]]]
            }
        }
        for state in exits.indices where !exits[state].isEmpty {
            if state == root {
                random.shuffle(&exits[state])
                continue
            }
            let last = exits[state].remove(at: choice[state])
            random.shuffle(&exits[state])
            exits[state].append(last)
        }
        var used = [Int](repeating: 0, count: exits.count)
        var result = [0]
        result.reserveCapacity(states.count)
        var state = states[0]
        while used[state] < exits[state].count {
            let position = exits[state][used[state]]
            used[state] += 1
            result.append(position)
            state = states[position]
        }
        return result
    }
}
