import Foundation
import Language
import Probability

/// What decoding costs outside the models: sampling, masks of constraints.
enum DecodingBenchmarks {
    static func run() throws -> [Row] {
        var rows: [Row] = []
        var random = Random(seed: 1)
        for size in [49_152, 262_144] {
            let scale = Double(size) / 49_152
            let logits = [self.logits(size, &random), self.logits(size, &random)]
            var plain = SamplingParameters()
            rows.append(
                try sampling("sampling: plain", size, logits, plain, target: 100 * scale, &random))
            plain.topK = 40
            plain.topP = 0.95
            plain.temperature = 0.8
            rows.append(
                try sampling("sampling: top-k 40, top-p, 0.8", size, logits, plain, target: 200 * scale, &random))
            var nucleus = SamplingParameters()
            nucleus.topP = 0.95
            rows.append(try sampling("sampling: top-p 0.95", size, logits, nucleus, target: 400 * scale, &random))
            var typical = SamplingParameters()
            typical.typicalP = 0.95
            rows.append(try sampling("sampling: typical 0.95", size, logits, typical, target: 1000 * scale, &random))
        }
        rows += try masks()
        return rows
    }

    /// Logits like a language model's: a long tail, a few likely tokens.
    static func logits(_ size: Int, _ random: inout Random) -> [Float] {
        var ranks = Array(0..<size)
        ranks.shuffle(using: &random)
        return ranks.map { Float(-1.6 * log(Double($0 + 1)) + 0.7 * random.normal()) }
    }

    private static func sampling(
        _ name: String, _ size: Int, _ logits: [[Float]], _ parameters: SamplingParameters, target: Double,
        _ random: inout Random
    ) throws -> Row {
        var sum = 0
        let count = 200
        // What the models in the process call.
        var sampler = try TokenSampler(parameters)
        let seconds = try bestSeconds {
            for index in 0..<count { sum += Int(try sampler.draw(logits: logits[index & 1][...], using: &random)) }
        }
        precondition(sum >= 0)
        return Row(
            name: "\(name), \(size) tokens", value: seconds / Double(count) * 1e6, unit: "us a token", target: target)
    }

    private static func masks() throws -> [Row] {
        let root =
            ProcessInfo.processInfo.environment["CASCADE_MODELS"] ?? NSHomeDirectory() + "/.cache/cascade/models"
        let path = root + "/SmolLM2-135M-Instruct.Q4_1.gguf"
        guard FileManager.default.fileExists(atPath: path) else { return [] }
        let model = try EmbeddedModel(path: path, vocabularyOnly: true)
        let clock = ContinuousClock()
        let made = clock.measure { _ = model.vocabularyTrie }
        let schema = TextConstraint.jsonSchema(
            "{\"type\":\"array\",\"items\":{\"type\":\"object\",\"properties\":{\"name\":{\"type\":\"string\"},\"size\":{\"type\":\"number\"}},\"required\":[\"name\"]}}"
        )
        let text = "[{\"name\": \"Grüße aus der Stadt\", \"size\": 12.5}, {\"name\":\"a longer name of a thing\"}]"
        let tokens = model.tokens(of: text)
        var fresh: [Double] = []
        var constraint = try model.constraint(schema)
        for token in tokens {
            fresh.append(try clock.measure { _ = try constraint.allowedTokens() } / .microseconds(1))
            try constraint.accept(token)
        }
        let start = try model.constraint(schema)
        var known = start
        for token in tokens {
            _ = try known.allowedTokens()
            try known.accept(token)
        }
        let cached = try bestSeconds {
            for _ in 0..<50 {
                var copy = start
                for token in tokens {
                    _ = try copy.allowedTokens()
                    try copy.accept(token)
                }
            }
        }
        return [
            Row(
                name: "constraint: vocabulary by bytes, 49152 tokens", value: made / .milliseconds(1), unit: "ms, once"),
            Row(
                name: "constraint: first masks of a JSON schema's places",
                value: fresh.reduce(0, +) / Double(fresh.count), unit: "us a token", target: 500,
                note: String(format: "largest %.0f us", fresh.max() ?? 0)),
            Row(
                name: "constraint: mask and step on known places", value: cached / Double(50 * tokens.count) * 1e6,
                unit: "us a token", target: 30),
        ]
    }
}
