import Foundation
import Language
import Probability

/// Whole texts from the model in the process, beside llama.cpp's own programs, which draw no token and keep no text.
///
/// Both run turn by turn on the same number of threads. What else a machine and its neighbours do can only slow a turn down,
/// so the best turn of each is compared.
enum GenerationBenchmarks {
    private static let length = 64
    /// One thread: llama.cpp's threads wait spinning, so that with two a busy machine says nothing.
    private static let threads = 1

    static func run(withPeers: Bool) throws -> [Row] {
        guard let path = try? ModelStore().path(of: "smollm2-135m") else { return [] }
        let weights = try EmbeddedModel(path: path)
        let context = try EmbeddedContext(
            weights, ContextConfiguration(cells: 4096, sequences: 32, threads: threads))
        let model = EmbeddedLanguageModel(context)
        let requests = try lasting(model)
        var rows: [Row] = []
        for count in [1, 4, 16] {
            var ours: [Double] = []
            var theirs: [Double] = []
            for _ in 0..<(withPeers ? 6 : 3) {
                ours.append(try speed(model, Array(requests.prefix(count))))
                if withPeers, let peer = peerSpeed(path, sequences: count) { theirs.append(peer) }
            }
            let hasPeer = theirs.count == ours.count
            let best = ours.max() ?? 0
            rows.append(
                Row(
                    name: "generation: \(count) sequences, 1 thread", value: 1e6 / best,
                    unit: "us a token", peer: hasPeer ? 1e6 / (theirs.max() ?? 0) : nil,
                    peerName: hasPeer ? (count == 1 ? "llama-bench" : "llama-batched-bench") : nil,
                    note: String(format: "%.0f tokens/s", best)))
            if hasPeer {
                rows.append(
                    Row(
                        name: "generation: llama.cpp's speed over ours, \(count) sequences",
                        value: (theirs.max() ?? 0) / best, unit: "", target: 1.05,
                        note: String(
                            format: "best of %d turns; worst: ours %.0f, theirs %.0f tokens/s", ours.count,
                            ours.min() ?? 0, theirs.min() ?? 0)))
            }
        }
        rows.append(try firstToken(model))
        rows.append(memory(weights, context))
        return rows
    }

    /// Requests whose texts do not end before the last token.
    private static func lasting(_ model: EmbeddedLanguageModel) throws -> [GenerationRequest] {
        let beginnings = ["The river", "A long time ago,", "In the laboratory", "When the train stopped,"]
        var requests: [GenerationRequest] = []
        var seed: UInt64 = 0
        while requests.count < 16 {
            seed += 1
            let opening = beginnings[Int(seed) % beginnings.count]
            let request = GenerationRequest(
                .text(String(repeating: opening + " went on and on. ", count: 8) + opening), maximumTokens: length,
                seed: seed)
            if try waiting({ try await model.generate(request) }).reason == .length { requests.append(request) }
        }
        return requests
    }

    /// Tokens a second of texts that are written side by side, from the first token of the last to begin.
    private static func speed(_ model: EmbeddedLanguageModel, _ requests: [GenerationRequest]) throws -> Double {
        let texts = try waiting { try await model.generate(requests).map { try $0.get() } }
        // The prompts are in the cache; reading their ends is a batch of its own, which llama.cpp's figure leaves out, too.
        let first = texts.map(\.usage.firstTokenSeconds).max() ?? 0
        let last = texts.map(\.usage.seconds).max() ?? 0
        let tokens = texts.reduce(0) { $0 + $1.usage.completionTokens - 1 }
        return Double(tokens) / (last - first)
    }

    /// What llama.cpp's own program says of as many sequences; nil where it is not built.
    private static func peerSpeed(_ path: String, sequences: Int) -> Double? {
        let half = "\(length)"
        let program = sequences == 1 ? "llama-bench" : "llama-batched-bench"
        let arguments =
            sequences == 1
            ? ["-m", path, "-p", "0", "-n", half, "-d", "64", "-t", "\(threads)", "-r", "1", "-o", "jsonl"]
            : [
                "-m", path, "-c", "\(sequences * 160)", "-npp", "64", "-ntg", half, "-npl", "\(sequences)", "-t",
                "\(threads)", "-tb", "\(threads)", "--output-format", "jsonl",
            ]
        let process = Process()
        process.executableURL = URL(fileURLWithPath: ".native/bin/\(program)")
        process.arguments = arguments
        let output = Pipe()
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        guard (try? process.run()) != nil else { return nil }
        let data = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        struct Line: Decodable {
            var avg_ts: Double?
            var speed_tg: Double?
        }
        for line in data.split(separator: UInt8(ascii: "\n")) {
            if let line = try? JSONDecoder().decode(Line.self, from: line), let speed = line.avg_ts ?? line.speed_tg {
                return speed
            }
        }
        return nil
    }

    /// How much later than the model alone the first token of a prompt comes that is in the cache.
    private static func firstToken(_ model: EmbeddedLanguageModel) throws -> Row {
        let prompt = String(repeating: "The harbour was quiet that morning, and the boats lay still. ", count: 24)
        let request = GenerationRequest(.text(prompt), maximumTokens: 1)
        let tokens = model.model.tokens(of: prompt)
        _ = try waiting { try await model.generate(request) }
        var extra: [Double] = []
        for _ in 0..<15 {
            let whole = try waiting { try await model.generate(request).usage.firstTokenSeconds }
            let alone = try waiting {
                let sequence = try await model.context.open(tokens)
                let clock = ContinuousClock()
                let start = clock.now
                _ = try await model.context.logits(after: [sequence])
                let seconds = start.duration(to: clock.now) / .seconds(1)
                await model.context.close([sequence])
                return seconds
            }
            extra.append(whole - alone)
        }
        return Row(
            name: "generation: first token behind a cached prompt", value: extra.sorted()[7] * 1e3,
            unit: "ms beyond the model's", target: 10, note: "\(tokens.count) tokens in the cache; median of 15")
    }

    /// The most memory of the process beyond the weights and the cache.
    private static func memory(_ weights: EmbeddedModel, _ context: EmbeddedContext) -> Row {
        func number(_ key: String) -> Double {
            Double(weights.metadata("\(weights.metadata("general.architecture") ?? "").\(key)") ?? "") ?? 0
        }
        let head = Double(weights.embeddingCount) / max(1, number("attention.head_count"))
        let cell = number("block_count") * number("attention.head_count_kv") * 2 * head * 2
        let cache = cell * Double(context.configuration.cells)
        var usage = rusage()
        getrusage(0, &usage)
        #if os(Linux)
        let peak = Double(usage.ru_maxrss) * 1024
        #else
        let peak = Double(usage.ru_maxrss)
        #endif
        let megabyte = 1024.0 * 1024
        return Row(
            name: "generation: memory beyond weights and cache",
            value: (peak - Double(weights.byteCount) - cache) / megabyte, unit: "MB", target: 50,
            note: String(
                format: "peak %.0f MB, weights %.0f, cache %.0f; alone with --only generation", peak / megabyte,
                Double(weights.byteCount) / megabyte, cache / megabyte))
    }
}
