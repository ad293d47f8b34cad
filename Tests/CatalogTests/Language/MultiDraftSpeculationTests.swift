import Catalog
import Testing

@Suite struct `multi-draft speculation` {
    @Test func `keeps the law, reaches the optimum and the closed form`() async throws {
        let findings = try await QuickRuns.findings("multi-draft-speculation")
        for claim in ["law", "two-step", "closed-form", "condition"] {
            let verdict = try #require(findings.verdicts[claim])
            #expect(verdict.outcome == .held, "\(claim): \(verdict.measured)")
        }
    }

    @Test func `takes no more drafts by any rule than by the optimum, and more the more there are`() async throws {
        let metrics = try await QuickRuns.findings("multi-draft-speculation").metrics
        func value(_ rule: String, _ count: Int) throws -> Double {
            try #require(metrics.first { $0.name == "acceptance, \(rule), \(count) drafts" }?.value)
        }
        for count in [1, 2, 4, 8] {
            let best = try value("optimum", count)
            for rule in ["recursive rejection", "sequential", "importance sampling"] {
                #expect(try value(rule, count) <= best + 1e-9)
            }
        }
        #expect(try value("optimum", 1) < value("optimum", 2) && value("optimum", 2) < value("optimum", 8))
    }
}
