import Foundation

/// Reads Prometheus' text format 0.0.4 and is strict about it: what a scraper might take in silence is an error here.
struct PrometheusParser {
    struct Sample: Hashable {
        var name: String
        var labels: [String: String]
        var value: Double
    }

    struct Fault: Error, CustomStringConvertible {
        var line: Int
        var reason: String
        var description: String { "line \(line): \(reason)" }
    }

    private(set) var kinds: [String: String] = [:]
    private(set) var samples: [Sample] = []

    init(_ text: String) throws {
        guard text.hasSuffix("\n") else { throw Fault(line: 0, reason: "the last line has no end") }
        var helped = Set<String>()
        var seen = Set<String>()
        var current = ""
        var closed = Set<String>()
        for (index, line) in text.dropLast().components(separatedBy: "\n").enumerated() {
            func fault(_ reason: String) -> Fault { Fault(line: index + 1, reason: "\(reason): \(line)") }
            if line.hasPrefix("# HELP ") {
                let parts = line.dropFirst(7).split(separator: " ", maxSplits: 1).map(String.init)
                guard parts.count == 2, helped.insert(parts[0]).inserted else { throw fault("a second help, or none") }
                closed.insert(current)
                current = parts[0]
                guard !closed.contains(current) else { throw fault("the metric was left before") }
            } else if line.hasPrefix("# TYPE ") {
                let parts = line.dropFirst(7).split(separator: " ").map(String.init)
                guard parts.count == 2, ["counter", "gauge", "histogram", "summary"].contains(parts[1]),
                    parts[0] == current, kinds[parts[0]] == nil
                else { throw fault("no type") }
                kinds[parts[0]] = parts[1]
            } else {
                let sample = try Self.sample(line, fault)
                let base = ["_bucket", "_sum", "_count"].compactMap { suffix in
                    sample.name.hasSuffix(suffix) && kinds[String(sample.name.dropLast(suffix.count))] == "histogram"
                        ? String(sample.name.dropLast(suffix.count)) : nil
                }.first
                guard (base ?? sample.name) == current, let kind = kinds[current] else {
                    throw fault("a sample outside its metric")
                }
                guard (kind == "histogram") == (base != nil) else { throw fault("a histogram has other names") }
                let series =
                    sample.name + sample.labels.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined()
                guard seen.insert(series).inserted else { throw fault("the series comes twice") }
                if kind == "counter", sample.value < 0 { throw fault("a counter is below zero") }
                samples.append(sample)
            }
        }
        try checkHistograms()
    }

    /// The value of the one sample of `name` with at least `labels`.
    func value(_ name: String, _ labels: [String: String] = [:]) -> Double? {
        let found = samples.filter { sample in
            sample.name == name && labels.allSatisfy { sample.labels[$0.key] == $0.value }
        }
        return found.count == 1 ? found[0].value : nil
    }

    /// The sum of all samples of `name` with at least `labels`.
    func sum(_ name: String, _ labels: [String: String] = [:]) -> Double {
        samples.filter { sample in
            sample.name == name && labels.allSatisfy { sample.labels[$0.key] == $0.value }
        }.reduce(0) { $0 + $1.value }
    }

    private static func sample(_ line: String, _ fault: (String) -> Fault) throws -> Sample {
        var rest = Substring(line)
        func isName(_ character: Character, first: Bool) -> Bool {
            character.isASCII
                && (character.isLetter || character == "_" || character == ":" || !first && character.isNumber)
        }
        let name = rest.prefix { isName($0, first: false) }
        guard let first = name.first, isName(first, first: true) else { throw fault("no name") }
        rest = rest.dropFirst(name.count)
        var labels: [String: String] = [:]
        if rest.first == "{" {
            rest = rest.dropFirst()
            while rest.first != "}" {
                let label = rest.prefix { isName($0, first: false) && $0 != ":" }
                rest = rest.dropFirst(label.count)
                guard !label.isEmpty, rest.hasPrefix("=\"") else { throw fault("no label") }
                rest = rest.dropFirst(2)
                var value = ""
                while let character = rest.popFirst(), character != "\"" {
                    guard character == "\\" else {
                        value.append(character)
                        continue
                    }
                    switch rest.popFirst() {
                    case "n": value.append("\n")
                    case "\\": value.append("\\")
                    case "\"": value.append("\"")
                    default: throw fault("an unknown escape")
                    }
                }
                guard labels.updateValue(value, forKey: String(label)) == nil else {
                    throw fault("a label comes twice")
                }
                if rest.first == "," { rest = rest.dropFirst() } else if rest.first != "}" { throw fault("no comma") }
            }
            rest = rest.dropFirst()
        }
        guard rest.first == " " else { throw fault("no space before the value") }
        let text = rest.dropFirst()
        let value: Double? =
            switch text {
            case "+Inf": .infinity
            case "-Inf": -.infinity
            case "NaN": .nan
            default: Double(text)
            }
        guard let value else { throw fault("no value") }
        return Sample(name: String(name), labels: labels, value: value)
    }

    /// Buckets rise, end with +Inf, and that is the count.
    private func checkHistograms() throws {
        for (name, kind) in kinds where kind == "histogram" {
            let buckets = samples.filter { $0.name == name + "_bucket" }
            let series = Dictionary(grouping: buckets) { sample in
                sample.labels.filter { $0.key != "le" }
            }
            for (labels, buckets) in series {
                let bounds = buckets.map { bucket in
                    bucket.labels["le"] == "+Inf" ? Double.infinity : Double(bucket.labels["le"] ?? "") ?? .nan
                }
                let values = buckets.map(\.value)
                guard bounds == bounds.sorted(), bounds.last == .infinity, Set(bounds).count == bounds.count,
                    values == values.sorted(), values.last == value(name + "_count", labels),
                    value(name + "_sum", labels) != nil
                else { throw Fault(line: 0, reason: "the histogram \(name) \(labels) is none") }
            }
        }
    }
}
