/// What a log's numbers are called: the context of an item and, per stage, its evidence.
///
/// Context and evidence together are the *signals* a policy may read. They share one index space:
/// the context first, then the evidence of stage 0, of stage 1, and so on:
///
///     signals = [ context | evidence of stage 0 | evidence of stage 1 | ... ]
public struct LogSchema: Sendable, Hashable {
    /// Names of the item's context numbers, in column order.
    public let context: [String]
    /// The stages, in column order.
    public let stages: [StageSchema]
    /// For each stage, the signal index of its first evidence number; one more entry closes the last.
    public let evidenceOffsets: [Int]

    /// A schema of `stages` whose items carry the numbers `context`.
    public init(context: [String] = [], stages: [StageSchema]) {
        self.context = context
        self.stages = stages
        var offsets = [context.count]
        for stage in stages { offsets.append(offsets[offsets.count - 1] + stage.evidence.count) }
        evidenceOffsets = offsets
    }

    /// How many signals there are: context and all evidence.
    public var signalCount: Int { evidenceOffsets[stages.count] }

    /// How many evidence numbers all stages have together.
    public var evidenceCount: Int { signalCount - context.count }

    /// The signal indices that hold the evidence of `stage`.
    public func evidenceRange(of stage: Int) -> Range<Int> { evidenceOffsets[stage]..<evidenceOffsets[stage + 1] }

    /// The names of all signals, as the CSV format writes them: `context.length`, `small.evidence.margin`.
    public var signalNames: [String] {
        context.map { "context.\($0)" }
            + stages.flatMap { stage in stage.evidence.map { "\(stage.name).evidence.\($0)" } }
    }

    /// The index of the stage called `name`.
    /// - Throws: ``LogError/unknownStage(name:known:)``.
    public func stage(named name: String) throws -> Int {
        guard let index = stages.firstIndex(where: { $0.name == name }) else {
            throw LogError.unknownStage(name: name, known: stages.map(\.name))
        }
        return index
    }
}

/// A stage's name and the names of the evidence numbers it gives with an answer.
public struct StageSchema: Sendable, Hashable, Codable {
    /// The stage's name, unique in its schema.
    public let name: String
    /// The names of its evidence numbers, in column order.
    public let evidence: [String]

    /// A stage called `name` that gives `evidence`.
    public init(name: String, evidence: [String] = []) {
        self.name = name
        self.evidence = evidence
    }
}

extension LogSchema: Codable {
    private enum CodingKeys: String, CodingKey { case context, stages }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        self.init(
            context: try container.decode([String].self, forKey: .context),
            stages: try container.decode([StageSchema].self, forKey: .stages))
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(context, forKey: .context)
        try container.encode(stages, forKey: .stages)
    }
}
