public import Foundation

/// A trained field as JSON with a version; the same field gives the same bytes.
extension LinearChainField: Codable {
    /// The version of the format that this code writes, and the only one it reads.
    public static let fileVersion = 1

    private enum CodingKeys: String, CodingKey {
        case version, kind, labels, attributes, stateCounts, stateLabels, transitions, conditionedCounts
        case conditionedPairs, weights
    }

    private static let kind = "linear-chain-field"

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(Self.fileVersion, forKey: .version)
        try container.encode(Self.kind, forKey: .kind)
        try container.encode(labelNames, forKey: .labels)
        try container.encode(attributeNames, forKey: .attributes)
        try container.encode(Self.counts(features.stateStarts), forKey: .stateCounts)
        try container.encode(features.stateLabels, forKey: .stateLabels)
        try container.encode(features.transitions, forKey: .transitions)
        if features.isConditioned {
            try container.encode(Self.counts(features.conditionedStarts), forKey: .conditionedCounts)
            try container.encode(features.conditionedPairs, forKey: .conditionedPairs)
        }
        try container.encode(weights, forKey: .weights)
    }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        func refuse(_ key: CodingKeys, _ reason: String) -> DecodingError {
            .dataCorruptedError(forKey: key, in: container, debugDescription: reason)
        }
        let version = try container.decode(Int.self, forKey: .version)
        guard version == Self.fileVersion else {
            throw refuse(.version, "it has version \(version), this program reads version \(Self.fileVersion)")
        }
        guard try container.decode(String.self, forKey: .kind) == Self.kind else {
            throw refuse(.kind, "it holds no \(Self.kind)")
        }
        let labels = try container.decode(Alphabet.self, forKey: .labels)
        let attributes = try container.decode(Alphabet.self, forKey: .attributes)
        let none = [Int](repeating: 0, count: attributes.count)
        let stateStarts = Self.starts(try container.decode([Int].self, forKey: .stateCounts))
        let conditionedStarts = Self.starts(
            try container.decodeIfPresent([Int].self, forKey: .conditionedCounts) ?? none)
        guard let stateStarts, let conditionedStarts,
            let features = ChainFeatures(
                labelCount: labels.count, stateStarts: stateStarts,
                stateLabels: try container.decode([Int32].self, forKey: .stateLabels),
                transitions: try container.decode([Int32].self, forKey: .transitions),
                conditionedStarts: conditionedStarts,
                conditionedPairs: try container.decodeIfPresent([Int32].self, forKey: .conditionedPairs) ?? [])
        else { throw refuse(.stateLabels, "the features don't fit together") }
        do {
            try self.init(
                labelNames: labels, attributeNames: attributes, features: features,
                weights: try container.decode([Double].self, forKey: .weights))
        } catch let error as InferenceError {
            throw refuse(.weights, error.description)
        }
    }

    private static func counts(_ starts: [Int]) -> [Int] { zip(starts, starts.dropFirst()).map { $1 - $0 } }

    /// Running sums from 0; nil for a negative count or a sum out of range.
    private static func starts(_ counts: [Int]) -> [Int]? {
        var starts = [0]
        starts.reserveCapacity(counts.count + 1)
        for count in counts {
            let (sum, overflow) = starts.last!.addingReportingOverflow(count)
            guard count >= 0, !overflow else { return nil }
            starts.append(sum)
        }
        return starts
    }

    /// The field as JSON.
    public func encoded() throws -> Data {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return try encoder.encode(self) + Data("\n".utf8)
    }

    /// Reads a field from JSON; `file` is named in errors.
    /// - Throws: ``InferenceError/badLine(file:line:reason:)``, with line 0.
    public static func read(_ data: Data, file: String) throws(InferenceError) -> LinearChainField {
        do {
            return try JSONDecoder().decode(LinearChainField.self, from: data)
        } catch let error as DecodingError {
            throw .badLine(file: file, line: 0, reason: reason(error))
        } catch {
            throw .badLine(file: file, line: 0, reason: "it can't be read: \(error)")
        }
    }

    private static func reason(_ error: DecodingError) -> String {
        switch error {
        case .keyNotFound(let key, _): "'\(key.stringValue)' is missing."
        case .typeMismatch(_, let context), .valueNotFound(_, let context), .dataCorrupted(let context):
            "\(context.codingPath.map(\.stringValue).joined(separator: ".")): \(context.debugDescription)"
        @unknown default: "it is not a field."
        }
    }
}
