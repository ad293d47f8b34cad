import Synchronization

/// A grammar over a vocabulary: what is known of it so far, shared by all places in it.
final class ConstraintAutomaton: Sendable {
    private struct Knowledge: Sendable {
        var machine: PushdownMachine
        var masks: [Int32: TokenMask] = [:]
    }

    let trie: VocabularyTrie
    private let knowledge: Mutex<Knowledge>
    /// Masks kept at most: 32 MB of them.
    private let maskLimit: Int

    init(_ program: GrammarProgram, _ trie: VocabularyTrie) throws(LanguageError) {
        self.trie = trie
        knowledge = Mutex(Knowledge(machine: try PushdownMachine(program)))
        maskLimit = max(16, (32 << 20) / max(1, trie.vocabularyCount / 8))
    }

    func mayEnd(_ state: Int32) -> Bool { knowledge.withLock { $0.machine.mayEnd(state) } }
    func mustEnd(_ state: Int32) -> Bool { knowledge.withLock { $0.machine.mustEnd(state) } }

    /// The state after `token`, which ends no text; nil where it may not come.
    func step(_ state: Int32, _ token: Token) throws(LanguageError) -> Int32? {
        let result = knowledge.withLock { knowledge in
            Result { () throws(LanguageError) -> Int32? in
                try Self.step(&knowledge.machine, state, trie.bytes(of: token))
            }
        }
        return try result.get()
    }

    private static func step(
        _ machine: inout PushdownMachine, _ state: Int32, _ bytes: ArraySlice<UInt8>
    ) throws(LanguageError) -> Int32? {
        guard !bytes.isEmpty else { return nil }
        var state = state
        for byte in bytes {
            state = try machine.step(state, byte)
            if state == PushdownMachine.dead { return nil }
        }
        return state
    }

    /// The tokens that may come in `state`.
    func mask(_ state: Int32) throws(LanguageError) -> TokenMask {
        let result = knowledge.withLock { knowledge in
            Result { () throws(LanguageError) -> TokenMask in
                if let mask = knowledge.masks[state] { return mask }
                let mask = try Self.mask(&knowledge.machine, state, trie)
                if knowledge.masks.count >= maskLimit { knowledge.masks.removeAll() }
                knowledge.masks[state] = mask
                return mask
            }
        }
        return try result.get()
    }

    /// Walks the vocabulary; a transition that is not known yet interrupts the walk and is worked out.
    private static func mask(
        _ machine: inout PushdownMachine, _ state: Int32, _ trie: VocabularyTrie
    ) throws(LanguageError) -> TokenMask {
        var words = [UInt64](repeating: 0, count: (trie.vocabularyCount + 63) / 64)
        let classes = machine.classes
        let classCount = machine.classCount
        var states = [Int32](repeating: 0, count: trie.depth + 2)
        states[0] = state
        let end = trie.nodes.count - 1
        var place = 0
        while place < end {
            words.withUnsafeMutableBufferPointer { words in
                machine.transitions.withUnsafeBufferPointer { transitions in
                    trie.nodes.withUnsafeBufferPointer { nodes in
                        trie.order.withUnsafeBufferPointer { order in
                            states.withUnsafeMutableBufferPointer { states in
                                classes.withUnsafeBufferPointer { classes in
                                    while place < end {
                                        let node = nodes[place]
                                        let depth = Int(node.depth)
                                        let next = transitions[
                                            Int(states[depth]) &* classCount &+ Int(classes[Int(node.byte)])]
                                        if next < 0 {
                                            if next == PushdownMachine.unknown { return }
                                            place = Int(node.skip)
                                            continue
                                        }
                                        states[depth + 1] = next
                                        var index = Int(node.firstToken)
                                        let last = Int(nodes[place + 1].firstToken)
                                        while index < last {
                                            let token = order[index]
                                            words[Int(token) >> 6] |= 1 << UInt64(token & 63)
                                            index += 1
                                        }
                                        place += 1
                                    }
                                }
                            }
                        }
                    }
                }
            }
            if place < end {
                let node = trie.nodes[place]
                _ = try machine.step(states[Int(node.depth)], node.byte)
            }
        }
        var mask = TokenMask(words: words, vocabularyCount: trie.vocabularyCount)
        if machine.mayEnd(state) { for token in trie.ends { mask.insert(token) } }
        return mask
    }
}

/// A place in a grammar, schema, regular expression or word list, over the tokens of one vocabulary.
///
///     var constraint = try model.constraint(.regularExpression("[0-9]{3}"))
///     let mask = try constraint.allowedTokens()
///
/// The first mask of a place walks the vocabulary (a fraction of a millisecond), later ones are looked up.
public struct AutomatonConstraint: TokenConstraint {
    private let automaton: ConstraintAutomaton
    private var state: Int32 = 0
    /// Whether the end has been accepted.
    private var isOver = false

    /// The start of `constraint` over the vocabulary in `trie`.
    /// - Throws: ``LanguageError/badConstraint(kind:line:column:reason:)`` for one that can't be read,
    ///   ``LanguageError/emptyConstraint(kind:reason:)`` for one that no text of the vocabulary satisfies.
    public init(_ constraint: TextConstraint, _ trie: VocabularyTrie) throws(LanguageError) {
        let program = try GrammarProgram(try constraint.grammar())
        automaton = try ConstraintAutomaton(program, trie)
        guard !(try automaton.mask(0)).isEmpty else {
            throw .emptyConstraint(kind: constraint.kind, reason: "no token of the vocabulary can begin it")
        }
    }

    public func allowedTokens() throws(LanguageError) -> TokenMask {
        let mask = isOver ? TokenMask(vocabularyCount: automaton.trie.vocabularyCount) : try automaton.mask(state)
        guard !mask.isEmpty else {
            throw .noTokenLeft(reason: isOver ? "the text has ended" : "no token of the vocabulary goes on from here")
        }
        return mask
    }

    public func allows(_ token: Token) throws(LanguageError) -> Bool {
        if isOver { return false }
        if automaton.trie.ends.contains(token) { return automaton.mayEnd(state) }
        return try automaton.step(state, token) != nil
    }

    public mutating func accept(_ token: Token) throws(LanguageError) {
        guard try allows(token) else { throw .constraintViolated(token: token) }
        if automaton.trie.ends.contains(token) {
            isOver = true
        } else if let next = try automaton.step(state, token) {
            state = next
        }
    }

    public var mayEnd: Bool { isOver || automaton.mayEnd(state) }
    public var mustEnd: Bool { isOver || automaton.mustEnd(state) }
}
