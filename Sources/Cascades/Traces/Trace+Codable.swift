// Written by hand for one reason: missing numbers (NaN) must survive JSON, which has none.

extension Trace: Codable where Output: Codable {
    private enum CodingKeys: String, CodingKey { case schema, context, group, coin, moves, choices }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        self.init(
            schema: try container.decode(LogSchema.self, forKey: .schema),
            context: try container.decode([CodedNumber].self, forKey: .context).map(\.value),
            group: try container.decodeIfPresent(String.self, forKey: .group),
            coin: try container.decode(Double.self, forKey: .coin))
        moves = try container.decode([Move].self, forKey: .moves)
        choices = try container.decode([Choice].self, forKey: .choices)
        // Later readers index by stage: a file may not send them out of bounds.
        guard choices.allSatisfy({ schema.stages.indices.contains($0.stage) }) else {
            throw DecodingError.dataCorruptedError(
                forKey: .choices, in: container,
                debugDescription: "a choice names a stage that is not from 0 to \(schema.stages.count - 1)")
        }
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(schema, forKey: .schema)
        try container.encode(context.map(CodedNumber.init), forKey: .context)
        try container.encodeIfPresent(group, forKey: .group)
        try container.encode(coin, forKey: .coin)
        try container.encode(moves, forKey: .moves)
        try container.encode(choices, forKey: .choices)
    }
}

extension Trace.Choice: Codable where Output: Codable {
    private enum CodingKeys: String, CodingKey {
        case stage, output, evidence, cost, logScore, start, duration, inner
    }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        self.init(
            stage: try container.decode(Int.self, forKey: .stage),
            output: try container.decodeIfPresent(Output.self, forKey: .output),
            evidence: try container.decode([CodedNumber].self, forKey: .evidence).map(\.value),
            cost: try container.decode(Cost.self, forKey: .cost),
            logScore: try container.decodeIfPresent(CodedNumber.self, forKey: .logScore)?.value,
            start: try container.decode(Double.self, forKey: .start),
            duration: try container.decode(Double.self, forKey: .duration),
            inner: try container.decodeIfPresent(Trace<Output>.self, forKey: .inner))
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(stage, forKey: .stage)
        try container.encodeIfPresent(output, forKey: .output)
        try container.encode(evidence.map(CodedNumber.init), forKey: .evidence)
        try container.encode(cost, forKey: .cost)
        try container.encodeIfPresent(logScore.map(CodedNumber.init), forKey: .logScore)
        try container.encode(start, forKey: .start)
        try container.encode(duration, forKey: .duration)
        try container.encodeIfPresent(inner, forKey: .inner)
    }
}

extension Trace: Equatable where Output: Equatable {
    /// Equal in everything, bit by bit, so that a missing number equals a missing number.
    public static func == (left: Trace, right: Trace) -> Bool {
        left.schema == right.schema && sameBits(left.context, right.context) && left.group == right.group
            && left.coin == right.coin && left.moves == right.moves && left.choices == right.choices
    }
}

extension Trace.Choice: Equatable where Output: Equatable {
    public static func == (left: Trace.Choice, right: Trace.Choice) -> Bool {
        left.stage == right.stage && left.output == right.output && sameBits(left.evidence, right.evidence)
            && left.cost == right.cost && left.logScore == right.logScore && left.start == right.start
            && left.duration == right.duration && left.inner == right.inner
    }
}

/// Whether two rows are the same, missing numbers included.
func sameBits(_ left: [Double], _ right: [Double]) -> Bool {
    left.elementsEqual(right) { $0.bitPattern == $1.bitPattern || ($0.isNaN && $1.isNaN) }
}
