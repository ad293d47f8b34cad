import Foundation
import Probability
import Testing

@testable import Language

/// A vocabulary of short texts, for tests. The last token ends a text.
struct SmallTokenizer: Tokenizer {
    var pieces: [String]
    var vocabularyCount: Int { pieces.count + 1 }
    var beginningOfText: Token? { nil }
    var end: Token { Token(pieces.count) }

    /// The longest piece that fits, again and again.
    func tokens(of text: String, addingSpecial: Bool, parsingSpecial: Bool) -> [Token] {
        var rest = Array(text.utf8)[...]
        var tokens: [Token] = []
        while !rest.isEmpty {
            let best = pieces.indices.filter { rest.starts(with: pieces[$0].utf8) }
                .max { pieces[$0].utf8.count < pieces[$1].utf8.count }
            guard let best, !pieces[best].isEmpty else { break }
            tokens.append(Token(best))
            rest = rest.dropFirst(pieces[best].utf8.count)
        }
        return tokens
    }

    func bytes(of token: Token) -> [UInt8] { token == end ? [] : Array(pieces[Int(token)].utf8) }
    func endsGeneration(_ token: Token) -> Bool { token == end }
}

/// Membership by trying everything, independent of the machine.
struct SlowMatcher {
    let grammar: Grammar
    let text: [UInt32]

    static func matches(_ grammar: Grammar, _ text: String) -> Bool {
        let scalars = text.unicodeScalars.map(\.value)
        let matcher = SlowMatcher(grammar: grammar, text: scalars)
        return matcher.chart().contains(scalars.count)
    }

    /// Where the root can end if it begins at 0: the least fixed point over all rules and places.
    private func chart() -> Set<Int> {
        var known: [String: [Set<Int>]] = grammar.rules.mapValues { _ in
            [Set<Int>](repeating: [], count: text.count + 1)
        }
        var changed = true
        while changed {
            changed = false
            for (name, pattern) in grammar.rules {
                for start in 0...text.count {
                    let found = ends(pattern, start, known)
                    if !found.isSubset(of: known[name]![start]) {
                        known[name]![start].formUnion(found)
                        changed = true
                    }
                }
            }
        }
        return known[grammar.root]![0]
    }

    private func ends(_ pattern: Pattern, _ start: Int, _ known: [String: [Set<Int>]]) -> Set<Int> {
        switch pattern {
        case .characters(let set): return start < text.count && set.contains(text[start]) ? [start + 1] : []
        case .sequence(let parts):
            return parts.reduce([start]) { places, part in
                places.reduce(into: []) { $0.formUnion(ends(part, $1, known)) }
            }
        case .choice(let parts): return parts.reduce(into: []) { $0.formUnion(ends($1, start, known)) }
        case .rule(let name): return known[name]![start]
        case .repeated(let inner, let least, let most):
            var result: Set<Int> = least == 0 ? [start] : []
            var places: Set<Int> = [start]
            // Past the text's length every further round reads nothing, so that it changes nothing.
            for round in 1...(least + text.count + 1) {
                if let most, round > most { break }
                places = places.reduce(into: []) { $0.formUnion(ends(inner, $1, known)) }
                if round >= least { result.formUnion(places) }
            }
            return result
        }
    }
}

@Suite("Constraints") struct ConstraintTests {
    /// All texts over `alphabet` up to this length.
    static func texts(_ alphabet: String, _ length: Int) -> [String] {
        var all = [""]
        var last = [""]
        for _ in 0..<length {
            last = last.flatMap { text in alphabet.map { text + String($0) } }
            all += last
        }
        return all
    }

    static func accepts(_ machine: inout PushdownMachine, _ text: String) throws -> Bool {
        var state: Int32 = 0
        for byte in text.utf8 {
            state = try machine.step(state, byte)
            if state < 0 { return false }
        }
        return machine.mayEnd(state)
    }

    static func randomPattern(_ depth: Int, rules: [String], _ random: inout Random) -> Pattern {
        let characters = ["a", "b", "ä"].map { CharacterRanges($0.unicodeScalars.first!) }
        switch random.integer(below: depth > 0 ? 8 : 3) {
        case 0: return .characters(characters[random.integer(below: 3)])
        case 1: return .characters(characters[random.integer(below: 3)].union(characters[random.integer(below: 3)]))
        case 2:
            if let name = rules.isEmpty ? nil : rules[random.integer(below: rules.count)] { return .rule(name) }
            return .characters(characters[0].inverted)
        case 3, 4:
            return .sequence(
                (0..<random.integer(below: 4)).map { _ in randomPattern(depth - 1, rules: rules, &random) })
        case 5, 6:
            return .choice(
                (0..<(1 + random.integer(below: 3))).map { _ in randomPattern(depth - 1, rules: rules, &random) })
        default:
            let least = random.integer(below: 3)
            return .repeated(
                randomPattern(depth - 1, rules: rules, &random), least: least,
                most: random.bernoulli(0.5) ? nil : least + random.integer(below: 3))
        }
    }

