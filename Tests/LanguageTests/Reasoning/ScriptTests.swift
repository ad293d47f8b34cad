import Foundation
import Language
import Probability
import Testing

@Suite struct `calculations` {
    @Test(arguments: [
        ("1 + 2 * 3", "7"), ("(1 + 2) * 3", "9"), ("10 - 3 - 2", "5"), ("2 ^ 3 ^ 2", "512"), ("-2 ^ 2", "-4"),
        ("7 % 3", "1"), ("-7 % 3", "2"), ("1 / 3 * 3 == 1", "true"), ("1 / 3", "1/3"), ("7 / 4", "1.75"),
        ("-1 / 8", "-0.125"), ("0.1 + 0.2", "0.3"), ("12 × 3 ÷ 4 − 1", "8"), ("2 ^ -2", "0.25"),
        ("3 < 4 and 4 <= 4", "true"), ("not 1 == 1 or 2 != 3", "true"), ("if 3 > 4 then 1 else 2", "2"),
        ("let x = 4; let y = x + 1; x * y", "20"), ("let x = 2 in x ^ 10", "1024"),
        ("[1, 2, 3][2]", "3"), ("sum([1, 2.5, 3])", "6.5"), ("length(range(3, 10))", "7"), ("range(3)", "[0, 1, 2]"),
        ("sort([3, 1, 2])", "[1, 2, 3]"), ("reverse([1, 2])", "[2, 1]"), ("max([3, 7, 5]) - min([3, 7, 5])", "4"),
        ("map(range(1, 4), n -> n ^ 2)", "[1, 4, 9]"), ("filter(range(10), n -> n % 3 == 0)", "[0, 3, 6, 9]"),
        ("sum(map(filter(range(1, 11), n -> n % 2 == 0), n -> n * n))", "220"), ("product([2, 3, 4])", "24"),
        ("mean([1, 2])", "1.5"), ("floor(-7 / 2)", "-4"), ("abs(3 - 10)", "7"), ("[] == []", "true"),
        ("let f = 3; map([1, 2], f -> f + 1)", "[2, 3]"), ("[[1, 2], [3]][0][1]", "2"),
        ("false and 1 / 0 == 1", "false"),
    ]) func `come to what they should`(text: String, result: String) throws {
        #expect(try Script(text).run().description == result)
    }

    @Test(arguments: [
        ("1 +", 1, 4, "expected a number"), ("1 / 0", 1, 3, "division by zero"), ("2 * (3 + 4", 1, 11, "')'"),
        ("1 2", 1, 3, "an operator"), ("x + 1", 1, 1, "nothing is called 'x'"),
        ("\n  foo(1)", 2, 3, "no function 'foo'"),
        ("[1, 2][5]", 1, 8, "no member 5"), ("1 + true", 1, 5, "expected a number"),
        ("sum(3)", 1, 5, "expected a list"),
        ("9223372036854775807 + 1", 1, 21, "64 bits"), ("1.2.3", 1, 1, "no number"), ("3 $ 4", 1, 3, "means nothing"),
        ("range(1, 10 ^ 9)", 1, 1, "members"), ("if 1 then 2 else 3", 1, 4, "true or false"),
        ("let if = 1; 2", 1, 5, "a name"),
        ("sum(1, 2)", 1, 1, "one argument"), ("2 ^ 0.5", 1, 5, "whole exponent"), ("min([])", 1, 5, "empty"),
        ("", 1, 1, "a number"),
    ]) func `that are wrong say where and why`(text: String, line: Int, column: Int, words: String) throws {
        let error = #expect(throws: LanguageError.self) { try Script(text).run() }
        guard case .badScript(line, column, let reason) = error else {
            Issue.record("\(text): \(String(describing: error))")
            return
        }
        #expect(reason.contains(words), "\(reason)")
    }

