import Testing

@testable import Language

/// Numbers by sacrebleu 2.5 (tokenize="intl", smooth_method="exp") and rouge-score 0.1.2 (no stemmer).
@Suite struct `overlap of texts` {
    static let texts = [
        "The cat sat on the mat, quietly.", "It costs $3.50 (or 4.20) today!", "a b c d e f g",
        "Nothing in common here at all",
    ]
    static let references = [
        ["The cat is sitting on the mat.", "A cat sat on the mat quietly, it seems."],
        ["It costs $3.50 today - or 4.20."],
        ["a b x d e f g h"], ["something wholly different was said"],
    ]

    @Test func `as BLEU is the reference's`() {
        #expect(abs(BLEUScore(texts: Self.texts, references: Self.references).value - 35.78922806858159) < 1e-9)
        for (index, expected) in [54.66325569645468, 29.071536848410968, 42.38365628278778, 0].enumerated() {
            let value = BLEUScore(texts: [Self.texts[index]], references: [Self.references[index]]).value
            #expect(abs(value - expected) < 1e-9, "\(Self.texts[index]): \(value)")
        }
        let short = BLEUScore(
            texts: ["the cat sat on a mat today"], references: [["a cat was on the mat yesterday"]])
        #expect(abs(short.value - 9.820366272512825) < 1e-9)
        #expect(BLEUScore(texts: ["", "a"], references: [["x"], ["a"]]).value == 0)
    }

    static let pairs: [(String, String, [Double])] = [
        (
            "The cat sat on the mat.\nIt was warm there.", "The cat was on the mat.\nIt sat there, warm.",
            [1.0, 4.0 / 9, 0.9]
        ),
        ("police killed the gunman", "the gunman kill police", [0.75, 1.0 / 3, 0.5]),
        ("a b c d", "b a d c b a", [0.8, 0.0, 0.4]), ("x", "y", [0.0, 0.0, 0.0]), ("", "", [0.0, 0.0, 0.0]),
        ("one two\nthree four\none", "four one two\nthree one", [1.0, 0.75, 1.0]),
    ]

    @Test(arguments: pairs) func `as ROUGE is the reference's`(
        _ text: String, _ reference: String, _ expected: [Double]
    ) {
        for (metric, value) in zip([CapabilityMetric.rouge1, .rouge2, .rougeLines], expected) {
            let found = ROUGEScore.value(metric, text, reference)
            #expect(abs(found - value) < 1e-12, "\(metric): \(found)")
        }
    }
}
