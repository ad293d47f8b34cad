/// Writes the patterns of a grammar out as numbered rules.
struct ProgramBuilder {
    private let grammar: Grammar
    /// Alternatives of each rule, each a list of elements as in ``GrammarProgram/code``.
    private(set) var rules: [[[Int32]]] = []
    private(set) var sets: [ByteSet] = []
    private var names: [String] = []
    private var ruleNumbers: [String: Int32] = [:]
    private var patternNumbers: [Pattern: Int32] = [:]
    private var setNumbers: [ByteSet: Int32] = [:]
    /// Rules that have a number and wait to be written.
    private var waiting: [(number: Int32, pattern: Pattern)] = []
    private var size = 0

    init(_ grammar: Grammar) { self.grammar = grammar }

    /// The number of the rule called `name`.
    mutating func rule(named name: String) throws(LanguageError) -> Int32 {
        if let number = ruleNumbers[name] { return number }
        guard let pattern = grammar.rules[name] else {
            throw .badConstraint(
                kind: grammar.kind, line: 1, column: 1, reason: "there is no rule called \(name)")
        }
        let number = newRule(name)
        ruleNumbers[name] = number
        waiting.append((number, pattern))
        return number
    }

    /// Writes the rules that have been asked for, and those that they ask for.
    mutating func buildWaiting() throws(LanguageError) {
        while let (number, pattern) = waiting.popLast() {
            let choices = if case .choice(let choices) = pattern { choices } else { [pattern] }
            var alternatives: [[Int32]] = []
            for choice in choices {
                var elements: [Int32] = []
                try write(choice, into: &elements)
                size += elements.count + 1
                guard size <= GrammarProgram.limit else {
                    throw .constraintTooLarge(limit: GrammarProgram.limit)
                }
                alternatives.append(elements)
            }
            rules[Int(number)] = alternatives
        }
    }

    private mutating func newRule(_ name: String) -> Int32 {
        rules.append([])
        names.append(name)
        return Int32(rules.count - 1)
    }

    /// The rule of a pattern without a name; equal patterns share one.
    private mutating func rule(for pattern: Pattern) -> Int32 {
        if let number = patternNumbers[pattern] { return number }
        let number = newRule("(a part of a rule)")
        patternNumbers[pattern] = number
        waiting.append((number, pattern))
        return number
    }

    private mutating func write(_ pattern: Pattern, into elements: inout [Int32]) throws(LanguageError) {
        switch pattern {
        case .sequence(let parts): for part in parts { try write(part, into: &elements) }
        case .rule(let name): elements.append(GrammarProgram.code(ofRule: try rule(named: name)))
        case .choice: elements.append(GrammarProgram.code(ofRule: rule(for: pattern)))
        case .characters(let ranges): writeCharacters(ranges, into: &elements)
        case .repeated(let inner, let least, let most):
            guard least + (most ?? 0) <= GrammarProgram.limit else {
                throw .constraintTooLarge(limit: GrammarProgram.limit)
            }
            var unit: [Int32] = []
            try write(inner, into: &unit)
            if unit.count > 1, least + (most ?? 1) > 1 {
                unit = [GrammarProgram.code(ofRule: rule(for: .sequence([inner, .empty])))]
            }
            for _ in 0..<least { elements += unit }
            if let most {
                // The n-th optional one stands inside the rule of the one before: no place is reached in two ways.
                var rest: [Int32] = []
                for _ in least..<max(least, most) {
                    let number = newRule("(a repetition)")
                    rules[Int(number)] = [unit + rest, []]
                    size += unit.count + rest.count + 2
                    rest = [GrammarProgram.code(ofRule: number)]
                }
                elements += rest
            } else {
                let number = newRule("(a repetition)")
                rules[Int(number)] = [unit + [GrammarProgram.code(ofRule: number)], []]
                elements.append(GrammarProgram.code(ofRule: number))
            }
            size += elements.count
            guard size <= GrammarProgram.limit else { throw .constraintTooLarge(limit: GrammarProgram.limit) }
        }
    }

    private mutating func writeCharacters(_ ranges: CharacterRanges, into elements: inout [Int32]) {
        // Sequences of one byte are one set; longer ones are alternatives.
        var single: ByteSet?
        var longer: [[Int32]] = []
        for sequence in ranges.byteSequences {
            if sequence.count == 1 {
                if single == nil { single = ByteSet(sequence[0]) } else { single?.insert(sequence[0]) }
            } else {
                longer.append(sequence.map { number(of: ByteSet($0)) })
            }
        }
        if longer.isEmpty, let single {
            elements.append(number(of: single))
            return
        }
        let pattern = Pattern.characters(ranges)
        if let number = patternNumbers[pattern] {
            elements.append(GrammarProgram.code(ofRule: number))
            return
        }
        let rule = newRule("(a character)")
        patternNumbers[pattern] = rule
        if let single { longer.append([number(of: single)]) }
        rules[Int(rule)] = longer
        elements.append(GrammarProgram.code(ofRule: rule))
    }

