import Foundation
import Probability
import Testing

@testable import Language

@Suite struct `the likeliest tokens of a row` {
    /// Tokens are letters; the last one ends a text.
    private struct Letters: Tokenizer {
        let vocabularyCount: Int
        let beginningOfText: Token? = nil

        func tokens(of text: String, addingSpecial: Bool, parsingSpecial: Bool) -> [Token] { [] }
        func bytes(of token: Token) -> [UInt8] { [UInt8(ascii: "a") + UInt8(token % 26)] }
        func endsGeneration(_ token: Token) -> Bool { Int(token) == vocabularyCount - 1 }
    }

    @Test func `are those of the model's own law, in order, with its probabilities`() throws {
        var random = Random(seed: 31)
        for count in [5, 64, 1000] {
            let letters = Letters(vocabularyCount: count)
            for _ in 0..<20 {
                let row = (0..<count).map { _ in Float(3 * random.normal()) }
                let law = SlowSampling.softmax(row.map(Double.init))
                let order = law.indices.sorted { (law[$1], $0) < (law[$0], $1) }
                var token = GeneratedToken(text: "")
                try token.tellLikeliest(4, of: row[...], letters)
                #expect(token.likeliest.count == 4)
                for (told, place) in zip(token.likeliest, order) {
                    #expect(abs(told.logProbability - log(law[place])) < 1e-5)
                    let text = place == count - 1 ? "" : String(UnicodeScalar(UInt8(97 + place % 26)))
                    #expect(told.text == text)
                }
                try token.tellLikeliest(2 * count, of: row[...], letters)
                #expect(token.likeliest.count == count)
                #expect(abs(token.likeliest.reduce(0) { $0 + exp($1.logProbability) } - 1) < 1e-4)
            }
        }
    }

    @Test func `none are told unless they are asked for`() throws {
        var token = GeneratedToken(text: "")
        try token.tellLikeliest(0, of: [1, 2, 3], Letters(vocabularyCount: 3))
        #expect(token.likeliest.isEmpty)
        var request = GenerationRequest(.text("a"))
        request.likeliestCount = -1
        #expect(throws: LanguageError.self) { try request.check() }
    }
}
