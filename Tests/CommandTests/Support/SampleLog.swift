/// A log of three stages of rising cost and quality whose confidence says how likely they are right.
enum SampleLog {
    /// Items as JSONL.
    static func jsonl(items: Int = 500, stages: [String] = ["small", "medium", "large"]) -> String {
        // Knuth's 64-bit linear congruential generator: the same log on every machine.
        var state: UInt64 = 42
        func uniform() -> Double {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Double(state >> 11) / Double(1 << 53)
        }
        let groups = ["maths", "code"]
        var text = ""
        for item in 0..<items {
            let difficulty = uniform()
            var cells: [String] = []
            for (index, name) in stages.enumerated() {
                let skill = 0.6 + 0.18 * Double(index)
                let right = min(1, max(0, skill + 0.4 - 0.8 * difficulty * (1.5 - skill)))
                let quality = uniform() < right ? 1 : 0
                let confidence = min(0.99, max(0.01, right + 0.1 * (uniform() - 0.5)))
                let cost = [0.001, 0.004, 0.02, 0.03][index] * (1 + uniform())
                cells.append(
                    "\"\(name)\": {\"quality\": \(quality), \"cost\": \(cost), \"latency\": \(cost * 40), \"evidence\": {\"confidence\": \(confidence)}}"
                )
            }
            text +=
                "{\"id\": \"q\(item)\", \"group\": \"\(groups[item % 2])\", \"context\": {\"length\": \(Int(100 + 900 * difficulty * uniform()))}, \"stages\": {\(cells.joined(separator: ", "))}}\n"
        }
        return text
    }

    /// The options that keep a search in a test short.
    static let quick = ["--policy", "thresholds", "--policy", "group-router"]
}
