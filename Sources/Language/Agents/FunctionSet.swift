/// A function that an agent may call.
public struct AgentFunction: Sendable, Hashable, Codable {
    /// What it is called by.
    public var name: String
    /// What it does, for whoever chooses among functions.
    public var summary: String
    /// Its text in the language that it is run in.
    public var body: String

    /// A function.
    public init(name: String, summary: String = "", body: String) {
        self.name = name
        self.summary = summary
        self.body = body
    }
}

/// A change to a set of functions: what an optimiser may do to its parameters.
public enum FunctionEdit: Sendable, Hashable, Codable {
    /// A function more.
    case add(AgentFunction)
    /// A function in place of the one of its name.
    case revise(AgentFunction)
    /// A function less.
    case remove(name: String)
}

/// The functions that an agent may call: the parameters that are trained in place of its model's weights.
///
///     var functions = FunctionSet()
///     try functions.apply(.add(AgentFunction(name: "spread", summary: "largest less smallest", body: "max(x) - min(x)")))
///     try functions.write(to: "functions.jsonl")
public struct FunctionSet: Sendable, Hashable {
    /// The functions in the alphabetical order of their names, no two of which are the same.
    public private(set) var functions: [AgentFunction] = []
    /// The most functions.
    public let limit: Int

    /// No functions.
    public init(limit: Int = 64) {
        precondition(limit >= 1, "a set holds one function at least")
        self.limit = limit
    }

    /// `functions` as a set.
    /// - Throws: ``LanguageError/improperParameter(name:value:expected:)`` for a name used twice, or too many.
    public init(_ functions: [AgentFunction], limit: Int = 64) throws(LanguageError) {
        self.init(limit: limit)
        for function in functions { try apply(.add(function)) }
    }

    /// The function called `name`.
    public subscript(name: String) -> AgentFunction? { functions.first { $0.name == name } }

    /// Makes a change.
    /// - Throws: ``LanguageError/improperParameter(name:value:expected:)`` where it can't be made: then nothing changes.
    public mutating func apply(_ edit: FunctionEdit) throws(LanguageError) {
        switch edit {
        case .add(let function):
            guard !function.name.isEmpty, self[function.name] == nil else {
                throw .improperParameter(
                    name: "add", value: "'\(function.name)'", expected: "a name that no function has")
            }
            guard functions.count < limit else {
                throw .improperParameter(
                    name: "add", value: "'\(function.name)'", expected: "no more than \(limit) functions")
            }
            functions.insert(function, at: functions.firstIndex { $0.name > function.name } ?? functions.count)
        case .revise(let function): functions[try place(of: function.name, "revise")] = function
        case .remove(let name): functions.remove(at: try place(of: name, "remove"))
        }
    }

    private func place(of name: String, _ edit: String) throws(LanguageError) -> Int {
        guard let place = functions.firstIndex(where: { $0.name == name }) else {
            throw .improperParameter(name: edit, value: "'\(name)'", expected: "the name of a function in the set")
        }
        return place
    }

    /// Reads a file of functions, one JSON object a line with `name`, `summary` and `body`.
    /// - Throws: ``LanguageError/badRecord(file:line:reason:)``, or what ``init(_:limit:)`` throws.
    public static func read(from path: String, limit: Int = 64) throws(LanguageError) -> FunctionSet {
        try FunctionSet(try JSONLines.read(AgentFunction.self, from: path), limit: limit)
    }

    /// Writes the functions to `path`: the whole file, or nothing.
    /// - Throws: `FileError`.
    public func write(to path: String) throws { try JSONLines.write(functions, to: path) }
}
