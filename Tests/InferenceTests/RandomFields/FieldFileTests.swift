import Foundation
import Inference
import Testing

@Suite struct `a field in a file` {
    @Test(arguments: [ChainFeatureOptions(), .init(conditioning: .prefixed("t:"))])
    func `comes back as it was`(_ options: ChainFeatureOptions) throws {
        let data = try ChainFixtures.data(sequences: 20, seed: 3)
        let field = try QuasiNewtonTraining(features: options).fit(data).field
        let bytes = try field.encoded()
        let again = try LinearChainField.read(bytes, file: "x.json")
        #expect(again == field)
        #expect(try again.encoded() == bytes)
        #expect(try again.tag(data) == field.tag(data))
    }

    @Test(arguments: [
        ("\"version\":1", "\"version\":2", "version 2"), ("linear-chain-field", "something", "kind"),
        ("\"labels\":[\"a\",\"b\"]", "\"labels\":[\"a\",\"a\"]", "twice"),
        ("\"labels\":[\"a\",\"b\"]", "\"labels\":[\"a\"]", "fit"),
        ("\"transitions\":[1]", "\"transitions\":[4]", "fit"),
        ("\"stateCounts\":[1,1]", "\"stateCounts\":[3,-1]", "fit"),
        ("\"stateCounts\":[1,1]", "\"stateCounts\":[1]", "fit"),
        ("\"weights\"", "\"weighs\"", "weights"), ("\"stateLabels\":[0,1]", "\"stateLabels\":[0,7]", "fit"),
        ("{", "", "valid JSON"),
    ])
    func `is refused when it is damaged`(_ old: String, _ new: String, _ part: String) throws {
        var data = TaggedSequences()
        try data.append([[.init("x")], [.init("y")]], labels: ["a", "b"])
        let text = String(decoding: try QuasiNewtonTraining().fit(data).field.encoded(), as: UTF8.self)
        #expect(text.contains(old))
        let range = try #require(text.range(of: old))
        let damaged = text.replacingCharacters(in: range, with: new)
        #expect {
            try LinearChainField.read(Data(damaged.utf8), file: "x.json")
        } throws: { error in
            guard case InferenceError.badLine("x.json", 0, let reason) = error else { return false }
            return reason.contains(part)
        }
    }
}

@Suite struct `the report on tagging` {
    @Test func `counts labels and sequences`() {
        let report = TaggingReport(
            predicted: [["A", "B", "A"], ["B"], ["A"]], expected: [["A", "A", "A"], ["B"], [nil]])
        #expect(report.positions == 4 && report.correctPositions == 3 && report.accuracy == 0.75)
        #expect(report.sequences == 2 && report.sequenceAccuracy == 0.5)
        #expect(report.labels["A"]?.precision == 1 && report.labels["A"]?.recall == 2.0 / 3)
        #expect(report.labels["B"]?.precision == 0.5 && report.labels["B"]?.recall == 1)
        #expect(abs(report.labels["A"]!.f1 - 0.8) < 1e-15)
        #expect(abs(report.macroF1 - (0.8 + 2.0 / 3) / 2) < 1e-15)
        #expect(abs(report.microF1 { $0 == "B" } - 2.0 / 3) < 1e-15)
        #expect(TaggingReport(predicted: [], expected: []).accuracy == 0)
    }
}
