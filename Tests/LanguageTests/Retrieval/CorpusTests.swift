import Foundation
import Language
import Probability
import Testing

@testable import Language

@Suite struct `a corpus` {
    @Test func `brings units together and knows what is in them`() throws {
        let corpus = try Corpus(
            [["A", "1"], ["B", "1"], ["A", "2"], ["A", "1"]].enumerated().map {
                Passage(id: "\($0)", path: $1, text: "t\($0)")
            })
        #expect(corpus.passages.map(\.id) == ["0", "3", "2", "1"])
        #expect(corpus.units(at: 0).map(\.title) == ["A", "B"])
        #expect(corpus.units(at: 0).map(\.passages) == [0..<3, 3..<4])
        #expect(corpus.units(at: 1).map(\.path) == [["A", "1"], ["A", "2"], ["B", "1"]])
        #expect(corpus.children(at: 0) == [0..<2, 2..<3] && corpus.children(at: 1) == [0..<2, 2..<3, 3..<4])
        #expect(corpus.text(of: corpus.units(at: 0)[0]) == "A\n1\nt0\nt3\n2\nt2")
        #expect(corpus.text(of: corpus.units(at: 1)[1]) == "2\nt2")
    }

    @Test func `is the same after writing and reading`() throws {
        let corpus = try Corpus([
            Passage(id: "ü\"\n", path: ["a/b"], text: "line\nbreak", embedding: [0.1, -3e-20]),
            Passage(id: "2", path: ["c"], text: "", embedding: [1, 2]),
        ])
        let path = NSTemporaryDirectory() + "corpus-\(UUID().uuidString).jsonl"
        defer { try? FileManager.default.removeItem(atPath: path) }
        try corpus.write(to: path)
        #expect(try Corpus.read(from: path) == corpus)
    }

    @Test(arguments: [
        ("{\"id\":\"a\",\"text\":\"x\"}\n\n{\"id\":3,\"text\":\"x\"}", 3, "'id': expected a text"),
        ("{\"id\":\"a\"}", 1, "the key 'text' is missing"), ("[1]", 1, "expected a JSON object"),
        ("{\"id\":\"a\",\"text\":\"x\",\"path\":\"p\"}", 1, "'path': expected a list"), ("nonsense", 1, "JSON object"),
        ("{\"id\":\"a\",\"text\":\"x\",\"embedding\":[\"y\"]}", 1, "expected a number"),
    ]) func `a bad line is named`(_ text: String, _ line: Int, _ reason: String) {
        #expect {
            try JSONLines.read(CorpusLine.self, Data(text.utf8), file: "f.jsonl")
        } throws: {
            guard case .badRecord("f.jsonl", line, let found)? = $0 as? LanguageError else { return false }
            return found.contains(reason)
        }
    }

    @Test func `bad passages are errors`() {
        let a = Passage(id: "a", path: ["x"], text: "")
        for passages in [
            [], [a, a], [a, Passage(id: "b", text: "")], [a, Passage(id: "b", path: ["x"], text: "", embedding: [1])],
        ] {
            #expect(throws: LanguageError.self) { try Corpus(passages) }
        }
        #expect(throws: LanguageError.self) { try Corpus.read(from: "/nowhere/at/all") }
    }

    /// Whatever bytes a file has, it is read or refused with a sentence.
    @Test func `damaged files never crash the reader`() throws {
        let good = [UInt8](
            try JSONLines.data(of: (0..<5).map { Passage(id: "\($0)", path: ["é"], text: "t", embedding: [1]) }))
        var random = Random(seed: 8)
        for _ in 0..<2000 {
            var bytes = good
            for _ in 0..<1 + random.integer(below: 4) {
                let place = random.integer(below: bytes.count)
                switch random.integer(below: 3) {
                case 0: bytes[place] = UInt8(random.integer(below: 256))
                case 1: bytes.remove(at: place)
                default: bytes.insert(UInt8(random.integer(below: 256)), at: place)
                }
            }
            do {
                _ = try JSONLines.read(CorpusLine.self, Data(bytes), file: "f")
            } catch {
                guard case .badRecord("f", 1..., _) = error else {
                    Issue.record("\(error)")
                    return
                }
            }
        }
    }
}
