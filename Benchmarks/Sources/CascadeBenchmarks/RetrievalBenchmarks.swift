import Foundation
import Language
import Probability

/// Searches of passages by their words beside bm25s and rank_bm25, on the same words.
enum RetrievalBenchmarks {
    private static let plain = WordSplitter(stopWords: [], singularises: false)

    static func run(withPeers: Bool) throws -> [Row] {
        let (count, topics) = (50_000, 500)
        var random = Random(seed: 116)
        // Words as often as in text (Zipf), and for each topic some of its own.
        let common = try AliasTable(weights: (1...20_000).map { 1 / Double($0) })
        let texts = (0..<count).map { passage in
            (0..<80).map { place in
                place % 8 == 0
                    ? "t\(passage * topics / count)x\(random.integer(below: 40))" : "w\(common.sample(using: &random))"
            }.joined(separator: " ")
        }
        let queries = (0..<500).map { _ in
            let words = texts[random.integer(below: count)].split(separator: " ")
            return random.sample(8, outOf: words.count).map { words[$0] }.joined(separator: " ")
        }
        var index: LexicalIndex?
        let building = try bestSeconds(runs: 1) { index = LexicalIndex(texts, splitter: plain) }
        let asked = queries.map { index!.query(for: $0) }
        var rankings: [Ranking] = []
        let seconds = try bestSeconds { rankings = asked.map { index!.search($0, limit: 10) } }
        let corpus = try Corpus(
            texts.enumerated().map { Passage(id: "\($0)", path: ["\($0 * topics / count)"], text: $1) })
        let hierarchy = HierarchicalIndex.lexical(corpus, beams: [10], splitter: plain)
        var narrowed: [Ranking] = []
        let narrowSeconds = try bestSeconds { narrowed = asked.map { hierarchy.search($0, limit: 10) } }
        let peer = withPeers ? peer(texts, queries) : nil
        var note = String(format: "index made in %.2f s", building)
        if let peer {
            let gap =
                zip(rankings, peer.scores).map { ours, theirs in
                    zip(ours.hits, theirs).map { abs($0.score / 2.2 - $1) }.max() ?? 0
                }.max() ?? 0
            note += String(format: "; peer's in %.2f s; scores differ by %.1e at most", peer.building, gap)
        }
        let same = zip(rankings, narrowed).count { $0.hits.first == $1.hits.first }
        return [
            Row(
                name: "BM25, 50,000 passages, 8 words, best ten", value: 1e6 * seconds / 500, unit: "us",
                target: peer.map { 1e6 * $0.seconds }, peer: peer.map { 1e6 * $0.seconds }, peerName: "bm25s",
                note: note),
            Row(
                name: "the same", value: 1e6 * seconds / 500, unit: "us", target: nil,
                peer: peer.map { 1e6 * $0.otherSeconds }, peerName: "rank_bm25"),
            Row(
                name: "the same by 500 documents first, ten kept", value: 1e6 * narrowSeconds / 500, unit: "us",
                target: nil, note: "the same passage first in \(same) of 500"),
        ]
    }

    private struct Peer: Decodable {
        var seconds: Double
        var building: Double
        var otherSeconds: Double
        var scores: [[Double]]
    }

    /// The peer's figures; nil where it can't be run.
    private static func peer(_ texts: [String], _ queries: [String]) -> Peer? {
        let file = FileManager.default.temporaryDirectory.appendingPathComponent("passages-\(UUID().uuidString).txt")
        defer { try? FileManager.default.removeItem(at: file) }
        let lines = (["\(texts.count)"] + texts + queries).map { $0 + "\n" }.joined()
        guard (try? lines.write(to: file, atomically: true, encoding: .utf8)) != nil else { return nil }
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "Benchmarks/.venv/bin/python")
        process.arguments = ["Benchmarks/peers/retrieval_peer.py", file.path]
        let output = Pipe()
        process.standardOutput = output
        guard (try? process.run()) != nil else { return nil }
        let data = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return try? JSONDecoder().decode(Peer.self, from: data)
    }
}
