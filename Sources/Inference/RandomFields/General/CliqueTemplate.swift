/// A kind of clique: variables that are scored together, with weights that all cliques of the kind share.
///
/// A clique of the template carries observed features `x`, and scores a choice of its variables' values by
/// `sum_k x_k w[k, outcome(choice)]`. An outcome is what the weights tell apart: every choice by default, or only whether the
/// labels agree, or whatever else a table says.
///
/// - Source: Sutton and McCallum 2012, section 2.4 (clique templates).
public struct CliqueTemplate: Sendable, Equatable, Codable {
    /// What it is called in errors and files.
    public let name: String
    /// How many values each of its variables has.
    public let cardinalities: [Int]
    /// How many observed features there are to choose from.
    public let featureCount: Int
    /// The outcome of each choice of values, the last variable's running fastest; -1 for a choice that scores 0.
    public let outcomes: [Int]
    /// How many outcomes there are.
    public let outcomeCount: Int

    /// How many weights it has: features times outcomes.
    public var weightCount: Int { featureCount * outcomeCount }

    /// A template.
    ///
    /// - Parameter outcomes: nil tells all choices apart.
    /// - Throws: ``InferenceError`` for sizes below 1 or a table of another size.
    public init(
        _ name: String, cardinalities: [Int], features: Int = 1, outcomes: [Int]? = nil
    ) throws(InferenceError) {
        guard !cardinalities.isEmpty, cardinalities.allSatisfy({ $0 >= 1 }), features >= 1 else {
            throw .improperParameter(
                name: "template '\(name)'", value: "\(cardinalities) values, \(features) features",
                expected: "at least one variable, value and feature")
        }
        var size = 1
        for cardinality in cardinalities {
            let (product, isOver) = size.multipliedReportingOverflow(by: cardinality)
            guard !isOver, product <= 1 << 24 else {
                throw .improperParameter(
                    name: "template '\(name)'", value: "\(cardinalities) values", expected: "at most 2^24 choices")
            }
            size = product
        }
        let table = outcomes ?? Array(0..<size)
        guard table.count == size, table.allSatisfy({ $0 >= -1 && $0 < size }) else {
            throw .wrongShape(
                what: "the outcomes of template '\(name)'", found: "\(table.count)",
                expected: "\(size) numbers from -1 to \(size - 1)")
        }
        self.name = name
        self.cardinalities = cardinalities
        featureCount = features
        self.outcomes = table
        outcomeCount = max(1, (table.max() ?? 0) + 1)
    }

    /// A template with one outcome: that all its variables have the same value.
    public static func agreement(
        _ name: String, variables: Int = 2, values: Int, features: Int = 1
    ) throws(InferenceError) -> CliqueTemplate {
        let plain = try CliqueTemplate(name, cardinalities: [Int](repeating: values, count: variables))
        let table = plain.outcomes.map { choice in
            var rest = choice
            var digits: [Int] = []
            for _ in 0..<variables {
                digits.append(rest % values)
                rest /= values
            }
            return digits.allSatisfy { $0 == digits[0] } ? 0 : -1
        }
        return try CliqueTemplate(name, cardinalities: plain.cardinalities, features: features, outcomes: table)
    }

    private enum CodingKeys: String, CodingKey { case name, cardinalities, features, outcomes }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(name, forKey: .name)
        try container.encode(cardinalities, forKey: .cardinalities)
        try container.encode(featureCount, forKey: .features)
        try container.encode(outcomes, forKey: .outcomes)
    }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        try self.init(
            try container.decode(String.self, forKey: .name),
            cardinalities: try container.decode([Int].self, forKey: .cardinalities),
            features: try container.decode(Int.self, forKey: .features),
            outcomes: try container.decode([Int].self, forKey: .outcomes))
    }
}
