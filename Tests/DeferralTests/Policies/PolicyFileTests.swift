import Cascades
import Foundation
import Testing

@testable import Deferral

@Suite struct `a policy file` {
    let schema = LogSchema(
        context: ["length"], stages: [StageSchema(name: "small", evidence: ["margin"]), StageSchema(name: "large")])

    var file: PolicyFile {
        let thresholds = ThresholdPolicy(
            steps: [.init(stage: 0, score: ConfidenceScore(signal: 1), threshold: .infinity)], last: 1)
        return PolicyFile(
            family: "thresholds", schema: schema, objective: Objective(weights: CostWeights(money: 1)),
            goal: .keep(0.98),
            measured: ["quality": 0.9],
            policy: MixturePolicy([
                .init(weight: 0.25, policy: thresholds), .init(weight: 0.75, policy: SingleStagePolicy(stage: 1)),
            ]))
    }

    @Test func `comes back as it was written`() throws {
        let data = try file.encoded()
        let back = try PolicyFile.read(data, path: "p.json")
        #expect(try back.encoded() == data)
        let mixture = try #require(back.policy as? MixturePolicy)
        #expect((mixture.components[0].policy as? ThresholdPolicy)?.steps[0].threshold == .infinity)
        #expect(back.schema == schema)
    }

    @Test func `of another version is refused with the versions named`() throws {
        let text = String(decoding: try file.encoded(), as: UTF8.self).replacing(
            "\"version\" : 1", with: "\"version\" : 7")
        #expect {
            try PolicyFile.read(Data(text.utf8), path: "p.json")
        } throws: { "\($0)".contains("version 7") && "\($0)".contains("version 1") }
    }

    @Test func `that asks stages it doesn't have is refused`() throws {
        var broken = file
        broken.policy = SingleStagePolicy(stage: 5)
        let data = try broken.encoded()
        #expect(throws: DeferralError.self) { try PolicyFile.read(data, path: "p.json") }
    }

    @Test(arguments: [
        "", "{", "[]", "{\"version\": 1}", "{\"version\": \"one\"}",
        "{\"version\":1,\"family\":\"x\",\"schema\":{\"context\":[],\"stages\":[]},\"objective\":{},\"policy\":{\"kind\":\"nope\",\"value\":{}}}",
    ])
    func `that is damaged gets an error with its path and what to do`(text: String) {
        #expect {
            try PolicyFile.read(Data(text.utf8), path: "some/p.json")
        } throws: { "\($0)".hasPrefix("some/p.json: ") && "\($0)".contains("cascade fit") }
    }

    @Test func `cut anywhere is refused and never read as something else`() throws {
        let data = try file.encoded()
        for length in stride(from: 0, to: data.count - 2, by: 7) {
            #expect(throws: DeferralError.self) { try PolicyFile.read(data.prefix(length), path: "p.json") }
        }
    }

    @Test func `runs on a log whose columns stand differently, and names what a log lacks`() throws {
        let other = LogSchema(
            context: ["words", "length"],
            stages: [
                StageSchema(name: "large"), StageSchema(name: "huge"),
                StageSchema(name: "small", evidence: ["entropy", "margin"]),
            ])
        var log = OutcomeLog(schema: other, ids: ["a", "b"], quality: [1, 2, 3, 4, 5, 6])
        log.context = [10, 20, 30, 40]
        log.evidence = [0.1, 0.2, 0.3, 0.4]
        let prepared = try file.prepare(log)
        #expect(prepared.log.quality == [3, 1, 6, 4])
        #expect(prepared.log.context == [20, 40])
        #expect(prepared.log.evidence == [0.2, 0.4])
        let poor = OutcomeLog(schema: LogSchema(stages: [StageSchema(name: "small")]), ids: ["a"], quality: [1])
        #expect {
            try file.prepare(poor)
        } throws: { error in
            guard case DeferralError.schemaMismatch(let missing, _) = error else { return false }
            return missing == ["stage large", "context.length", "small.evidence.margin"]
        }
    }
}
