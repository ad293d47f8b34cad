public import Cascades
import Foundation

/// A run as a tree for people: what was chosen where, how likely it was, what it cost, and what was weighed.
///
///     print(TraceExplanation(run.trace))
///
///     step[0]                                        ln p -0.69   ln w -1.20
///     ├─ state = 1                                   ln p -0.69
///     └─ reading observed                                         ln w -1.20
public struct TraceExplanation: Sendable, CustomStringConvertible {
    /// One line of the tree.
    public struct Node: Sendable {
        /// The last part of its address.
        public var name: String
        /// What was chosen, in words; nil for what only holds other nodes.
        public var value: String?
        /// `ln p` of what was chosen here and below, where known.
        public var logScore: Double?
        /// The log-weight of what was observed and weighed here and below.
        public var logWeight: Double?
        /// What was said of an answer.
        public var evidence: Evidence
        /// What was taken here and below.
        public var cost: Cost
        /// What is inside.
        public var children: [Node] = []

        init(name: String) {
            self.name = name
            evidence = [:]
            cost = .zero
        }
    }

    /// The outermost nodes, in the order of the run.
    public let roots: [Node]
    /// The sums over the run.
    public let total: Node

    /// The tree of `trace`.
    public init(_ trace: ProgramTrace) {
        var root = Node(name: "total")
        var term = 0
        func addTerms(before position: Int) {
            while term < trace.weights.count, trace.weights[term].position <= position {
                let weight = trace.weights[term]
                root.insert(weight.address.parts[...]) {
                    $0.value = weight.isObservation ? "observed" : "factor"
                    $0.logWeight = weight.logWeight
                }
                term += 1
            }
        }
        for (index, entry) in trace.choices.enumerated() {
            addTerms(before: index)
            root.insert(entry.address.parts[...]) {
                $0.value = (entry.note.map { "\($0.stage) answered " } ?? "= ") + entry.valueText
                $0.logScore = entry.logScore
                $0.evidence = entry.note?.evidence ?? [:]
                $0.cost = entry.cost
            }
        }
        addTerms(before: .max)
        root.sum()
        roots = root.children
        root.cost = trace.cost
        root.children = []
        total = root
    }

    /// The tree, one node a line.
    public var description: String {
        var lines: [(text: String, numbers: String)] = []
        for root in roots { root.write(to: &lines, first: "", rest: "") }
        total.write(to: &lines, first: "", rest: "")
        let width = lines.reduce(0) { max($0, $1.text.count) } + 2
        return lines.map { line in
            line.numbers.isEmpty
                ? line.text : line.text + String(repeating: " ", count: width - line.text.count) + line.numbers
        }.joined(separator: "\n")
    }
}

extension TraceExplanation.Node {
    fileprivate mutating func insert(_ path: ArraySlice<String>, _ fill: (inout Self) -> Void) {
        guard let name = path.first else { return fill(&self) }
        // The last one of a name: loops come in order, so a search from the end is short.
        if let index = children.lastIndex(where: { $0.name == name }) {
            children[index].insert(path.dropFirst(), fill)
        } else {
            var child = Self(name: name)
            child.insert(path.dropFirst(), fill)
            children.append(child)
        }
    }

    fileprivate mutating func sum() {
        for index in children.indices {
            children[index].sum()
            let child = children[index]
            if let score = child.logScore { logScore = (logScore ?? 0) + score }
            if let weight = child.logWeight { logWeight = (logWeight ?? 0) + weight }
            cost += child.cost
        }
    }

    fileprivate func write(to lines: inout [(text: String, numbers: String)], first: String, rest: String) {
        lines.append((first + name + (value.map { " \($0)" } ?? ""), numbers))
        for (index, child) in children.enumerated() {
            let isLast = index == children.count - 1
            child.write(
                to: &lines, first: rest + (isLast ? "└─ " : "├─ "), rest: rest + (isLast ? "   " : "│  "))
        }
    }

    private var numbers: String {
        func number(_ value: Double) -> String { String(format: "%.4g", value) }
        var parts: [String] = []
        if let logScore { parts.append("ln p \(number(logScore))") }
        if let logWeight { parts.append("ln w \(number(logWeight))") }
        if cost.money != 0 { parts.append("$\(number(cost.money))") }
        if cost.tokensIn + cost.tokensOut != 0 { parts.append("\(number(cost.tokensIn + cost.tokensOut)) tokens") }
        if cost.seconds != 0 { parts.append("\(number(cost.seconds)) s") }
        if cost.operations != 0 { parts.append("\(number(cost.operations)) operations") }
        parts += zip(evidence.names, evidence.values).map { "\($0) \(number($1))" }
        return parts.joined(separator: "   ")
    }
}
