import Testing

@testable import Reports

@Suite struct `the width of text in a terminal` {
    @Test(arguments: [
        ("abc", 3), ("é", 1), ("e\u{301}", 1), ("日本", 4), ("한글", 4), ("👩‍👩‍👧", 2), ("🇩🇪", 2), ("❤️", 2), ("–∞µ", 3), ("", 0),
        ("a\u{200B}b", 2),
    ])
    func `counts wide characters twice and marks not at all`(text: String, columns: Int) {
        #expect(TextWidth.columns(text) == columns)
    }

    @Test func `is kept by cutting and by wrapping`() {
        let texts = ["a long sentence of words", "日本語の長い文です と言葉", "averyveryverylongwordwithoutspaces", "👩‍👩‍👧 a 🇩🇪 b"]
        for text in texts {
            for limit in 2...30 {
                #expect(TextWidth.columns(TextWidth.truncated(text, to: limit)) <= limit)
                let lines = TextWidth.wrapped(text, to: limit)
                #expect(lines.allSatisfy { TextWidth.columns($0) <= limit }, "\(lines) in \(limit)")
                #expect(lines.joined().filter { $0 != " " } == text.filter { $0 != " " })
            }
        }
    }

    @Test func `leaves no way to drive the terminal`() {
        #expect(TextWidth.safeForTerminal("a\u{1B}[31mb\nc\u{202E}d\u{9B}") == "a\u{FFFD}[31mb c\u{FFFD}d\u{FFFD}")
    }
}
