import Foundation
import Reports
import Testing

@Suite struct `JSON text` {
    @Test func `reads back as what was written`() throws {
        let texts = [
            "", "plain", "\"quoted\" \\ back", "line\nreturn\rtab\t", "\u{0}\u{1F}\u{7F}\u{2028}", "naïve 日本 🚀",
        ]
        for text in texts {
            let data = Data("[\(JSONText.quoted(text))]".utf8)
            let array = try #require(try JSONSerialization.jsonObject(with: data) as? [String])
            #expect(array == [text])
        }
    }

    @Test func `writes numbers in full, whole ones without a point, and null for what JSON can't say`() {
        #expect(JSONText.number(0.1) == "0.1")
        #expect(JSONText.number(-3) == "-3")
        #expect(JSONText.number(1e20) == "1e+20")
        for value: Double? in [nil, .nan, .infinity, -.infinity] { #expect(JSONText.number(value) == "null") }
        for value in [1.0 / 3, Double.leastNonzeroMagnitude, 1.7976931348623157e308, 123_456_789.123] {
            #expect(Double(JSONText.number(value)) == value)
        }
    }
}
