public import Cascades
public import Foundation
import NumericalMethods

/// A learned policy as it is kept in a file: with the names it was learned for, what was asked of it and what it did.
///
///     {"version": 1, "family": "thresholds", "schema": {...}, "objective": {...}, "policy": {"kind": ..., "value": ...}}
public struct PolicyFile: Sendable {
    /// The version of the format that this code writes, and the only one it reads.
    public static let version = 1

    /// The family that was chosen.
    public var family: String
    /// The columns that the policy was learned on; a log it runs on must have them.
    public var schema: LogSchema
    /// What counts as cost.
    public var objective: Objective
    /// What was asked.
    public var goal: Goal?
    /// What it did on items held out from learning, by name: quality, cost, ....
    public var measured: [String: Double]
    /// How it came about, for people: the log, the date, the number of items.
    public var provenance: [String: String]
    /// Where it stands among others, where the search that found it measured that.
    public var frontier: PolicyFrontier?
    /// The policy.
    public var policy: any Policy

    /// A policy with what is to be known of it.
    public init(
        family: String, schema: LogSchema, objective: Objective, goal: Goal? = nil, measured: [String: Double] = [:],
        provenance: [String: String] = [:], frontier: PolicyFrontier? = nil, policy: any Policy
    ) {
        self.family = family
        self.schema = schema
        self.objective = objective
        self.goal = goal
        self.measured = measured
        self.provenance = provenance
        self.frontier = frontier
        self.policy = policy
    }

    /// Reads the file at `path`.
    /// - Throws: ``DeferralError/badPolicyFile(path:reason:remedy:)``.
    public static func read(from path: String) throws -> PolicyFile {
        guard let data = FileManager.default.contents(atPath: path) else {
            throw DeferralError.badPolicyFile(
                path: path, reason: "there is no such file, or it can't be read",
                remedy: "`cascade fit LOG -o \(path)` makes one.")
        }
        return try read(data, path: path)
    }

    /// Reads `data`; `path` is named in errors.
    public static func read(_ data: Data, path: String) throws -> PolicyFile {
        struct Header: Decodable { var version: Int }
        let remedy = "Learn it again with this version: `cascade fit LOG -o \(path)`."
        do {
            let header = try JSONDecoder().decode(Header.self, from: data)
            guard header.version == version else {
                throw DeferralError.badPolicyFile(
                    path: path, reason: "it has version \(header.version), this program reads version \(version)",
                    remedy: remedy)
            }
            let file = try JSONDecoder().decode(PolicyFile.self, from: data)
            try file.check(path: path)
            return file
        } catch let error as DecodingError {
            throw DeferralError.badPolicyFile(path: path, reason: error.sentence, remedy: remedy)
        } catch let error as LearnerError {
            throw DeferralError.badPolicyFile(path: path, reason: error.description, remedy: remedy)
        }
    }

    /// The file's text: sorted keys, so that the same policy gives the same bytes.
    public func encoded() throws -> Data {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        return try encoder.encode(self) + Data("\n".utf8)
    }

    /// `log` with its columns in this policy's order.
    /// - Throws: ``DeferralError/schemaMismatch(missing:remedy:)`` where the log lacks a stage or signal.
    public func prepare(_ log: OutcomeLog) throws -> CostedLog {
        let stages = Set(log.schema.stages.map(\.name))
        let signals = Set(log.schema.signalNames)
        // The evidence of a stage that is missing needs no word of its own.
        let gone = schema.stages.indices.filter { !stages.contains(schema.stages[$0].name) }
        let implied = Set(gone.flatMap { schema.evidenceRange(of: $0) }.map { schema.signalNames[$0] })
        let missing =
            gone.map { "stage \(schema.stages[$0].name)" }
            + schema.signalNames.filter { !signals.contains($0) && !implied.contains($0) }
        guard missing.isEmpty else {
            throw DeferralError.schemaMismatch(
                missing: missing,
                remedy:
                    "The policy was learned for the stages \(schema.stages.map(\.name).joined(separator: ", ")); give a log of the same stages, or fit again."
            )
        }
        return CostedLog(try log.conforming(to: schema), objective: objective)
    }

    /// Refuses a policy that names stages beyond its schema, which a damaged file could.
    private func check(path: String) throws {
        guard schema.stages.count <= StageSet.capacity, policy.reach.isSubset(of: .all(schema.stages.count)) else {
            throw DeferralError.badPolicyFile(
                path: path, reason: "its policy asks stages that its schema doesn't have",
                remedy: "The file is damaged; learn it again: `cascade fit LOG -o \(path)`.")
        }
    }
}

extension PolicyFile: Codable {
    private enum CodingKeys: String, CodingKey {
        case version, family, schema, objective, goal, measured, provenance, frontier, policy
    }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        self.init(
            family: try container.decode(String.self, forKey: .family),
            schema: try container.decode(LogSchema.self, forKey: .schema),
            objective: try container.decode(Objective.self, forKey: .objective),
            goal: try container.decodeIfPresent(Goal.self, forKey: .goal),
            measured: try container.decodeIfPresent([String: Double].self, forKey: .measured) ?? [:],
            provenance: try container.decodeIfPresent([String: String].self, forKey: .provenance) ?? [:],
            frontier: try container.decodeIfPresent(PolicyFrontier.self, forKey: .frontier),
            policy: try container.decode(CodedPolicy.self, forKey: .policy).policy)
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(Self.version, forKey: .version)
        try container.encode(family, forKey: .family)
        try container.encode(schema, forKey: .schema)
        try container.encode(objective, forKey: .objective)
        try container.encodeIfPresent(goal, forKey: .goal)
        try container.encode(measured, forKey: .measured)
        try container.encode(provenance, forKey: .provenance)
        try container.encodeIfPresent(frontier, forKey: .frontier)
        try container.encode(CodedPolicy(policy), forKey: .policy)
    }
}

extension DecodingError {
    /// What was expected and where, in one sentence.
    var sentence: String {
        func place(_ context: Context) -> String {
            context.codingPath.isEmpty ? "the top level" : context.codingPath.map(\.stringValue).joined(separator: ".")
        }
        switch self {
        case .keyNotFound(let key, let context): return "at \(place(context)): '\(key.stringValue)' is missing"
        case .typeMismatch(_, let context), .valueNotFound(_, let context):
            return "at \(place(context)): \(context.debugDescription)"
        case .dataCorrupted(let context):
            let text = context.debugDescription
            return "at \(place(context)): \(text.hasSuffix(".") ? String(text.dropLast()) : text)"
        @unknown default: return "it is not a policy file"
        }
    }
}