    @Test func `end within their limits, whatever they are`() {
        let deep = String(repeating: "(", count: 4000) + "1"
        let double = (0..<60).reduce("let a = [1, 1]; ") { text, _ in text + "let a = [a, a]; " } + "a"
        let slow = "sum(map(range(1000), a -> sum(map(range(1000), b -> a * b))))"
        let compare = "let r = range(40000); length(filter(range(40000), x -> r == range(40000)))"
        let alike = "let r = range(30000); let s = range(30000); length(filter(range(20000), x -> r == s))"
        let long = Array(repeating: "1", count: 4900).joined(separator: "+")
        let start = ContinuousClock().now
        for text in [
            deep, double, slow, compare, alike, String(repeating: "-", count: 9000),
            String(repeating: "1", count: 11_000),
        ] {
            #expect(throws: LanguageError.self) { try Script(text).run() }
        }
        #expect((try? Script(long).run().description) == "4900")
        #expect(ContinuousClock().now - start < .seconds(5))
    }

    @Test func `random texts are worked out or refused, never worse`() {
        let parts = [
            "1", "23", "0.5", "x", "+", "-", "*", "/", "%", "^", "(", ")", "[", "]", ",", "->", "==", "<", "let", "x",
            "=",
            ";", "if", "then", "else", "sum", "map", "filter", "range", "sort", "length", "true", "and", "not", "\n",
            " ", "é", "\u{0}",
        ]
        var random = Random(seed: 8)
        var fine = 0
        for _ in 0..<20_000 {
            let text = (0..<random.integer(below: 16)).map { _ in parts[random.integer(below: parts.count)] }
                .joined(separator: random.bernoulli(0.5) ? " " : "")
            do throws(LanguageError) {
                _ = try Script(text).run()
                fine += 1
            } catch {
                guard case .badScript(let line, let column, let reason) = error, line >= 1, column >= 1, !reason.isEmpty
                else {
                    Issue.record("\(text): \(error)")
                    return
                }
            }
        }
        #expect(fine > 100)
    }

    @Test func `whole expressions agree with machine arithmetic`() throws {
        var random = Random(seed: 9)
        // Fully parenthesised, so that the reference needs no rules of its own.
        func make(_ depth: Int) -> (text: String, value: Double) {
            if depth == 0 {
                let number = random.integer(below: 20)
                return ("\(number)", Double(number))
            }
            let (left, right) = (make(depth - 1), make(depth - 1))
            switch random.integer(below: 4) {
            case 0: return ("(\(left.text) + \(right.text))", left.value + right.value)
            case 1: return ("(\(left.text) - \(right.text))", left.value - right.value)
            case 2: return ("(\(left.text) * \(right.text))", left.value * right.value)
            default:
                return right.value == 0 ? left : ("(\(left.text) / \(right.text))", left.value / right.value)
            }
        }
        for _ in 0..<500 {
            let (text, value) = make(3)
            guard case .number(let number) = try Script(text).run() else { return }
            #expect(abs(number.double - value) <= 1e-9 * max(1, abs(value)), "\(text)")
        }
    }
}

@Suite struct `fractions` {
    @Test func `obey the laws of a field, or say that they do not fit`() {
        var random = Random(seed: 10)
        func number() -> Rational {
            Rational(random.integer(below: 2001) - 1000, 1 + random.integer(below: 60))!
        }
        for _ in 0..<500 {
            let (a, b, c) = (number(), number(), number())
            #expect(a.plus(b) == b.plus(a) && a.times(b) == b.times(a))
            #expect(a.plus(b)!.plus(c) == b.plus(c)!.plus(a))
            #expect(a.times(b.plus(c)!) == a.times(b)!.plus(a.times(c)!))
            #expect(a.plus(a.negated!) == Rational(0))
            if b.numerator != 0 { #expect(a.divided(by: b)!.times(b) == a) }
            #expect((a < b) == (a.double < b.double) || a.double == b.double)
            #expect(Double(a.floor) == a.double.rounded(.down))
        }
        #expect(Rational(1, 0) == nil && Rational(.min, -1) == nil && Rational(.max).plus(Rational(1)) == nil)
        #expect(Rational(.min).negated == nil && Rational(.max).times(Rational(2)) == nil)
        #expect(Rational("3.50")?.description == "3.5" && Rational("1.") == nil && Rational("") == nil)
    }
}
