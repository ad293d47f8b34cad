/// A calculation in a small language of numbers, truth values and lists, safe to run whoever wrote it.
///
///     let prices = [3.5, 2, 4.25]; sum(prices) * 2
///     length(filter(range(1, 20), n -> n % 3 == 0))
///     if 7 ^ 2 > 48 then 1 else 0
///
/// Numbers are exact (``Rational``): `1 / 3 * 3 == 1`. There are `+ - * / % ^`, comparisons, `and`, `or`, `not`,
/// `if … then … else`, `let … = …; …`, lists with `list[i]` from 0, and the functions in ``functions``. There are no
/// definitions of functions and no loops but over lists, so that every calculation ends; ``Limits`` bound how soon. It
/// reads and writes nothing.
public struct Script: Sendable {
    /// How much a calculation may do.
    public struct Limits: Sendable, Hashable {
        /// The most parts that are worked out.
        public var steps = 100_000
        /// The most members of lists that are made, all together.
        public var members = 100_000

        /// Enough for calculations by hand.
        public init() {}
    }

    /// What a calculation comes to.
    public indirect enum Value: Sendable, Hashable {
        case number(Rational)
        case truth(Bool)
        case list([Value])
    }

    /// The functions, with what each does.
    public static let functions: [(name: String, does: String)] = ScriptFunction.allCases.map {
        ($0.rawValue, $0.summary)
    }

    /// The longest text, in characters.
    static let maximumLength = 10_000

    let root: ScriptNode

    /// Reads `text`.
    /// - Throws: ``LanguageError/badScript(line:column:reason:)``.
    public init(_ text: String) throws(LanguageError) {
        guard text.unicodeScalars.count <= Self.maximumLength else {
            throw .badScript(line: 1, column: 1, reason: "the text is longer than \(Self.maximumLength) characters")
        }
        var parser = ScriptParser(tokens: try ScriptToken.tokens(of: text))
        root = try parser.whole()
    }

    /// Works it out.
    /// - Throws: ``LanguageError/badScript(line:column:reason:)``, also where a limit is reached.
    public func run(limits: Limits = Limits()) throws(LanguageError) -> Value {
        var evaluator = ScriptEvaluator(limits: limits)
        return try evaluator.value(of: root)
    }
}

extension Script.Value: CustomStringConvertible {
    public var description: String {
        switch self {
        case .number(let number): number.description
        case .truth(let holds): holds ? "true" : "false"
        case .list(let members): "[" + members.map(\.description).joined(separator: ", ") + "]"
        }
    }

    /// How much room it takes: one for itself, and what its members take.
    var size: Int {
        guard case .list(let members) = self else { return 1 }
        return members.reduce(1) { $0 + $1.size }
    }

    /// What kind of value it is, in words.
    var kind: String {
        switch self {
        case .number: "a number"
        case .truth: "a truth value"
        case .list: "a list"
        }
    }
}

/// Where something stands in a text; both count from 1.
struct ScriptPlace: Sendable, Hashable {
    var line: Int
    var column: Int

    func error(_ reason: String) -> LanguageError { .badScript(line: line, column: column, reason: reason) }
}

/// A part of a calculation and where it stands.
struct ScriptNode: Sendable {
    indirect enum Kind: Sendable {
        case number(Rational)
        case truth(Bool)
        case name(String)
        case list([ScriptNode])
        case member(ScriptNode, ScriptNode)
        case not(ScriptNode)
        case negative(ScriptNode)
        /// Operators of one level in a row, worked out from the left: a long row nests no deeper than a short one.
        case chain(ScriptNode, [ScriptLink])
        case power(ScriptNode, ScriptNode)
        case either(ScriptNode, ScriptNode, ScriptNode)
        case binding(String, ScriptNode, ScriptNode)
        case call(ScriptFunction, [ScriptNode])
        /// A list, and what is worked out for each member under a name.
        case each(ScriptFunction, ScriptNode, String, ScriptNode)
    }
    var kind: Kind
    var place: ScriptPlace
}

/// One more part of a row, and the operator before it.
struct ScriptLink: Sendable {
    var sign: ScriptOperator
    var place: ScriptPlace
    var node: ScriptNode
}

/// What stands between two parts.
enum ScriptOperator: String, Sendable {
    case or, and
    case equal = "==", different = "!=", atMost = "<=", atLeast = ">=", less = "<", more = ">"
    case plus = "+", minus = "-", times = "*", over = "/", modulo = "%"
}

/// The functions of the language.
enum ScriptFunction: String, Sendable, CaseIterable {
    case sum, product, length, sort, reverse, minimum, maximum, mean, range, map, filter, absolute, floor

    var summary: String {
        switch self {
        case .sum: "the sum of a list's numbers"
        case .product: "the product of a list's numbers"
        case .length: "how many members a list has"
        case .sort: "a list's numbers, smallest first"
        case .reverse: "a list from its end"
        case .minimum: "the smallest number of a list"
        case .maximum: "the largest number of a list"
        case .mean: "the mean of a list's numbers"
        case .range: "range(a, b): the whole numbers from a up to but not including b; range(b) begins at 0"
        case .map: "map(list, x -> ...): what comes of each member"
        case .filter: "filter(list, x -> ...): the members for which it is true"
        case .absolute: "a number without its sign"
        case .floor: "the largest whole number that is not above a number"
        }
    }

    /// How many arguments it takes.
    var arguments: ClosedRange<Int> {
        switch self {
        case .range: 1...2
        case .map, .filter: 2...2
        default: 1...1
        }
    }

    /// The function that is called `name`; short names are known, too.
    init?(called name: String) {
        let short: [String: ScriptFunction] = [
            "len": .length, "min": .minimum, "max": .maximum, "abs": .absolute, "sorted": .sort,
        ]
        guard let function = ScriptFunction(rawValue: name) ?? short[name] else { return nil }
        self = function
    }
}
