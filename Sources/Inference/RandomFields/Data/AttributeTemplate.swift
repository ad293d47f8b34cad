/// A rule that makes attributes from the columns of tokens: `w[-1]|w[0]` joins the word before and the word itself.
///
/// A template is one or more terms `name[offset]` between bars. At a position where all terms lie inside the sequence it
/// gives the attribute `w[-1]|w[0]=in|London`; elsewhere it gives none. The texts are those of CRFsuite's example scripts,
/// so that the attributes may be compared with theirs.
public struct AttributeTemplate: Sendable, Equatable {
    /// A column at an offset from the present position.
    public struct Term: Sendable, Equatable {
        /// The column's name.
        public var column: String
        /// Positions from here; negative for earlier ones.
        public var offset: Int
    }

    /// The terms.
    public let terms: [Term]
    /// The text that was parsed.
    public let text: String

    /// Parses a template.
    /// - Throws: ``InferenceError/improperParameter(name:value:expected:)``.
    public init(_ text: String) throws(InferenceError) {
        var terms: [Term] = []
        for part in text.split(separator: "|", omittingEmptySubsequences: false) {
            guard let open = part.firstIndex(of: "["), part.last == "]", open != part.startIndex,
                let offset = Int(part[part.index(after: open)..<part.index(before: part.endIndex)])
            else {
                throw .improperParameter(
                    name: "a feature template", value: "'\(text)'", expected: "terms like w[-1] with | between them")
            }
            terms.append(Term(column: String(part[..<open]), offset: offset))
        }
        self.terms = terms
        self.text = text
    }

    /// The attributes of every position of one sequence, with `BOS` and `EOS` on its first and last.
    ///
    /// - Parameters:
    ///   - templates: the rules, applied in order.
    ///   - columns: each column's texts, `[positions]`, by name; all equally long.
    /// - Throws: ``InferenceError`` for a column that is missing or of another length.
    public static func attributes(
        _ templates: [AttributeTemplate], columns: [String: [String]]
    ) throws(InferenceError) -> [[TaggedSequences.Attribute]] {
        let length = columns.values.first?.count ?? 0
        guard length > 0 else { throw .empty(what: "the sequence that templates are applied to") }
        for (name, column) in columns.sorted(by: { $0.key < $1.key }) where column.count != length {
            throw .wrongShape(what: "column '\(name)'", found: "\(column.count) texts", expected: "\(length)")
        }
        for template in templates {
            for term in template.terms where columns[term.column] == nil {
                throw .improperParameter(
                    name: "template '\(template.text)'", value: "column '\(term.column)'",
                    expected: "one of \(columns.keys.sorted().joined(separator: ", "))")
            }
        }
        return (0..<length).map { position in
            var result: [TaggedSequences.Attribute] = []
            for template in templates {
                let isInside = template.terms.allSatisfy { (0..<length).contains(position + $0.offset) }
                guard isInside else { continue }
                let parts = template.terms.map { columns[$0.column]![position + $0.offset] }
                result.append(.init("\(template.text)=\(parts.joined(separator: "|"))"))
            }
            if position == 0 { result.append(.init("BOS")) }
            if position == length - 1 { result.append(.init("EOS")) }
            return result
        }
    }
}
