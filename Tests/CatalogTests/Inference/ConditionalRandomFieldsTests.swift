import Inference
import Testing

@testable import Catalog

@Suite struct `the conditional random fields experiment` {
    @Test func `finds ties above chains, and one optimum`() async throws {
        let findings = try await QuickRuns.findings("conditional-random-fields")
        for claim in ["optimum", "beliefs", "ties"] {
            #expect(findings.verdicts[claim]?.outcome == .held, "\(claim): \(findings.verdicts[claim]?.measured ?? "")")
        }
        #expect(findings.verdicts["entities"]?.outcome == .notDecided)
    }

    private let line = "東京\tOTHER\t名詞\t固有名詞\t地域\t一般\t*\t東京\tトウキョウ\tトーキョー\t"

    @Test func `reads the corpus`() throws {
        let corpus = try HironsanCorpus(text: "\(line)B-LOC\n\(line)I-LOC\n\n\n\(line)O\n", path: "x")
        #expect(corpus.sentences.map(\.tags) == [["B-LOC", "I-LOC"], ["O"]])
        let data = try corpus.sequences()
        #expect(data.count == 2 && data.attributeNames["w[-1]|w[0]=東京|東京"] != nil)
    }

    @Test(arguments: ["", "東京\tO", "\n\n"]) func `refuses what is not the corpus`(_ text: String) {
        #expect(throws: CatalogError.self) { try HironsanCorpus(text: text, path: "x") }
    }
}
