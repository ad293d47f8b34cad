/// What a stage says of its own answer: named numbers in a dense row.
///
///     let evidence: Evidence = ["margin": 0.4, "entropy": 0.9]
///     evidence["margin"]  // 0.4
///
/// All answers of a stage have the same names in the same order (``Stage/evidenceNames``); the array of names
/// is shared, so that a row costs its numbers only. `NaN` is a number that is missing.
public struct Evidence: Sendable {
    /// The names, in column order, no two the same.
    public let names: [String]
    /// The numbers, one a name.
    public let values: [Double]

    /// A row of `values` called `names`.
    @inlinable
    public init(names: [String], values: [Double]) {
        precondition(names.count == values.count, "evidence needs one number a name")
        self.names = names
        self.values = values
    }

    /// The number called `name`, or nil when there is none.
    public subscript(name: String) -> Double? { names.firstIndex(of: name).map { values[$0] } }

    /// The numbers in the order of `expected`; free when that is the order they are in.
    /// - Returns: nil when the names are not the same set.
    public func ordered(as expected: [String]) -> [Double]? {
        if names == expected { return values }
        guard names.count == expected.count else { return nil }
        var row: [Double] = []
        row.reserveCapacity(expected.count)
        for name in expected {
            guard let value = self[name] else { return nil }
            row.append(value)
        }
        return row
    }

    /// This evidence followed by `other`.
    public func appending(_ other: Evidence) -> Evidence {
        Evidence(names: names + other.names, values: values + other.values)
    }
}

extension Evidence: ExpressibleByDictionaryLiteral {
    /// Evidence with the names in the order in which they are written.
    public init(dictionaryLiteral elements: (String, Double)...) {
        precondition(Set(elements.map(\.0)).count == elements.count, "evidence names a number twice")
        self.init(names: elements.map(\.0), values: elements.map(\.1))
    }
}

extension Evidence: Hashable {
    /// Equal names and numbers, bit by bit, so that a missing number equals a missing number.
    public static func == (left: Evidence, right: Evidence) -> Bool {
        left.names == right.names && left.values.elementsEqual(right.values) { $0.bitPattern == $1.bitPattern }
    }

    public func hash(into hasher: inout Hasher) {
        hasher.combine(names)
        for value in values { hasher.combine(value.bitPattern) }
    }
}

extension Evidence: Codable {
    private enum CodingKeys: String, CodingKey { case names, values }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        let names = try container.decode([String].self, forKey: .names)
        let values = try container.decode([CodedNumber].self, forKey: .values).map(\.value)
        guard names.count == values.count, Set(names).count == names.count else {
            throw DecodingError.dataCorruptedError(
                forKey: .values, in: container,
                debugDescription:
                    "expected one number for each of \(names.count) different names, found \(values.count)")
        }
        self.init(names: names, values: values)
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(names, forKey: .names)
        try container.encode(values.map(CodedNumber.init), forKey: .values)
    }
}
