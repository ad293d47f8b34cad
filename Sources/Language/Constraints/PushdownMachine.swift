/// Reads bytes by a grammar: all derivations at once, made deterministic as it goes.
///
/// A stack is a place in an alternative and, below it, the places to return to; equal stacks are one node, so that the set
/// of all stacks that the bytes so far allow is a short list of numbers, and equal sets are one state. What a state does on
/// a class of bytes is worked out once. A regular grammar comes to finitely many states: the lazy form of the subset
/// construction. A rule in the last place of an alternative leaves nothing to return to, so that lists don't grow the stack.
struct PushdownMachine: Sendable {
    private let program: GrammarProgram
    /// Node 0 is the empty stack: the text is complete.
    private var places: [Int32] = [-1]
    private var parents: [Int32] = [0]
    private var nodeNumbers: [UInt64: Int32] = [:]
    /// The stacks of each state, ascending; each waits for a byte, but for node 0.
    private var states: [[Int32]] = []
    private var stateNumbers: [[Int32]: Int32] = [:]
    /// `[states, classes]`; ``unknown`` where it has not been worked out, ``dead`` where no text goes on so.
    private(set) var transitions: [Int32] = []
    /// When a node was last met, by the number of the search.
    private var stamps: [Int32] = [0]
    private var search: Int32 = 0

    static let unknown: Int32 = -2
    static let dead: Int32 = -1
    /// The most stacks that one state may have.
    static let limit = 1 << 14

    var classCount: Int { program.classCount }
    var classes: [UInt8] { program.classes }

    /// The machine at the start of a text, which is state 0.
    init(_ program: GrammarProgram) throws(LanguageError) {
        self.program = program
        let starts = program.alternatives[Int(program.root)].map { (place: $0, parent: Int32(0)) }
        _ = try state(reachedFrom: starts)
    }

    /// Whether the text may end in `state`.
    func mayEnd(_ state: Int32) -> Bool { states[Int(state)].first == 0 }

    /// Whether nothing may come in `state` but the end.
    func mustEnd(_ state: Int32) -> Bool { states[Int(state)] == [0] }

    /// The state after a byte; ``dead`` where it may not come.
    mutating func step(_ state: Int32, _ byte: UInt8) throws(LanguageError) -> Int32 {
        try step(state, ofClass: program.classes[Int(byte)])
    }

    /// The state after a byte of a class.
    mutating func step(_ state: Int32, ofClass byteClass: UInt8) throws(LanguageError) -> Int32 {
        let slot = Int(state) * classCount + Int(byteClass)
        let known = transitions[slot]
        if known != Self.unknown { return known }
        var next: [(place: Int32, parent: Int32)] = []
        for node in states[Int(state)] where node != 0 {
            let place = Int(places[Int(node)])
            if program.members[Int(program.code[place]) * classCount + Int(byteClass)] {
                next.append((Int32(place + 1), parents[Int(node)]))
            }
        }
        let result = next.isEmpty ? Self.dead : try self.state(reachedFrom: next)
        transitions[slot] = result
        return result
    }

    /// The state of all stacks that wait for a byte and are reached from `starts` without one.
    private mutating func state(reachedFrom starts: [(place: Int32, parent: Int32)]) throws(LanguageError) -> Int32 {
        search += 1
        var waiting = starts
        var stacks: [Int32] = []
        while let (place, parent) = waiting.popLast() {
            let element = program.code[Int(place)]
            if element == GrammarProgram.end {
                if parent != 0 {
                    waiting.append((places[Int(parent)], parents[Int(parent)]))
                } else if stamps[0] != search {
                    stamps[0] = search
                    stacks.append(0)
                }
                continue
            }
            let node = self.node(place, parent)
            if stamps[Int(node)] == search { continue }
            stamps[Int(node)] = search
            if element >= 0 {
                stacks.append(node)
                guard stacks.count <= Self.limit else { throw .constraintTooLarge(limit: Self.limit) }
                continue
            }
            let after = program.code[Int(place) + 1] == GrammarProgram.end ? parent : self.node(place + 1, parent)
            for start in program.alternatives[Int(-2 - element)] { waiting.append((start, after)) }
        }
        stacks.sort()
        if let number = stateNumbers[stacks] { return number }
        let number = Int32(states.count)
        states.append(stacks)
        stateNumbers[stacks] = number
        transitions.append(contentsOf: repeatElement(Self.unknown, count: classCount))
        return number
    }

    private mutating func node(_ place: Int32, _ parent: Int32) -> Int32 {
        let key = UInt64(UInt32(bitPattern: place)) << 32 | UInt64(UInt32(bitPattern: parent))
        if let number = nodeNumbers[key] { return number }
        let number = Int32(places.count)
        places.append(place)
        parents.append(parent)
        stamps.append(0)
        nodeNumbers[key] = number
        return number
    }
}
