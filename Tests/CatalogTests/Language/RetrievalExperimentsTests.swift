import Catalog
import Testing

@Suite struct `retrieval, grounding and memory` {
    @Test func `through a whole dictionary a question is answered as in English`() async throws {
        let findings = try await QuickRuns.findings("hierarchical-retrieval")
        func right(_ how: String) throws -> Double {
            try #require(findings.metrics.first { $0.name == "right answers, \(how)" }?.value)
        }
        #expect(try right("through a dictionary of 100 % of the words") == right("in English"))
        #expect(findings.verdicts["translation-native"]?.outcome == .notDecided)
    }

    @Test func `a known span reads fewer tokens than a document`() async throws {
        let metrics = try await QuickRuns.findings("grounded-dialogue").metrics
        func tokens(_ name: String) throws -> Double {
            try #require(metrics.first { $0.name == "Responses about services: tokens read, \(name)" }?.value)
        }
        #expect(try tokens("right span (known)") < tokens("best span"))
        #expect(try tokens("best span") < tokens("three spans"))
    }

    @Test func `memories stay within their bounds`() async throws {
        let findings = try await QuickRuns.findings("long-term-memory")
        let verdict = try #require(findings.verdicts["bounded"])
        #expect(verdict.outcome == .held, "\(verdict.measured)")
    }

    @Test func `training with functions ends better with roll-back than it began`() async throws {
        let metrics = try await QuickRuns.findings("agent-optimizer").metrics
        let end = try #require(metrics.first { $0.name == "right answers held out, careless, roll-back" }?.value)
        #expect(end > 0.2)
    }
}
