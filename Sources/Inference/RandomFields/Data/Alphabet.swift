/// Names numbered from 0 in the order in which they first appeared: labels, attributes.
public struct Alphabet: Sendable {
    /// The names by number.
    public private(set) var names: [String] = []
    private var numbers: [String: Int32] = [:]

    /// An alphabet without names.
    public init() {}

    /// An alphabet of `names`, of which repeats are dropped.
    public init(_ names: some Sequence<String>) {
        for name in names { add(name) }
    }

    /// How many names there are.
    public var count: Int { names.count }

    /// The number of `name`, or nil.
    public subscript(name: String) -> Int? { numbers[name].map(Int.init) }

    /// The number of `name`, which is added if it is new.
    @discardableResult
    public mutating func add(_ name: String) -> Int {
        if let number = numbers[name] { return Int(number) }
        let number = names.count
        numbers[name] = Int32(number)
        names.append(name)
        return number
    }
}

extension Alphabet: Equatable {
    public static func == (a: Alphabet, b: Alphabet) -> Bool { a.names == b.names }
}

extension Alphabet: Codable {
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(names)
    }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let names = try container.decode([String].self)
        self.init(names)
        guard count == names.count else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "a name appears twice")
        }
    }
}
