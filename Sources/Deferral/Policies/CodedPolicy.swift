public import Cascades

/// Any policy, written with the name of its kind so that it can be read back.
///
///     {"kind": "single-stage", "value": {"stage": 2}}
public struct CodedPolicy: Codable, Sendable {
    /// The policy.
    public let policy: any Policy

    /// Wraps `policy`.
    public init(_ policy: any Policy) { self.policy = policy }

    private enum CodingKeys: String, CodingKey { case kind, value }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        let kind = try container.decode(String.self, forKey: .kind)
        guard let type = PolicyFamilies.kinds.first(where: { $0.kind == kind }) else {
            throw DecodingError.dataCorruptedError(
                forKey: .kind, in: container,
                debugDescription:
                    "there is no policy kind '\(kind)'; known: \(PolicyFamilies.kinds.map { $0.kind }.joined(separator: ", "))"
            )
        }
        policy = try container.decode(type, forKey: .value)
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(type(of: policy).kind, forKey: .kind)
        try container.encode(policy, forKey: .value)
    }
}
