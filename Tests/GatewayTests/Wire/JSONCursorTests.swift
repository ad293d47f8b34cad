import Foundation
import NIOCore
import Probability
import Testing

@testable import Gateway

/// Random JSON texts, with the spellings that people and programs use.
struct RandomJSON {
    var random: Random

    mutating func below(_ count: Int) -> Int { Int(random.uniform() * Double(count)) }
    mutating func pick(_ options: [String]) -> String { options[below(options.count)] }

    mutating func space() -> String { pick(["", "", "", " ", "\n  ", "\t", "\r\n"]) }

    mutating func string() -> String {
        var text = "\""
        for _ in 0..<below(12) {
            text += pick([
                "a", "Z", "é", "漢", "🦊", "\\n", "\\\"", "\\\\", "\\u00e9", "\\ud83e\\udd8a", "/", "{", "]", ",", ":",
                " ",
            ])
        }
        return text + "\""
    }

    mutating func number() -> String {
        pick(["0", "-0", "1", "12345678901234567890", "1.50", "1e5", "-2.5E-3", "0.1000000000000000055", "1E+2", "-7"])
    }

    mutating func value(_ depth: Int) -> String {
        switch below(depth <= 0 ? 4 : 6) {
        case 0: return string()
        case 1, 2: return number()
        case 3: return pick(["true", "false", "null"])
        case 4:
            let count = below(4)
            var parts: [String] = []
            for _ in 0..<count { parts.append(space() + value(depth - 1) + space()) }
            return "[" + (parts.isEmpty ? space() : parts.joined(separator: ",")) + "]"
        default:
            return object((0..<below(4)).map { _ in (string(), value(depth - 1)) })
        }
    }

    mutating func object(_ members: [(name: String, value: String)]) -> String {
        var parts: [String] = []
        for member in members { parts.append(space() + member.name + space() + ":" + space() + member.value + space()) }
        return "{" + (parts.isEmpty ? space() : parts.joined(separator: ",")) + "}"
    }
}

@Suite(.timeLimit(.minutes(5))) struct `JSON read where it lies` {
    private func isValid(_ text: String) -> Bool {
        do throws(JSONFault) {
            try ByteBuffer(string: text).withCursor { (cursor) throws(JSONFault) -> Void in
                try cursor.skip()
                try cursor.end()
            }
            return true
        } catch {
            return false
        }
    }

    private static let proper = [
        "{}", "[]", " [ 1 , 2 ] ", "\"a\"", "0", "-1.5e+3", "true", "null", "{\"a\":{\"b\":[{}]}}", "\"\\u12aF\"",
        "[\"12345678\",\"1234567\\\"\"]",
    ]

    @Test(arguments: proper)
    func `what is JSON is taken`(_ text: String) { #expect(isValid(text)) }

    private static let improper = [
        "", " ", "{", "}", "[1,]", "{\"a\"}", "{\"a\":}", "{\"a\":1,}", "{a:1}", "01", "1.", ".5", "-", "+1", "1e",
        "tru", "nul", "\"", "\"a", "\"\\x\"", "\"\\u12g4\"", "\"\\u12", "\"a\nb\"", "[1 2]", "[1]]", "{} {}", "NaN",
        "'a'",
        "[1,,2]", "{\"a\":1 \"b\":2}", "\u{FEFF}{}",
    ]

    @Test(arguments: improper)
    func `what is none is refused`(_ text: String) { #expect(!isValid(text)) }

    @Test func `nesting has a limit, and no stack overflows`() {
        func nested(_ depth: Int) -> String {
            String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
        }
        #expect(isValid(nested(JSONCursor.depthLimit)))
        #expect(!isValid(nested(JSONCursor.depthLimit + 1)))
        #expect(!isValid(String(repeating: "{\"a\":", count: 1_000_000)))
    }

    @Test func `random texts are judged as the grammar of RFC 8259 judges them`() {
        var source = RandomJSON(random: Random(seed: 11))
        var refused = 0
        for _ in 0..<5000 {
            var text = Array(source.value(4).utf8)
            // Half of them are damaged somewhere.
            if source.below(2) == 0, !text.isEmpty {
                let damage = Array("{}[]\",:\\0e-.tn xu\n\u{1}".utf8)
                let place = source.below(text.count)
                switch source.below(3) {
                case 0: text.remove(at: place)
                case 1: text.insert(damage[source.below(damage.count)], at: place)
                default: text[place] = damage[source.below(damage.count)]
                }
            }
            guard let string = String(validating: text, as: UTF8.self) else { continue }
            let expected = GrammarOfJSON.allows(string)
            #expect(isValid(string) == expected, "\(string)")
            refused += expected ? 0 : 1
        }
        #expect(refused > 500)
    }

    @Test func `the grammar that judges is itself right on what is known`() {
        for text in Self.proper { #expect(GrammarOfJSON.allows(text), "\(text)") }
        for text in Self.improper { #expect(!GrammarOfJSON.allows(text), "\(text)") }
    }

    @Test func `escapes in names and texts mean what they spell`() throws {
        let bytes = ByteBuffer(string: "{\"mo\\u0064el\":\"a\\n\\\"\\u00e9\\ud83e\\udd8a\\ud800\"}")
        var found = ""
        try bytes.withCursor { (cursor) throws(JSONFault) in
            try cursor.object { (name, cursor) throws(JSONFault) in
                #expect(cursor.name(name, is: "model"))
                found = cursor.text(try cursor.string())
            }
        }
        #expect(found == "a\n\"é🦊\u{FFFD}")
    }

    @Test func `money is written without the noise of sums`() {
        #expect(JSONText.money(0.1 + 0.2) == "0.3" && JSONText.money(3 * 1.1e-6) == "3.3e-06")
        #expect(JSONText.money(0) == "0" && JSONText.money(12) == "12" && JSONText.money(-0.1 - 0.2) == "-0.3")
        #expect(JSONText.money(.nan) == "null" && JSONText.money(123_456.789) == "123456.789")
    }

    @Test func `texts survive being written and read`() throws {
        for text in ["", "plain", "a\"b\\c\n\r\t\u{1}\u{1F}é漢🦊/"] {
            let written = JSONText.quoted(text)
            #expect(try JSONDecoder().decode(String.self, from: Data(written.utf8)) == text)
            let read = try ByteBuffer(string: written).withCursor { (cursor) throws(JSONFault) in
                cursor.text(try cursor.string())
            }
            #expect(read == text)
        }
    }
}
