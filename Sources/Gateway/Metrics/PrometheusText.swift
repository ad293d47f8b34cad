import NIOCore

/// Metrics in Prometheus' text format, version 0.0.4.
struct PrometheusText {
    private(set) var text = ByteBuffer()

    /// Begins a metric.
    mutating func begin(_ name: String, _ kind: String, _ help: String) {
        text.writeString("# HELP \(name) \(help)\n# TYPE \(name) \(kind)\n")
    }

    /// One sample.
    mutating func add(_ name: String, _ labels: [(String, String)], _ value: Double) {
        text.writeString(name)
        if !labels.isEmpty {
            let pairs = labels.map { "\($0.0)=\"\(Self.escaped($0.1))\"" }
            text.writeString("{\(pairs.joined(separator: ","))}")
        }
        text.writeString(" \(Self.number(value))\n")
    }

    /// A histogram's buckets, sum and count.
    mutating func add(_ name: String, _ labels: [(String, String)], _ histogram: LatencyHistogram) {
        var below = 0
        for (index, bound) in LatencyHistogram.bounds.enumerated() {
            below += histogram.counts[index]
            add("\(name)_bucket", labels + [("le", Self.number(bound))], Double(below))
        }
        let count = below + histogram.counts[LatencyHistogram.bounds.count]
        add("\(name)_bucket", labels + [("le", "+Inf")], Double(count))
        add("\(name)_sum", labels, histogram.sum)
        add("\(name)_count", labels, Double(count))
    }

    private static func number(_ value: Double) -> String {
        value.isFinite ? JSONText.number(value) : value.isNaN ? "NaN" : value > 0 ? "+Inf" : "-Inf"
    }

    private static func escaped(_ text: String) -> String {
        text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"").replacing("\n", with: "\\n")
    }
}

/// Latencies in fixed buckets.
struct LatencyHistogram: Sendable {
    /// Upper bounds in seconds.
    static let bounds = [
        0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600,
    ]

    /// How many are in each bucket, those beyond the last bound behind them.
    private(set) var counts = [Int](repeating: 0, count: bounds.count + 1)
    private(set) var sum = 0.0

    mutating func observe(_ seconds: Double) {
        counts[Self.bounds.firstIndex { seconds <= $0 } ?? Self.bounds.count] += 1
        sum += seconds
    }
}
