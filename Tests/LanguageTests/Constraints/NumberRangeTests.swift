import Probability
import Testing

@testable import Language

@Suite struct `ranges of numbers in JSON schemas` {
    private static func accepts(_ machine: inout PushdownMachine, _ text: String) throws -> Bool {
        try ConstraintTests.accepts(&machine, text)
    }

    /// Whether there is a machine, and it accepts `text`.
    private static func accepts(_ machine: inout PushdownMachine?, _ text: String) throws -> Bool {
        if machine == nil { return false }
        return try accepts(&machine!, text)
    }

    private static func machine(_ schema: String) throws -> PushdownMachine? {
        do {
            return try PushdownMachine(GrammarProgram(JSONSchema.grammar(schema)))
        } catch LanguageError.emptyConstraint {
            return nil
        }
    }

    /// An end of a range in hundredths, and the words of a schema that say it.
    private static func end(
        _ words: (String, String), _ random: inout Random, step: Int
    ) -> (text: String, value: Int, isExclusive: Bool)? {
        if random.bernoulli(0.2) { return nil }
        let value = (random.integer(below: 5) == 0 ? 0 : random.integer(below: 2400) - 1200) * step
        let isExclusive = random.bernoulli(0.5)
        let size = abs(value)
        var number = "\(size / 100)"
        if size % 100 != 0 || random.bernoulli(0.3) {
            number += "." + (size % 100 < 10 ? "0" : "") + "\(size % 100)"
        }
        return ("\"\(isExclusive ? words.1 : words.0)\": \(value < 0 ? "-" : "")\(number)", value, isExclusive)
    }

    @Test func `of whole numbers hold exactly those in them`() throws {
        var random = Random(seed: 1)
        for _ in 0..<60 {
            let low = Self.end(("minimum", "exclusiveMinimum"), &random, step: random.bernoulli(0.7) ? 100 : 37)
            let high = Self.end(("maximum", "exclusiveMaximum"), &random, step: random.bernoulli(0.7) ? 100 : 37)
            let multiple = [1, 1, 2, 3, 7, 10, 12, 60][random.integer(below: 8)]
            var words = ["\"type\": \"integer\""] + [low?.text, high?.text].compactMap { $0 }
            if multiple > 1 { words.append("\"multipleOf\": \(multiple)") }
            let schema = "{\(words.joined(separator: ", "))}"
            var machine = try Self.machine(schema)
            func isIn(_ number: Int) -> Bool {
                let value = number * 100
                if let low, low.isExclusive ? value <= low.value : value < low.value { return false }
                if let high, high.isExclusive ? value >= high.value : value > high.value { return false }
                return number % multiple == 0
            }
            let numbers = Array(-130...130) + (0..<200).map { _ in random.integer(below: 200_000) - 100_000 }
            for number in numbers {
                let accepted = try Self.accepts(&machine, "\(number)")
                #expect(accepted == isIn(number), "\(schema) on \(number)")
                guard accepted else { continue }
                for other in ["0\(number)", "\(number).0", "+\(number)", "\(number) ", "--\(number)"] {
                    #expect(try !Self.accepts(&machine, other), "\(schema) on \(other)")
                }
            }
        }
    }

    @Test func `of all numbers hold exactly those in them`() throws {
        var random = Random(seed: 2)
        for _ in 0..<80 {
            let step = [1, 10, 50, 100][random.integer(below: 4)]
            var low = Self.end(("minimum", "exclusiveMinimum"), &random, step: step)
            let high = Self.end(("maximum", "exclusiveMaximum"), &random, step: step)
            // Now and then both ends at one place, or with the same whole part.
            if let high, random.bernoulli(0.3) {
                low = (
                    "\"minimum\": \(high.value < 0 ? "-" : "")\(abs(high.value) / 100)", high.value / 100 * 100, false
                )
            }
            let words = ["\"type\": \"number\""] + [low?.text, high?.text].compactMap { $0 }
            let schema = "{\(words.joined(separator: ", "))}"
            var machine = try Self.machine(schema)
            /// Whether a number of thousandths is in the range.
            func isIn(_ value: Int) -> Bool {
                if let low, low.isExclusive ? value <= low.value * 10 : value < low.value * 10 { return false }
                if let high, high.isExclusive ? value >= high.value * 10 : value > high.value * 10 { return false }
                return true
            }
            var values = (0..<150).map { _ in random.integer(below: 30_000) - 15_000 }
            for end in [low?.value, high?.value, 0].compactMap({ $0 }) {
                values += (-12...12).map { 10 * end + $0 } + [10 * end + 100, 10 * end - 100, 10 * end + 1000]
            }
            if step == 100 { values += (0..<50).map { _ in 10 * (random.integer(below: 400_000) - 200_000) } }
            for value in values {
                let size = abs(value)
                let sign = value < 0 ? "-" : ""
                let thousandths = "\(1000 + size % 1000)".dropFirst()
                var texts = ["\(sign)\(size / 1000).\(thousandths)", "\(sign)\(size / 1000).\(thousandths)00"]
                var short = String(thousandths)
                while short.last == "0" { short.removeLast() }
                texts.append("\(sign)\(size / 1000)" + (short.isEmpty ? "" : ".\(short)"))
                for text in texts where !text.isEmpty {
                    let accepted = try Self.accepts(&machine, text)
                    #expect(accepted == isIn(value), "\(schema) on \(text)")
                }
                #expect(try !Self.accepts(&machine, "\(sign)\(size / 1000)."))
                #expect(try !Self.accepts(&machine, "\(sign)0\(size / 1000).\(thousandths)"))
            }
        }
    }

    @Test func `are taken from numbers with exponents, and apply to numbers without a type`() throws {
        var machine = try #require(try Self.machine("{\"minimum\": 1.5e1, \"exclusiveMaximum\": 2000e-2}"))
        for (text, isIn) in [("15", true), ("14.999", false), ("19.99999", true), ("20", false), ("20.0", false)] {
            #expect(try Self.accepts(&machine, text) == isIn, "\(text)")
        }
        var list = try #require(
            try Self.machine(
                "{\"type\": \"array\", \"items\": {\"type\": \"integer\", \"minimum\": 1, \"maximum\": 6}}"))
        #expect(try Self.accepts(&list, "[1, 6,3]") && !Self.accepts(&list, "[0]") && !Self.accepts(&list, "[7]"))
        #expect(try Self.machine("{\"type\": \"integer\", \"minimum\": 7, \"maximum\": 6}") == nil)
        #expect(try Self.machine("{\"type\": \"number\", \"minimum\": 7, \"exclusiveMaximum\": 7}") == nil)
    }

    @Test(arguments: [
        "{\"type\": \"number\", \"multipleOf\": 2}", "{\"type\": \"integer\", \"multipleOf\": 0}",
        "{\"type\": \"integer\", \"multipleOf\": 0.5}", "{\"type\": \"integer\", \"multipleOf\": 1001}",
        "{\"type\": \"number\", \"minimum\": \"1\"}",
        "{\"type\": \"number\", \"minimum\": 0, \"exclusiveMinimum\": true}",
        "{\"type\": \"number\", \"maximum\": 1e300}", "{\"minimum\": 1, \"minLength\": 2}",
    ]) func `that can't be made a grammar are refused`(_ schema: String) {
        let error = #expect(throws: LanguageError.self) { try JSONSchema.grammar(schema) }
        guard case .unsupported? = error else {
            Issue.record("\(String(describing: error))")
            return
        }
    }
}
