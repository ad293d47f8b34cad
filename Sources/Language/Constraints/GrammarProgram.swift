/// A grammar in numbers: rules of alternatives of elements, each a set of bytes or another rule.
///
/// Rules and alternatives that derive no text are taken out, so that whatever the machine can begin it can also finish.
struct GrammarProgram: Sendable {
    /// Elements of all alternatives, one after the other, each alternative closed by ``end``: a set of bytes by its number,
    /// or a rule as ``code(ofRule:)``.
    private(set) var code: [Int32] = []
    /// Where the alternatives of each rule begin in ``code``.
    private(set) var alternatives: [[Int32]] = []
    /// The class of each byte: bytes of one class are alike to every set.
    private(set) var classes: [UInt8] = []
    /// How many classes there are.
    private(set) var classCount = 0
    /// Whether set `s` holds the bytes of class `c`, `[sets, classes]`.
    private(set) var members: [Bool] = []
    /// The whole text's rule.
    let root: Int32

    static let end: Int32 = -1
    static func code(ofRule rule: Int32) -> Int32 { -2 - rule }
    /// The most elements that a grammar may come to once its repetitions are written out.
    static let limit = 1 << 20

    /// - Throws: ``LanguageError/emptyConstraint(kind:reason:)`` for a grammar that no text satisfies,
    ///   ``LanguageError/badConstraint(kind:line:column:reason:)`` for one with a rule that begins with itself.
    init(_ grammar: Grammar) throws(LanguageError) {
        var builder = ProgramBuilder(grammar)
        root = try builder.rule(named: grammar.root)
        try builder.buildWaiting()
        let isProductive = builder.productiveRules()
        guard isProductive[Int(root)] else {
            throw .emptyConstraint(
                kind: grammar.kind, reason: "no text can be derived from \(grammar.root): every way needs itself")
        }
        builder.remove(notIn: isProductive)
        if let name = builder.leftRecursiveRule() {
            throw .badConstraint(
                kind: grammar.kind, line: 1, column: 1,
                reason:
                    "the rule \(name) begins with itself (left recursion); write the repetition with * or at the end"
            )
        }
        for rule in builder.rules {
            var starts: [Int32] = []
            for elements in rule {
                starts.append(Int32(code.count))
                code += elements
                code.append(Self.end)
            }
            alternatives.append(starts)
        }
        classify(builder.sets)
    }

    private mutating func classify(_ sets: [ByteSet]) {
        classes = [UInt8](repeating: 0, count: 256)
        classCount = 1
        for set in sets {
            // A class that the set divides becomes two.
            var split: [UInt8: UInt8] = [:]
            for old in 0..<classCount {
                let bytes = (0..<256).filter { Int(classes[$0]) == old }
                let inside = bytes.count { set.contains(UInt8($0)) }
                if inside > 0 && inside < bytes.count {
                    split[UInt8(old)] = UInt8(classCount + split.count)
                }
            }
            classCount += split.count
            for byte in 0..<256 where set.contains(UInt8(byte)) {
                if let new = split[classes[byte]] { classes[byte] = new }
            }
        }
        members = [Bool](repeating: false, count: sets.count * classCount)
        for (number, set) in sets.enumerated() {
            for byte in 0..<256 where set.contains(UInt8(byte)) {
                members[number * classCount + Int(classes[byte])] = true
            }
        }
    }
}

/// A set of bytes.
struct ByteSet: Hashable, Sendable {
    private var words = SIMD4<UInt64>()

    init(_ range: ClosedRange<UInt8>) { insert(range) }

    mutating func insert(_ range: ClosedRange<UInt8>) {
        for byte in range { words[Int(byte >> 6)] |= 1 << UInt64(byte & 63) }
    }

    func contains(_ byte: UInt8) -> Bool { words[Int(byte >> 6)] & (1 << UInt64(byte & 63)) != 0 }
}
