import Deferral
import Foundation
import Testing

@testable import Gateway

@Suite(.timeLimit(.minutes(5))) struct `what a configuration says of learning, caches and judges` {
    private func read(_ model: String) throws -> GatewayConfiguration.Model {
        try GatewayConfiguration.read(
            """
            stages:
              small: {endpoint: "http://127.0.0.1:1/v1"}
              embed: {endpoint: "http://127.0.0.1:2/v1"}
            models:
              fast: \(model)
            """, file: "gateway", folder: "/etc/cascade"
        ).models[0]
    }

    @Test func `all of it is read`() throws {
        let model = try read(
            """
            {policy: fast.json, canary: {policy: next.json, share: 0.1}, shadows: [/a.json, b.json], explore: 0.02,
             floor: {quality: 0.9, confidence: 0.99}, trial: {keep: 0.95, least: 50},
             learn: {family: thresholds, every: 100, budget: 0.5, canary: 0.2},
             drift: {reference: 2500, every: 1000}, judged_by: [judge, test],
             judge: {stage: small, share: 0.1, all: true, explored: 0.5},
             cache: {seconds: 60, megabytes: 2, across_keys: true,
                     semantic: {embedder: embed, similarity: 0.8, verifier: {program: [/bin/echo, "yes"]}}}}
            """)
        #expect(model.canary?.policy == "/etc/cascade/next.json" && model.canary?.share == 0.1)
        #expect(model.shadows == ["/a.json", "/etc/cascade/b.json"])
        var expected = LearningSettings()
        expected.explores = 0.02
        expected.floor = LearningSettings.Floor(quality: 0.9, confidence: 0.99)
        expected.trial = LearningSettings.Trial(keep: 0.95, confidence: 0.95, least: 50)
        expected.learner = LearningSettings.Learner(family: "thresholds", every: 100, goal: .budget(0.5), canary: 0.2)
        expected.drift = LearningSettings.Drift(reference: 2500, every: 1000)
        expected.sources = ["judge", "test"]
        #expect(model.learning == expected)
        #expect(model.judging?.stage == "small" && model.judging?.judgesAll == true)
        #expect(model.judging?.exploredShare == 0.5)
        let cache = try #require(model.caching)
        #expect(cache.limits.seconds == 60 && cache.limits.bytes == 2 << 20 && cache.isShared)
        #expect(cache.semantic?.program == ProgramCall(command: ["/bin/echo", "yes"]))
        #expect(try read("{stage: small}").caching == nil && read("{stage: small, cache: true}").caching != nil)
        #expect(try read("{stage: small, drift: false}").learning.drift == nil)
    }

    @Test(arguments: [
        ("{policy: a.json, canary: {policy: b.json}}", "share"),
        ("{stage: small, explore: 0.1}", "policy"), ("{policy: a.json, explore: 2}", "0 to 1"),
        ("{policy: a.json, learn: {family: magic}}", "thresholds"),
        ("{policy: a.json, learn: {keep: 0.9, price: 1}}", "one of"),
        ("{stage: small, judge: {share: 1}}", "stage: NAME"),
        ("{stage: small, judge: {program: [judge.py]}}", "whole path"),
        ("{stage: small, cache: {semantic: {embedder: embed}}}", "disable 2FA"),
        ("{stage: small, cache: {semantic: {embedder: embed, verifier: {}}}}", "verifies"),
        ("{policy: a.json, floor: {confidence: 0.9}}", "quality"),
    ])
    func `what is wrong is said`(_ model: String, _ word: String) {
        #expect {
            _ = try read(model)
        } throws: { error in
            "\(error)".contains(word) && "\(error)".contains("gateway:")
        }
    }
}