    @Test func theMachineAcceptsWhatTryingEverythingAccepts() throws {
        var random = Random(seed: 20)
        let texts = Self.texts("abä", 4)
        var accepted = 0
        var refused = 0
        var recursive = 0
        for round in 0..<500 {
            let names = round % 2 == 0 ? [] : ["root", "x", "y"]
            var rules: [String: Pattern] = [:]
            for name in names.isEmpty ? ["root"] : names {
                rules[name] = Self.randomPattern(3, rules: names, &random)
            }
            let grammar = Grammar(rules: rules)
            do {
                var machine = try PushdownMachine(GrammarProgram(grammar))
                for text in texts {
                    let expected = SlowMatcher.matches(grammar, text)
                    #expect(try Self.accepts(&machine, text) == expected, "\(grammar) on \(text)")
                    if expected { accepted += 1 } else { refused += 1 }
                }
            } catch LanguageError.emptyConstraint {
                // No text at all: then none of the short ones either.
                for text in texts { #expect(!SlowMatcher.matches(grammar, text)) }
            } catch LanguageError.badConstraint {
                recursive += 1
            }
        }
        #expect(accepted > 2000 && refused > 2000 && recursive < 200)
    }

    @Test func whatCanBeginCanBeFinished() throws {
        // "x" needs itself, so that the way through it is taken out.
        let grammar = try GrammarParser.grammar("root ::= \"a\" | \"b\" x\nx ::= \"c\" x")
        var machine = try PushdownMachine(GrammarProgram(grammar))
        #expect(try machine.step(0, UInt8(ascii: "b")) == PushdownMachine.dead)
        #expect(try Self.accepts(&machine, "a"))
        for (text, kind) in [
            ("root ::= \"a\" root", "grammar"), ("root ::= x\nx ::= [^\\U00000000-\\U0010FFFF]", "grammar"),
        ] {
            do {
                _ = try GrammarProgram(try TextConstraint.grammar(text).grammar())
                Issue.record("\(text) accepts something")
            } catch {
                guard case .emptyConstraint(kind, _) = error else {
                    Issue.record("\(error)")
                    continue
                }
            }
        }
        #expect(throws: LanguageError.self) { try GrammarProgram(try TextConstraint.words([]).grammar()) }
    }

    @Test func leftRecursionIsAnErrorAndRightRecursionDoesNotGrow() throws {
        for text in [
            "root ::= root \"a\" | \"b\"", "root ::= x \"a\"\nx ::= \"\" | y\ny ::= root \"c\"",
            "root ::= \"x\"* root \"b\" | \"a\"",
        ] {
            do {
                _ = try GrammarProgram(GrammarParser.grammar(text))
                Issue.record("\(text) was taken")
            } catch {
                guard case .badConstraint = error else {
                    Issue.record("\(error)")
                    continue
                }
            }
        }
        var machine = try PushdownMachine(
            GrammarProgram(GrammarParser.grammar("root ::= \"a\" root | \"\"")))
        var state: Int32 = 0
        for _ in 0..<1000 { state = try machine.step(state, UInt8(ascii: "a")) }
        #expect(state < 4 && machine.mayEnd(state))
        var nested = try PushdownMachine(
            GrammarProgram(GrammarParser.grammar("root ::= \"(\" root \")\" root | \"\"")))
        let text = String(repeating: "(", count: 300) + String(repeating: ")", count: 300)
        #expect(try Self.accepts(&nested, text + text))
        #expect(try !Self.accepts(&nested, text + "(" + text))
    }

    @Test func grammarsAreReadAsTheyAreMeant() throws {
        let cases: [(grammar: String, yes: [String], no: [String])] = [
            ("root ::= \"yes\" | \"no\" # a comment", ["yes", "no"], ["", "y", "yesno"]),
            (
                "root ::= [a-c^]+ (\"-\" [^a-z\\n]){1,2}", ["a-1", "^b-Ü-x".replacing("x", with: "0")],
                ["a", "a-b", "-1"]
            ),
            ("\n\nroot ::= item (\",\" item)*\nitem ::= [0-9]{2} |\n  \"x\"\n", ["12", "x", "12,x,99"], ["1", "12,"]),
            ("root ::= \"\\x41\\u00e9\\\"\" .", ["Aé\"日", "Aé\"\n"], ["Aé\"", "Ae\"x"]),
            ("root ::= (\n \"a\"\n \"b\" )?", ["", "ab"], ["a"]),
            ("root ::= \"a\"{2,} \"b\"{,2}", ["aa", "aaabb"], ["ab", "aabbb"]),
        ]
        for (text, yes, no) in cases {
            var machine = try PushdownMachine(GrammarProgram(GrammarParser.grammar(text)))
            for word in yes { #expect(try Self.accepts(&machine, word), "\(text) on \(word)") }
            for word in no { #expect(try !Self.accepts(&machine, word), "\(text) on \(word)") }
        }
    }

    @Test func badGrammarsSayWhere() {
        let cases: [(String, Int, Int)] = [
            ("root ::= \"a", 1, 10), ("root ::= x", 1, 10), ("root = \"a\"", 1, 6), ("root ::= [z-a]", 1, 14),
            ("root ::= \"a\"\nroot ::= \"b\"", 2, 1), ("x ::= \"a\"", 1, 10), ("root ::= (\"a\"", 1, 14),
            ("root ::= * \"a\"", 1, 11), ("root ::= \"a\"{3,1}", 1, 18), ("root ::= \"\\q\"", 1, 13), ("", 1, 1),
            ("root ::= \"a\" )", 1, 14), ("root ::= \"\\ud800\"", 1, 17),
        ]
        for (text, line, column) in cases {
            do {
                _ = try GrammarParser.grammar(text)
                Issue.record("\(text) was read")
            } catch {
                guard case .badConstraint("grammar", let atLine, let atColumn, _) = error else {
                    Issue.record("\(text): \(error)")
                    continue
                }
                #expect(line == atLine && column == atColumn, "\(text): \(error)")
            }
        }
    }

    @Test func regularExpressionsAgreeWithFoundation() throws {
        let expressions = [
            "a", "ab*", "(a|b)*c?", "[abc]{2}", "[^a]b?", "a.c", "(?:ab|c){0,2}", "\\w+", "\\d\\D", "^ab?$", "a|b|cc",
            "(a*)*", "[a-b1]+?", "\\s?a", "a{2,3}b", "[\\w-]b", "()|a", "\\x61b", "\\u0062", ".*",
        ]
        let texts = Self.texts("abc1 ", 3) + ["]", "]a", "a-b", "-b", "aab", "aaab", "aaaab", "abab", "\n"]
        for expression in expressions {
            var machine = try PushdownMachine(GrammarProgram(Grammar(root: RegularExpression.pattern(expression))))
            let reference = try NSRegularExpression(pattern: "\\A(?:\(expression))\\z")
            for text in texts {
                let expected =
                    reference.firstMatch(in: text, range: NSRange(location: 0, length: text.utf16.count)) != nil
                #expect(try Self.accepts(&machine, text) == expected, "\(expression) on \(text)")
            }
        }
        for bad in [
            "(", ")", "a)", "[a", "*a", "a**", "a{2,1}", "(?=a)", "\\b", "\\1", "a^b", "a$b", "[z-a]", "[\\d-z]", "\\",
        ] {
            #expect(throws: LanguageError.self, "\(bad)") { try RegularExpression.pattern(bad) }
        }
    }

    @Test func whateverIsReadIsReadOrRefused() {
        var random = Random(seed: 21)
        let seeds = [
            "root ::= \"a\" [b-d]{2,3} (x | \"\\n\")*\nx ::= . # c", "(a|[^b-d]{2,3})*\\d+(?:x|y)?",
            "{\"type\":\"object\",\"properties\":{\"a\":{\"type\":[\"integer\",\"null\"]},\"b\":{\"enum\":[1,\"x\"]}}}",
        ]
        let alphabet = Array("ab[]{}()|*+?\\\"'^-.,:=# \n0129xuU$é")
        var errors = 0
        for round in 0..<6000 {
            var text = Array(seeds[round % 3])
            for _ in 0..<(1 + random.integer(below: 4)) {
                let place = random.integer(below: text.count)
                switch random.integer(below: 3) {
                case 0: text.remove(at: place)
                case 1: text.insert(alphabet[random.integer(below: alphabet.count)], at: place)
                default: text[place] = alphabet[random.integer(below: alphabet.count)]
                }
            }
            let constraint: TextConstraint =
                round % 3 == 0
                ? .grammar(String(text)) : round % 3 == 1 ? .regularExpression(String(text)) : .jsonSchema(String(text))
            do {
                _ = try PushdownMachine(GrammarProgram(constraint.grammar()))
            } catch {
                errors += 1
            }
        }
        #expect(errors > 1000 && errors < 5900)
    }

    @Test func schemasBecomeGrammarsOfTheirDocuments() throws {
        let cases: [(schema: String, yes: [String], no: [String])] = [
            ("{\"type\":\"integer\"}", ["0", "-12", "7"], ["01", "1.5", "", "\"1\""]),
            ("{\"type\":\"number\"}", ["0", "-1.25e+10", "3E2"], [".5", "1."]),
            ("{\"type\":[\"boolean\",\"null\"]}", ["true", "null"], ["nul", "1"]),
            ("{\"enum\":[\"a b\",2,null,[1]]}", ["\"a b\"", "2", "null", "[1]"], ["a b", "[ 1]"]),
            ("{\"type\":\"integer\",\"enum\":[1,\"x\",2.5]}", ["1"], ["\"x\"", "2.5"]),
            ("{\"const\":{\"k\":\"\\n\\\"\"}}", ["{\"k\":\"\\n\\\"\"}"], ["{}"]),
            (
                "{\"type\":\"string\",\"minLength\":1,\"maxLength\":2}", ["\"a\"", "\"é\\n\""],
                ["\"\"", "\"abc\"", "\"a"]
            ),
            ("{\"type\":\"string\",\"pattern\":\"^[a-z]+[0-9.]{2}$\"}", ["\"ab1.\""], ["\"1\"", "\"a1\""]),
            (
                "{\"type\":\"array\",\"items\":{\"type\":\"integer\"},\"minItems\":1,\"maxItems\":3}",
                ["[1]", "[1, 2,3]"], ["[]", "[1,2,3,4]", "[1,]", "[\"a\"]"]
            ),
            (
                "{\"type\":\"array\",\"prefixItems\":[{\"type\":\"integer\"},{\"type\":\"string\"}],\"items\":false}",
                ["[1, \"a\"]", "[1]", "[]"], ["[1,\"a\",2]", "[\"a\"]"]
            ),
            (
                "{\"type\":\"object\",\"properties\":{\"a\":{\"type\":\"integer\"},\"b\":{\"type\":\"null\"},\"c\":true},\"required\":[\"b\"]}",
                [
                    "{\"b\":null}", "{\"a\": 1, \"b\" : null}", "{\"b\":null,\"c\":[{}]}",
                    "{ \"a\":1,\"b\":null,\"c\":\"x\" }",
                ],
                ["{}", "{\"a\":1}", "{\"b\":null,\"a\":1}", "{\"b\":null,}", "{,\"b\":null}", "{\"b\":null,\"d\":1}"]
            ),
            (
                "{\"properties\":{\"ab\":{\"type\":\"integer\"}},\"additionalProperties\":{\"type\":\"null\"}}",
                ["{}", "{\"ab\":1}", "{\"a\":null}", "{\"ab\":1,\"abc\":null,\"\":null}"],
                ["{\"ab\":null}", "{\"x\":1}", "{\"x\":null,\"ab\":1}"]
            ),
            ("{\"type\":\"object\"}", ["{}", "{\"a\":[1,{\"b\":null}],\"c\":true}"], ["[]", "{a:1}"]),
            (
                "{\"$ref\":\"#/$defs/tree\",\"$defs\":{\"tree\":{\"type\":\"array\",\"items\":{\"$ref\":\"#/$defs/tree\"}}}}",
                ["[]", "[[],[[]]]"], ["[1]", "[[]"]
            ),
            ("{\"oneOf\":[{\"type\":\"integer\"},{\"type\":\"string\"}]}", ["1", "\"\""], ["null"]),
            ("true", ["1", "{\"a\":[]}", "\"\\u00e9\""], ["{", "\"\\x\""]),
        ]
        for (schema, yes, no) in cases {
            var machine = try PushdownMachine(GrammarProgram(JSONSchema.grammar(schema)))
            for text in yes { #expect(try Self.accepts(&machine, text), "\(schema) on \(text)") }
            for text in no { #expect(try !Self.accepts(&machine, text), "\(schema) on \(text)") }
        }
        for bad in [
            "{", "{\"type\":\"integer\",\"minimum\":\"3\"}", "{\"allOf\":[{},{}]}", "{\"type\":\"thing\"}", "3",
            "{\"$ref\":\"#/no\"}", "{\"type\":\"object\",\"required\":[\"a\"]}", "{\"pattern\":\"a\"}",
            "{\"oneOf\":[{\"type\":\"integer\"},{\"type\":\"number\"}]}", "{\"const\":1,\"type\":\"string\"}", "false",
        ] {
            #expect(throws: LanguageError.self, "\(bad)") { try GrammarProgram(JSONSchema.grammar(bad)) }
        }
    }

    @Test func aMaskHoldsExactlyTheTokensThatCanComeAndBeFinished() throws {
        var random = Random(seed: 22)
        // Characters of two bytes, tokens that share beginnings, two tokens alike, one that stands for nothing.
        let tokenizer = SmallTokenizer(
            pieces: ["a", "b", "ab", "ba", "aab", "ä", "bä", "b", "", "abab", "\n", "aaaa", "ää"])
        let trie = VocabularyTrie(tokenizer)
        var checked = 0
        for _ in 0..<300 {
            let grammar = Grammar(root: Self.randomPattern(3, rules: [], &random))
            guard let program = try? GrammarProgram(grammar) else { continue }
            let automaton = try ConstraintAutomaton(program, trie)
            var state: Int32 = 0
            var text: [UInt8] = []
            for _ in 0..<6 {
                let mask = try automaton.mask(state)
                for token in 0..<Token(tokenizer.vocabularyCount) {
                    // A machine that knows nothing yet reads the whole text and the token.
                    var machine = try PushdownMachine(program)
                    var place: Int32 = 0
                    let bytes = tokenizer.bytes(of: token)
                    for byte in text + bytes where place >= 0 { place = try machine.step(place, byte) }
                    let expected = token == tokenizer.end ? machine.mayEnd(place) : place >= 0 && !bytes.isEmpty
                    #expect(mask.contains(token) == expected)
                    if token != tokenizer.end { #expect(try (automaton.step(state, token) != nil) == expected) }
                    checked += 1
                }
                let open = mask.tokens.filter { $0 != tokenizer.end }
                guard !open.isEmpty else { break }
                let token = open[random.integer(below: open.count)]
                state = try #require(try automaton.step(state, token))
                text += tokenizer.bytes(of: token)
            }
        }
        #expect(checked > 10_000)
    }

    @Test func aConstraintIsAValueThatEndsWhereItMay() throws {
        let tokenizer = SmallTokenizer(pieces: ["a", "b", "ab", "c"])
        let trie = VocabularyTrie(tokenizer)
        var constraint = try AutomatonConstraint(.regularExpression("ab(c|)"), trie)
        #expect(try constraint.allowedTokens().tokens == [0, 2])
        var copy = constraint
        try constraint.accept(2)
        try copy.accept(0)
        #expect(try constraint.allowedTokens().tokens == [3, 4] && copy.allowedTokens().tokens == [1])
        #expect(constraint.mayEnd && !constraint.mustEnd && !copy.mayEnd)
        #expect(throws: LanguageError.constraintViolated(token: 0)) { try constraint.accept(0) }
        try constraint.accept(3)
        #expect(constraint.mustEnd)
        try constraint.accept(4)
        #expect(throws: LanguageError.self) { try constraint.allowedTokens() }
        #expect(try !constraint.allows(4) && !constraint.allows(0))
        // What the vocabulary can't write.
        #expect(throws: LanguageError.self) { try AutomatonConstraint(.words(["x", "y"]), trie) }
        var dead = try AutomatonConstraint(.words(["ax"]), trie)
        try dead.accept(0)
        #expect(throws: LanguageError.self) { try dead.allowedTokens() }
    }

    @Test func ambiguityWithoutBoundIsAnError() throws {
        // After n letters 2^n stacks are possible.
        let text = "root ::= x\nx ::= \"a\" x \"b\" | \"a\" x \"c\" | \"a\""
        var machine = try PushdownMachine(GrammarProgram(GrammarParser.grammar(text)))
        var state: Int32 = 0
        #expect(throws: LanguageError.constraintTooLarge(limit: PushdownMachine.limit)) {
            for _ in 0..<40 { state = try machine.step(state, UInt8(ascii: "a")) }
        }
        #expect(throws: LanguageError.constraintTooLarge(limit: GrammarProgram.limit)) {
            try GrammarProgram(Grammar(root: RegularExpression.pattern(String(repeating: "a{100000}", count: 11))))
        }
    }
}
