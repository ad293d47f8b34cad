import Foundation
import Language
import Probability

/// What speculation costs outside the models: whole texts by a decoder over models that only look their rows up.
///
/// Counted is all that a decoder does besides calling its models: the laws of drafts and target, the draws, the tree, the
/// selection, the token and what is remembered. Beside it stands what a row without drafts costs.
enum SpeculationBenchmarks {
    private static let size = 49_152
    private static let rows = 24

    static func run() throws -> [Row] {
        var random = Random(seed: 1)
        let logits = (0..<rows).map { _ in DecodingBenchmarks.logits(size, &random) }
        let target = TabledScorer(rows: logits)
        let drafts = (0..<2).map { _ in
            TabledScorer(rows: logits.map { $0.map { $0 + Float(0.6 * random.normal()) } })
        }
        var result: [Row] = []
        for (models, name) in [(1, "1 model"), (2, "2 models")] {
            for rule in SelectionRule.allCases where models == 1 || rule != .sequential {
                for count in [1, 2, 4, 8] where count >= models {
                    var settings = SpeculationSettings()
                    settings.rule = rule
                    settings.drafts = count
                    settings.length = .fixed(3)
                    result.append(
                        try measure(
                            "speculation: \(rule.rawValue), \(count) drafts by \(name)", target,
                            Array(drafts.prefix(models)), settings))
                }
            }
        }
        return result
    }

    private static func measure(
        _ name: String, _ target: TabledScorer, _ drafts: [TabledScorer], _ settings: SpeculationSettings
    ) throws -> Row {
        // What else the machine does can only slow a block down, and every turn writes the same text: of each block the best.
        var best: [(other: Double, verification: Double)] = []
        var whole = SpeculationStatistics()
        for turn in 0..<8 {
            let blocks = try waiting {
                var decoder = try SpeculativeDecoder(target: target, drafts: drafts, settings: settings)
                var state = SpeculativeDecoder.State(
                    sampler: try TokenSampler(SamplingParameters()), random: Random(seed: 7))
                var text: [Token] = [1]
                var blocks: [SpeculationStatistics] = [SpeculationStatistics()]
                while text.count < 200 {
                    text += try await decoder.next(after: text, state: &state).map(\.token)
                    blocks.append(decoder.statistics)
                }
                return blocks
            }
            whole = blocks[blocks.count - 1]
            for (index, (before, after)) in zip(blocks, blocks.dropFirst()).enumerated() {
                let other = after.otherSeconds - before.otherSeconds
                let verification = after.verificationSeconds - before.verificationSeconds
                if turn == 0 { best.append((other, verification)) }
                best[index] = (min(best[index].other, other), min(best[index].verification, verification))
            }
        }
        let unit = 1e6 / Double(whole.tokens)
        let (other, verification) = best.reduce((0.0, 0.0)) { ($0.0 + $1.other * unit, $0.1 + $1.verification * unit) }
        return Row(
            name: name, value: other, unit: "us a token", target: 50,
            note: String(
                format: "verification %.0f, drafting %.0f; a draft taken %.3f, %.2f tokens a block", verification,
                other - verification, whole.acceptance, whole.blockEfficiency))
    }
}

/// A model that looks up what comes next by the last token.
private struct TabledScorer: TokenScorer {
    let rows: [[Float]]

    var vocabularyCount: Int { rows[0].count }

    func logits(after prefixes: [[Token]]) async throws -> LogitRows {
        var values: [Float] = []
        values.reserveCapacity(prefixes.count * vocabularyCount)
        for prefix in prefixes { values += rows[Int(prefix.last ?? 0) % rows.count] }
        return LogitRows(values: values, vocabularyCount: vocabularyCount)
    }
}
