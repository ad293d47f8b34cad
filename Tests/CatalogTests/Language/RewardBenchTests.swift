import Catalog
import Testing

@Suite struct `reward bench` {
    @Test func `finds that length alone knows nothing of content`() async throws {
        let metrics = try await QuickRuns.findings("reward-bench").metrics
        func value(_ name: String) throws -> Double { try #require(metrics.first { $0.name == name }?.value) }
        #expect(try value("easy, length") == 1)
        // Words of the same question may differ in length, digits do not.
        #expect(try value("normal, length") <= 0.5 && value("hard, length") == 0)
    }

    @Test func `gives accuracies between 0 and 1 to every reward model`() async throws {
        let metrics = try await QuickRuns.findings("reward-bench").metrics
        let accuracies = metrics.filter { ["easy", "normal", "hard"].contains($0.name.prefix { $0 != "," }) }
        #expect(accuracies.count == 12 && accuracies.allSatisfy { (0...1).contains($0.value) })
    }
}
