/// Written as `{"ask": [0, 2]}`, `{"stop": 1}`, `{"combine": [0, 1]}` or `{"abstain": true}`.
extension Move: Codable {
    private enum CodingKeys: String, CodingKey, CaseIterable { case ask, stop, combine, abstain }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        func index(_ value: Int, _ key: CodingKeys) throws -> Int {
            guard (0..<StageSet.capacity).contains(value) else {
                throw DecodingError.dataCorruptedError(
                    forKey: key, in: container,
                    debugDescription: "stage \(value) is not from 0 to \(StageSet.capacity - 1)")
            }
            return value
        }
        func stages(_ key: CodingKeys) throws -> StageSet {
            StageSet(try container.decode([Int].self, forKey: key).map { try index($0, key) })
        }
        switch container.allKeys.first {
        case .ask: self = .ask(try stages(.ask))
        case .stop: self = .stop(answer: try index(container.decode(Int.self, forKey: .stop), .stop))
        case .combine: self = .combine(try stages(.combine))
        case .abstain: self = .abstain
        case nil:
            throw DecodingError.dataCorrupted(
                .init(codingPath: decoder.codingPath, debugDescription: "a move is one of ask, stop, combine, abstain"))
        }
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        switch self {
        case .ask(let stages): try container.encode(Array(stages), forKey: .ask)
        case .stop(let stage): try container.encode(stage, forKey: .stop)
        case .combine(let stages): try container.encode(Array(stages), forKey: .combine)
        case .abstain: try container.encode(true, forKey: .abstain)
        }
    }
}

extension Move: CustomStringConvertible {
    public var description: String {
        switch self {
        case .ask(let stages): "ask \(stages)"
        case .stop(let stage): "stop with \(stage)"
        case .combine(let stages): "combine \(stages)"
        case .abstain: "abstain"
        }
    }
}