    private mutating func number(of set: ByteSet) -> Int32 {
        if let number = setNumbers[set] { return number }
        let number = Int32(sets.count)
        sets.append(set)
        setNumbers[set] = number
        return number
    }

    // MARK: Analysis

    private static func rule(_ element: Int32) -> Int? { element < -1 ? Int(-2 - element) : nil }

    /// Rules with an alternative whose rules all satisfy the same: the least fixed point.
    private func fixedPoint(bytesCount: Bool) -> [Bool] {
        var holds = [Bool](repeating: false, count: rules.count)
        // For each alternative how many of its rules are still open, and who waits for a rule.
        var open: [[Int]] = rules.map { $0.map { _ in 0 } }
        var users: [[(rule: Int, alternative: Int)]] = rules.map { _ in [] }
        var ready: [Int] = []
        func fulfil(_ rule: Int) {
            if !holds[rule] {
                holds[rule] = true
                ready.append(rule)
            }
        }
        for (number, alternatives) in rules.enumerated() {
            for (place, elements) in alternatives.enumerated() {
                if !bytesCount, elements.contains(where: { $0 >= 0 }) { continue }
                let inner = elements.compactMap(Self.rule)
                open[number][place] = inner.count
                for rule in inner { users[rule].append((number, place)) }
                if inner.isEmpty { fulfil(number) }
            }
        }
        while let rule = ready.popLast() {
            for user in users[rule] {
                open[user.rule][user.alternative] -= 1
                if open[user.rule][user.alternative] == 0 { fulfil(user.rule) }
            }
        }
        return holds
    }

    /// Which rules derive some text.
    func productiveRules() -> [Bool] { fixedPoint(bytesCount: true) }

    /// Takes out alternatives with a rule that is not in `kept`.
    mutating func remove(notIn kept: [Bool]) {
        for number in rules.indices {
            rules[number].removeAll { $0.contains { Self.rule($0).map { !kept[$0] } ?? false } }
        }
    }

    /// A rule that can come to stand before more of itself without a byte read; nil where there is none.
    ///
    /// A rule that comes back in the last place of its alternative adds nothing to the stack and does no harm.
    func leftRecursiveRule() -> String? {
        let isNullable = fixedPoint(bytesCount: false)
        // Steps from a rule to one that begins it; growing where something is left to be read behind that one.
        var steps: [[(to: Int, grows: Bool)]] = rules.map { _ in [] }
        for (number, alternatives) in rules.enumerated() {
            for elements in alternatives {
                for (place, element) in elements.enumerated() {
                    guard let rule = Self.rule(element) else { break }
                    steps[number].append((rule, place + 1 < elements.count))
                    if !isNullable[rule] { break }
                }
            }
        }
        let components = Self.components(steps.map { $0.map(\.to) })
        for (number, list) in steps.enumerated() {
            if list.contains(where: { $0.grows && components[$0.to] == components[number] }) { return names[number] }
        }
        return nil
    }

    /// The strongly connected component of each node (Tarjan, 1972), without recursion.
    private static func components(_ edges: [[Int]]) -> [Int] {
        var component = [Int](repeating: -1, count: edges.count)
        var index = [Int](repeating: -1, count: edges.count)
        var low = index
        var stack: [Int] = []
        var next = 0
        var found = 0
        for root in edges.indices where index[root] < 0 {
            var calls: [(node: Int, edge: Int)] = [(root, 0)]
            while let (node, edge) = calls.last {
                if edge == 0 {
                    index[node] = next
                    low[node] = next
                    next += 1
                    stack.append(node)
                }
                if edge < edges[node].count {
                    calls[calls.count - 1].edge += 1
                    let to = edges[node][edge]
                    if index[to] < 0 {
                        calls.append((to, 0))
                    } else if component[to] < 0 {
                        low[node] = min(low[node], index[to])
                    }
                    continue
                }
                calls.removeLast()
                if let parent = calls.last { low[parent.node] = min(low[parent.node], low[node]) }
                if low[node] == index[node] {
                    while let member = stack.popLast() {
                        component[member] = found
                        if member == node { break }
                    }
                    found += 1
                }
            }
        }
        return component
    }
}
