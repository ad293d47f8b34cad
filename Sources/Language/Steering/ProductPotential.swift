/// Several potentials at once: weights multiply, and what one of them rules out is out.
///
///     let both = ProductPotential([ConstraintPotential(grammar), LengthPotential(5...20, of: .words)])
public struct ProductPotential: Potential {
    private var parts: [any Potential]

    /// The product of `parts`; of none: 1.
    public init(_ parts: [any Potential]) { self.parts = parts }

    public func logWeight(of text: SteeredText) throws -> Double { try sum { try $0.logWeight(of: text) } }
    public func logPrefixWeight(of text: SteeredText) throws -> Double { try sum { try $0.logPrefixWeight(of: text) } }

    private func sum(_ term: (any Potential) throws -> Double) rethrows -> Double {
        var sum = 0.0
        for part in parts {
            let next = try term(part)
            // Before an infinite one of the other sign could make it no number.
            if next == -.infinity { return next }
            sum += next
        }
        return sum
    }

    public mutating func accept(_ token: Token, text: SteeredText) throws {
        for index in parts.indices { try parts[index].accept(token, text: text) }
    }

    public func allowedTokens() throws -> TokenMask? {
        var mask: TokenMask?
        for part in parts {
            guard let own = try part.allowedTokens() else { continue }
            mask = mask?.intersection(own) ?? own
        }
        return mask
    }

    public func allows(_ token: Token) throws -> Bool { try parts.allSatisfy { try $0.allows(token) } }
    public var expertise: [NextTokenExpertise] { parts.flatMap(\.expertise) }
    public func mayEnd(_ text: SteeredText) -> Bool { parts.allSatisfy { $0.mayEnd(text) } }
    public func mayGoOn(_ text: SteeredText) -> Bool { parts.allSatisfy { $0.mayGoOn(text) } }
    public func mustEnd(_ text: SteeredText) -> Bool { parts.contains { $0.mustEnd(text) } }
    public func check(vocabularyCount: Int) throws(LanguageError) {
        for part in parts { try part.check(vocabularyCount: vocabularyCount) }
    }

    public static func read(_ potentials: inout [Self], after texts: [SteeredText]) async throws {
        guard let first = potentials.first else { return }
        for index in first.parts.indices {
            let read = try await read(first.parts[index], potentials.map { $0.parts[index] }, texts)
            for place in potentials.indices { potentials[place].parts[index] = read[place] }
        }
    }

    /// All particles' copies of one part, which are of one type.
    private static func read<Part: Potential>(
        _ example: Part, _ parts: [any Potential], _ texts: [SteeredText]
    ) async throws -> [any Potential] {
        var own = parts.compactMap { $0 as? Part }
        precondition(own.count == parts.count, "the particles of one run carry the same kinds of potentials")
        try await Part.read(&own, after: texts)
        return own
    }
}
