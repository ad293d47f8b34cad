/// Finds a calculation from examples of what it should come to: the smallest expressions first, those that come to the same
/// on all examples counted once.
///
///     let search = ScriptSearch()
///     search.find([("[3, 9, 4]", "6"), ("[1, 1]", "0")])  // maximum(x) - minimum(x)
///
/// Expressions are of `x`, which stands for the input, in the language of ``Script``; bodies of functions.
///
/// - Source: bottom-up enumeration up to observational equivalence, as in Udupa et al., 2013, "TRANSIT".
public struct ScriptSearch: Sendable, Hashable {
    /// Expressions of one part.
    public var leaves = ["x", "1", "2"]
    /// What can be made of an expression, its place marked by `?`.
    public var unary = [
        "sum(?)", "length(?)", "minimum(?)", "maximum(?)", "sort(?)", "reverse(?)", "?[0]", "?[1]", "?[length(?) - 1]",
        "absolute(?)",
        "filter(?, n -> n % 2 == 0)", "filter(?, n -> n % 2 == 1)", "filter(?, n -> n > 0)", "filter(?, n -> n < 0)",
        "map(?, n -> n * n)", "map(?, n -> absolute(n))",
    ]
    /// What can be made of two, their places marked by `?` and `!`.
    public var binary = ["(? + !)", "(? - !)", "(? * !)"]
    /// The most parts of an expression.
    public var maximumSize = 5
    /// The most expressions that are worked out.
    public var maximumCount = 20_000
    /// How much one of them may do.
    public var limits: Script.Limits = {
        var limits = Script.Limits()
        (limits.steps, limits.members) = (2_000, 2_000)
        return limits
    }()

    /// A search among the usual parts.
    public init() {}

    /// The smallest expression that comes to every output, none of `excluded`; nil where none is small enough.
    public func find(_ examples: [(input: String, output: String)], excluding excluded: Set<String> = []) -> String? {
        guard !examples.isEmpty else { return nil }
        let goal = examples.map(\.output)
        // By size, expressions with what they come to on each example.
        var bySize: [[Expression]] = [[]]
        var seen: Set<[String]> = []
        var count = 0
        for size in 1...max(1, maximumSize) {
            var made: [Expression] = []
            func consider(_ text: String, _ parts: [Expression], _ form: String) -> String? {
                count += 1
                guard let values = values(form, parts, examples) else { return nil }
                if values == goal, !excluded.contains(text) { return text }
                // One that was taken back stays as a part, but does not stand in the way of another like it.
                if seen.insert(values).inserted { made.append(Expression(text: text, values: values)) }
                return nil
            }
            if size == 1 {
                for leaf in leaves { if let found = consider(leaf, [], leaf) { return found } }
            } else {
                for form in binary where size > 2 {
                    for first in 1..<size - 1 {
                        for a in bySize[first] {
                            for b in bySize[size - 1 - first] {
                                guard count < maximumCount else { return nil }
                                let text = form.replacing("?", with: a.text).replacing("!", with: b.text)
                                if let found = consider(text, [a, b], form) { return found }
                            }
                        }
                    }
                }
                for form in unary {
                    for part in bySize[size - 1] {
                        guard count < maximumCount else { return nil }
                        let text = form.replacing("?", with: part.text)
                        if let found = consider(text, [part], form) { return found }
                    }
                }
            }
            bySize.append(made)
        }
        return nil
    }

    private struct Expression {
        var text: String
        /// What it comes to on each example.
        var values: [String]
    }

    /// What a form comes to on each example, its parts' values in place; nil where it fails on one.
    private func values(
        _ form: String, _ parts: [Expression], _ examples: [(input: String, output: String)]
    ) -> [String]? {
        var values: [String] = []
        for (index, example) in examples.enumerated() {
            var text = form
            if let first = parts.first {
                // The second place first: a value holds no marks, but the first may be a list with negative numbers.
                if parts.count > 1 { text = text.replacing("!", with: Self.inParentheses(parts[1].values[index])) }
                text = text.replacing("?", with: Self.inParentheses(first.values[index]))
            } else if form == "x" {
                text = example.input
            }
            do throws(LanguageError) {
                values.append(try Script(text).run(limits: limits).description)
            } catch { return nil }
        }
        return values
    }

    private static func inParentheses(_ value: String) -> String { value.hasPrefix("[") ? value : "(\(value))" }
}
