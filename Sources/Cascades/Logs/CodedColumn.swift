/// A column of names stored once each: item `i` has `names[codes[i]]`, or nothing where the code is -1.
public struct CodedColumn: Sendable, Equatable {
    /// The distinct names, in order of first appearance.
    public private(set) var names: [String] = []
    /// One code an item; -1 is missing. Empty when no item has a name.
    public private(set) var codes: [Int32] = []
    private var index: [String: Int32] = [:]

    /// An empty column.
    public init() {}

    /// A column that holds `values`.
    public init(_ values: some Sequence<String?>) {
        for value in values { append(value) }
        if names.isEmpty { codes = [] }
    }

    /// A column from codes into `names`.
    public init(names: [String], codes: [Int32]) {
        precondition(codes.allSatisfy { $0 >= -1 && $0 < names.count }, "a code names no entry of its column")
        self.names = names
        self.codes = codes
        for (code, name) in names.enumerated() where index[name] == nil { index[name] = Int32(code) }
    }

    /// Whether no item has a name.
    public var isEmpty: Bool { codes.isEmpty }

    /// The name of item `item`, or nil where it is missing.
    public subscript(item: Int) -> String? {
        guard item < codes.count, codes[item] >= 0 else { return nil }
        return names[Int(codes[item])]
    }

    /// The code of `name`, or nil when no item has it.
    public func code(of name: String) -> Int32? { index[name] }

    /// Adds one item's value.
    public mutating func append(_ value: String?) { codes.append(value.map { code(adding: $0) } ?? -1) }

    /// The code of `name`, which is added to the names when it is new.
    public mutating func code(adding name: String) -> Int32 {
        if let code = index[name] { return code }
        let code = Int32(names.count)
        names.append(name)
        index[name] = code
        return code
    }

    /// The column of the items at `indices`, in that order; names are kept.
    public func subset(_ indices: [Int]) -> CodedColumn {
        isEmpty ? self : CodedColumn(names: names, codes: indices.map { codes[$0] })
    }
}
