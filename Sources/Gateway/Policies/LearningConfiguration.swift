import Deferral
import Foundation
import Yams

extension GatewayConfiguration.Model {
    /// Reads what a configuration says of this model's policies:
    ///
    ///     policy: fast.json
    ///     canary: {policy: next.json, share: 0.1}      # decides for a tenth
    ///     shadows: [other.json]                        # only says what it would do
    ///     explore: 0.02                                # all stages are asked, one answers by chance
    ///     floor: {quality: 0.9, confidence: 0.95}      # broken, the version is rolled back
    ///     trial: {keep: 0.98, confidence: 0.95, least: 30}
    ///     learn: {family: thresholds, every: 200, keep: 0.98, canary: 0.1}
    ///     drift: {reference: 2000, every: 1_000_000}   # or false
    ///     judged_by: [judge]                           # whose word counts for floors and trials
    mutating func readPolicies(_ node: ConfigurationNode, _ folder: String) throws(GatewayError) {
        if let member = try node.member("canary") {
            try member.allow(["policy", "share"])
            guard let policy = try member.member("policy"), let share = try member.member("share") else {
                throw member.bad("policy and share are both needed", "Write `{policy: FILE, share: 0.1}`.")
            }
            canary = (GatewayConfiguration.path(try policy.text(), folder), try share.number(0...1))
        }
        shadows = try node.member("shadows")?.texts().map { GatewayConfiguration.path($0, folder) } ?? []
        if let member = try node.member("explore") { learning.explores = try member.number(0...1) }
        if let member = try node.member("floor") {
            try member.allow(["quality", "confidence"])
            guard let quality = try member.member("quality") else {
                throw member.bad("the quality is missing", "Write `{quality: 0.9}`.")
            }
            var floor = LearningSettings.Floor(quality: try quality.number(0.001...0.999))
            if let value = try member.member("confidence") { floor.confidence = try value.number(0.5...0.999999) }
            learning.floor = floor
        }
        if let member = try node.member("trial") {
            try member.allow(["keep", "confidence", "least"])
            if let value = try member.member("keep") { learning.trial.keep = try value.number(0.01...1) }
            if let value = try member.member("confidence") {
                learning.trial.confidence = try value.number(0.5...0.999999)
            }
            if let value = try member.member("least") { learning.trial.least = try value.integer(1...1_000_000) }
        }
        if let member = try node.member("learn") { learning.learner = try LearningSettings.Learner(member) }
        if let member = try node.member("drift") {
            if member.node.mapping == nil {
                learning.drift = try member.flag() ? LearningSettings.Drift() : nil
            } else {
                try member.allow(["reference", "every"])
                var drift = LearningSettings.Drift()
                if let value = try member.member("reference") { drift.reference = try value.integer(2000...100_000) }
                if let value = try member.member("every") { drift.every = try value.number(10...1e12) }
                learning.drift = drift
            }
        }
        learning.sources = try node.member("judged_by").map { (node) throws(GatewayError) in Set(try node.texts()) }
        guard policy == nil else { return }
        for name in ["canary", "shadows", "explore", "floor", "trial", "learn"] {
            guard let member = try node.member(name) else { continue }
            throw member.bad("it is for a model with a policy", "Write `policy: FILE`, or leave it out.")
        }
    }
}

extension LearningSettings.Learner {
    fileprivate init(_ node: ConfigurationNode) throws(GatewayError) {
        try node.allow(["family", "every", "keep", "budget", "price", "canary"])
        self.init()
        if let value = try node.member("family") {
            family = try value.text()
            guard PolicyFamilies.learners.contains(where: { $0.family == family }) else {
                throw value.bad(
                    "there is no family \(family)",
                    "Known: \(PolicyFamilies.learners.map(\.family).joined(separator: ", ")).")
            }
        }
        if let value = try node.member("every") { every = try value.integer(1...10_000_000) }
        if let value = try node.member("canary") { canary = try value.number(0...1) }
        var goals: [Goal] = []
        if let value = try node.member("keep") { goals.append(.keep(try value.number(0.01...1))) }
        if let value = try node.member("budget") { goals.append(.budget(try value.number(0...1e9))) }
        if let value = try node.member("price") { goals.append(.price(try value.number(0...1e12))) }
        guard goals.count <= 1 else {
            throw node.bad("a policy can be learned for one goal", "Write one of keep, budget and price.")
        }
        if let first = goals.first { goal = first }
    }
}
