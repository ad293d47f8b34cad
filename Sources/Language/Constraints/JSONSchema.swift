/// Turns JSON schemas into grammars.
///
/// Every text of the grammar is a document that the schema accepts; the other way round some are left out: members come in
/// the order of `properties`; members that the schema does not name come only where `additionalProperties` asks for them,
/// or where there are no `properties`; white space between parts is at most one space or a new line with indentation.
///
/// Known: `type` (one or several), `enum`, `const`, `properties`, `required`, `additionalProperties`, `items`,
/// `prefixItems`, `minItems`, `maxItems`, `minLength`, `maxLength`, `pattern` (anchored at both ends), `minimum`, `maximum`,
/// `exclusiveMinimum`, `exclusiveMaximum` (numbers within them come without an exponent), `multipleOf` of whole numbers, up
/// to 1000, `anyOf`, `oneOf` (as `anyOf`, where the types of its schemas differ), `allOf` of one schema, `$ref` within the
/// document, `$defs`, `definitions`. Words that say nothing of
/// which documents are accepted (`title`, `description`, `default`, `format`, …) are passed over; all others are errors,
/// since a grammar that ignored them would allow too much.
struct JSONSchema {
    private let document: OrderedJSON
    private var rules: [String: Pattern] = [:]
    private var references: [String: String] = [:]

    static let kind = "JSON schema"

    /// The grammar of the schema that `text` writes down.
    /// - Throws: ``LanguageError/badConstraint(kind:line:column:reason:)`` where it is not JSON,
    ///   ``LanguageError/unsupported(model:what:remedy:)`` where it says what no grammar here can.
    static func grammar(_ text: String) throws(LanguageError) -> Grammar {
        var builder = JSONSchema(try OrderedJSON(text, kind: kind))
        builder.addCommonRules()
        builder.rules["root"] = try builder.pattern(builder.document, "#")
        return Grammar(rules: builder.rules, kind: kind)
    }

    private init(_ document: OrderedJSON) { self.document = document }

    private func refuse(_ path: String, _ what: String) -> LanguageError {
        .unsupported(
            model: Self.kind, what: "\(path): \(what)",
            remedy: "Leave it out and check the answer afterwards, or write a grammar.")
    }

    // MARK: Pieces

    private static let safe = CharacterRanges([0...0x1F, 0x22...0x22, 0x5C...0x5C]).inverted

    private static func text(_ literal: String) -> Pattern { .literal(literal) }

    private mutating func addCommonRules() {
        let digit = Pattern.characters(CharacterRanges([48...57]))
        let hex = Pattern.characters(CharacterRanges([48...57, 65...70, 97...102]))
        let sign = Pattern.optional(Self.text("-"))
        func one(of characters: String) -> Pattern {
            .characters(CharacterRanges(characters.unicodeScalars.map { $0.value...$0.value }))
        }
        rules["space"] = .choice([
            .empty, Self.text(" "),
            .sequence([Self.text("\n"), .repeated(one(of: " \t"), least: 0, most: 40)]),
        ])
        rules["character"] = .choice([
            .characters(Self.safe),
            .sequence([
                Self.text("\\"),
                .choice([
                    one(of: "\"\\/bfnrt"), .sequence([Self.text("u"), .repeated(hex, least: 4, most: 4)]),
                ]),
            ]),
        ])
        rules["string"] = quoted(.repeated(.rule("character"), least: 0, most: nil))
        let whole = Pattern.choice([
            Self.text("0"),
            .sequence([.characters(CharacterRanges([49...57])), .repeated(digit, least: 0, most: nil)]),
        ])
        rules["integer"] = .sequence([sign, whole])
        rules["number"] = .sequence([
            sign, whole, .optional(.sequence([Self.text("."), .repeated(digit, least: 1, most: nil)])),
            .optional(.sequence([one(of: "eE"), .optional(one(of: "+-")), .repeated(digit, least: 1, most: nil)])),
        ])
        rules["boolean"] = .choice([Self.text("true"), Self.text("false")])
        rules["null"] = Self.text("null")
        rules["array"] = list(of: .rule("value"), least: 0, most: nil)
        rules["object"] = object([], rest: member(.rule("string"), .rule("value")))
        rules["value"] = .choice(
            ["string", "number", "boolean", "null", "array", "object"].map(Pattern.rule))
    }

    private func quoted(_ inner: Pattern) -> Pattern { .sequence([Self.text("\""), inner, Self.text("\"")]) }

    private func member(_ name: Pattern, _ value: Pattern) -> Pattern {
        .sequence([name, .rule("space"), Self.text(":"), .rule("space"), value])
    }

    private var comma: Pattern { .sequence([.rule("space"), Self.text(","), .rule("space")]) }

    private func list(of item: Pattern, first: [Pattern] = [], least: Int, most: Int?) -> Pattern {
        /// The items from number `index` on, each after a comma but for the first.
        var choices: [Pattern] = []
        if least == 0 { choices.append(.empty) }
        if first.isEmpty {
            if most != 0 {
                let more = Pattern.repeated(
                    .sequence([comma, item]), least: max(0, least - 1), most: most.map { $0 - 1 })
                choices.append(.sequence([item, more]))
            }
        } else {
            // The fixed items, as many as are wanted, then the others.
            for count in 1...first.count where count == first.count || count >= least {
                if let most, count > most { break }
                var parts: [Pattern] = []
                for item in first.prefix(count) { parts += parts.isEmpty ? [item] : [comma, item] }
                if count == first.count {
                    parts.append(
                        .repeated(
                            .sequence([comma, item]), least: max(0, least - count), most: most.map { $0 - count }))
                }
                choices.append(.sequence(parts))
            }
        }
        return .sequence([Self.text("["), .rule("space"), .choice(choices), .rule("space"), Self.text("]")])
    }

    /// An object with these members in order, those not required left out at will, and `rest` any number of times.
    private func object(_ members: [(pattern: Pattern, isRequired: Bool)], rest: Pattern?) -> Pattern {
        // Built from the end: what may follow where nothing has been written yet, and where something has.
        var fresh = Pattern.empty
        var begun = Pattern.empty
        if let rest {
            begun = .repeated(.sequence([comma, rest]), least: 0, most: nil)
            fresh = .optional(.sequence([rest, begun]))
        }
        for member in members.reversed() {
            let here = Pattern.sequence([member.pattern, begun])
            let later = Pattern.sequence([comma, member.pattern, begun])
            fresh = member.isRequired ? here : .choice([here, fresh])
            begun = member.isRequired ? later : .sequence([.optional(.sequence([comma, member.pattern])), begun])
        }
        return .sequence([Self.text("{"), .rule("space"), fresh, .rule("space"), Self.text("}")])
    }

    // MARK: Schemas

    private static let passedOver: Set<String> = [
        "title", "description", "default", "examples", "format", "$schema", "$id", "$comment", "$defs", "definitions",
        "deprecated", "readOnly", "writeOnly",
    ]
    private static let kinds: [String: String] = [
        "properties": "object", "required": "object", "additionalProperties": "object", "items": "array",
        "prefixItems": "array", "minItems": "array", "maxItems": "array", "minLength": "string",
        "maxLength": "string", "pattern": "string", "minimum": "number", "maximum": "number",
        "exclusiveMinimum": "number", "exclusiveMaximum": "number", "multipleOf": "number",
    ]

    private mutating func pattern(_ schema: OrderedJSON, _ path: String) throws(LanguageError) -> Pattern {
        switch schema {
        case .bool(true): return .rule("value")
        case .bool(false): return .choice([])
        case .object(let members):
            let words = members.map(\.name).filter { !Self.passedOver.contains($0) }
            if let exclusive = words.first(where: {
                ["$ref", "enum", "const", "anyOf", "oneOf", "allOf"].contains($0)
            }) {
                // A type beside them only repeats what they say; anything else would have to be intersected.
                let others = words.filter { $0 != exclusive && $0 != "type" }
                if let other = others.first { throw refuse(path, "\(exclusive) together with \(other)") }
                if words.contains("type"), exclusive != "enum", exclusive != "const" {
                    throw refuse(path, "\(exclusive) together with type")
                }
                return try combined(exclusive, schema[exclusive] ?? .null, type: schema["type"], path)
            }
            if let unknown = words.first(where: { Self.kinds[$0] == nil && $0 != "type" }) {
                throw refuse(path, "\(unknown) can't be made a grammar")
            }
            let types = try self.types(schema, words, path)
            if types.isEmpty { return .rule("value") }
            var choices: [Pattern] = []
            for type in types { choices.append(try pattern(ofType: type, schema, path)) }
            return choices.count == 1 ? choices[0] : .choice(choices)
        default: throw refuse(path, "a schema is an object, true or false")
        }
    }

    private func types(_ schema: OrderedJSON, _ words: [String], _ path: String) throws(LanguageError) -> [String] {
        switch schema["type"] {
        case nil:
            let implied = Set(words.compactMap { Self.kinds[$0] })
            if implied.count > 1 { throw refuse(path, "no type, and words of several types") }
            return Array(implied)
        case .string(let type): return [type]
        case .array(let values):
            var types: [String] = []
            for value in values {
                guard case .string(let type) = value else { throw refuse(path + "/type", "it is no text") }
                types.append(type)
            }
            return types
        default: throw refuse(path + "/type", "it is neither a text nor a list of texts")
        }
    }

    private mutating func combined(
        _ word: String, _ value: OrderedJSON, type: OrderedJSON?, _ path: String
    ) throws(LanguageError) -> Pattern {
        let here = path + "/" + word
        switch (word, value) {
        case ("const", _): return .choice(value.isOf(type) ? [Self.text(value.text)] : [])
        case ("enum", .array(let values)):
            return .choice(values.filter { $0.isOf(type) }.map { Self.text($0.text) })
        case ("$ref", .string(let target)): return .rule(try reference(target, here))
        case ("allOf", .array(let schemas)) where schemas.count == 1: return try pattern(schemas[0], here + "/0")
        case ("allOf", _): throw refuse(here, "several schemas at once can't be made a grammar")
        case ("anyOf", .array(let schemas)), ("oneOf", .array(let schemas)):
            guard !schemas.isEmpty else { throw refuse(here, "it has no schemas") }
            if word == "oneOf" { try requireDisjoint(schemas, here) }
            var choices: [Pattern] = []
            for (index, schema) in schemas.enumerated() { choices.append(try pattern(schema, here + "/\(index)")) }
            return .choice(choices)
        default: throw refuse(here, "its value is of the wrong kind")
        }
    }

    /// `oneOf` is `anyOf` only where no document satisfies two of its schemas: seen from their types or constants.
    private func requireDisjoint(_ schemas: [OrderedJSON], _ path: String) throws(LanguageError) {
        var seen: Set<String> = []
        for schema in schemas {
            let names: [String]
            if let constant = schema["const"] {
                names = ["=" + constant.text]
            } else if case .string(let type)? = schema["type"], schema["enum"] == nil {
                names = type == "integer" ? ["number"] : [type]
            } else {
                throw refuse(path, "schemas that might both hold; use anyOf")
            }
            for name in names where !seen.insert(name).inserted {
                throw refuse(path, "schemas that might both hold; use anyOf")
            }
        }
        if seen.contains(where: { $0.hasPrefix("=") }), seen.contains(where: { !$0.hasPrefix("=") }) {
            throw refuse(path, "schemas that might both hold; use anyOf")
        }
    }

    private mutating func reference(_ target: String, _ path: String) throws(LanguageError) -> String {
        if let name = references[target] { return name }
        var value: OrderedJSON? = document
        guard target.hasPrefix("#") else { throw refuse(path, "only references within the document are followed") }
        for part in target.dropFirst().split(separator: "/") {
            let name = String(part).replacing("~1", with: "/").replacing("~0", with: "~")
            if case .array(let values)? = value, let index = Int(name), values.indices.contains(index) {
                value = values[index]
            } else {
                value = value?[name]
            }
        }
        guard let value else { throw refuse(path, "there is no \(target)") }
        // The name is known before the rule is written, so that a schema may refer to itself.
        let name = "reference-\(references.count)"
        references[target] = name
        rules[name] = try pattern(value, target)
        return name
    }

    private mutating func pattern(
        ofType type: String, _ schema: OrderedJSON, _ path: String
    ) throws(LanguageError) -> Pattern {
        switch type {
        case "null", "boolean": return .rule(type)
        case "integer", "number": return try number(type, schema, path)
        case "string": return try string(schema, path)
        case "array": return try array(schema, path)
        case "object": return try object(schema, path)
        default: throw refuse(path + "/type", "there is no type \(type)")
        }
    }

    private func count(_ schema: OrderedJSON, _ word: String, _ path: String) throws(LanguageError) -> Int? {
        guard let value = schema[word] else { return nil }
        guard case .number(let text) = value, let count = Int(text), count >= 0, count <= 100_000 else {
            throw refuse(path + "/" + word, "it is no number from 0 to 100000")
        }
        return count
    }

    private mutating func number(
        _ type: String, _ schema: OrderedJSON, _ path: String
    ) throws(LanguageError) -> Pattern {
        func end(_ word: String, isExclusive: Bool) throws(LanguageError) -> RangeEnd? {
            guard let value = schema[word] else { return nil }
            guard case .number(let text) = value else { throw refuse(path + "/" + word, "it is no number") }
            guard let bound = DecimalBound(text) else {
                throw refuse(
                    path + "/" + word, "it has more than 17 digits before the point, or more than 40 behind it")
            }
            return RangeEnd(bound: bound, isExclusive: isExclusive)
        }
        let range = NumberRange(
            low: .higher(
                try end("minimum", isExclusive: false), try end("exclusiveMinimum", isExclusive: true)),
            high: .lower(
                try end("maximum", isExclusive: false), try end("exclusiveMaximum", isExclusive: true)))
        var multiple = 1
        if let value = schema["multipleOf"] {
            guard type == "integer" else { throw refuse(path + "/multipleOf", "only of an integer") }
            guard case .number(let text) = value, let number = Int(text), (1...1000).contains(number) else {
                throw refuse(path + "/multipleOf", "it is no whole number from 1 to 1000")
            }
            multiple = number
        }
        if range.low == nil, range.high == nil, multiple == 1 { return .rule(type) }
        return type == "integer"
            ? range.wholes(multipleOf: multiple, rules: &rules) : range.numbers()
    }

    private func string(_ schema: OrderedJSON, _ path: String) throws(LanguageError) -> Pattern {
        let least = try count(schema, "minLength", path)
        let most = try count(schema, "maxLength", path)
        guard let expression = schema["pattern"] else {
            if least == nil && most == nil { return .rule("string") }
            if let most, most < least ?? 0 { throw refuse(path, "minLength is above maxLength") }
            return quoted(.repeated(.rule("character"), least: least ?? 0, most: most))
        }
        guard least == nil, most == nil else { throw refuse(path, "pattern together with a length") }
        guard case .string(let text) = expression, text.hasPrefix("^"), text.hasSuffix("$") else {
            throw refuse(path + "/pattern", "only a pattern from ^ to $ can be made a grammar")
        }
        return quoted(Self.plain(try RegularExpression.pattern(text)))
    }

    /// A pattern kept to characters that stand in a JSON string as they are.
    private static func plain(_ pattern: Pattern) -> Pattern {
        switch pattern {
        case .characters(let ranges): .characters(ranges.intersection(safe))
        case .sequence(let parts): .sequence(parts.map(plain))
        case .choice(let parts): .choice(parts.map(plain))
        case .repeated(let inner, let least, let most): .repeated(plain(inner), least: least, most: most)
        case .rule: pattern
        }
    }

    private mutating func array(_ schema: OrderedJSON, _ path: String) throws(LanguageError) -> Pattern {
        let least = try count(schema, "minItems", path) ?? 0
        let most = try count(schema, "maxItems", path)
        if let most, most < least { throw refuse(path, "minItems is above maxItems") }
        let item = try pattern(schema["items"] ?? .bool(true), path + "/items")
        var first: [Pattern] = []
        if let fixed = schema["prefixItems"] {
            guard case .array(let schemas) = fixed else { throw refuse(path + "/prefixItems", "it is no list") }
            for (index, schema) in schemas.enumerated() {
                first.append(try pattern(schema, path + "/prefixItems/\(index)"))
            }
        }
        return list(of: item, first: first, least: least, most: most)
    }

    private mutating func object(_ schema: OrderedJSON, _ path: String) throws(LanguageError) -> Pattern {
        var required: Set<String> = []
        if let value = schema["required"] {
            guard case .array(let names) = value else { throw refuse(path + "/required", "it is no list") }
            for name in names {
                guard case .string(let text) = name else { throw refuse(path + "/required", "it is no list of texts") }
                required.insert(text)
            }
        }
        var members: [(pattern: Pattern, isRequired: Bool)] = []
        var names: [String] = []
        if let properties = schema["properties"] {
            guard case .object(let list) = properties else { throw refuse(path + "/properties", "it is no object") }
            for property in list {
                let value = try pattern(property.value, path + "/properties/" + property.name)
                members.append(
                    (
                        member(Self.text(OrderedJSON.quoted(property.name)), value),
                        required.contains(property.name)
                    ))
                names.append(property.name)
            }
        }
        if let missing = required.subtracting(names).sorted().first {
            throw refuse(path + "/required", "\(missing) is not among the properties")
        }
        var rest: Pattern?
        switch schema["additionalProperties"] {
        case nil: rest = schema["properties"] == nil ? .rule("value") : nil
        case .bool(false): break
        case .some(let other): rest = try pattern(other, path + "/additionalProperties")
        }
        let other = rest.map { member(quoted(Self.textOther(than: names.map { Array($0.unicodeScalars) }[...])), $0) }
        return object(members, rest: other)
    }

    /// A text without escapes that is none of `words`.
    private static func textOther(than words: ArraySlice<[Unicode.Scalar]>) -> Pattern {
        let any = Pattern.repeated(.characters(safe), least: 0, most: nil)
        if words.isEmpty { return any }
        var choices: [Pattern] = words.contains([]) ? [] : [.empty]
        let heads = Set(words.compactMap(\.first)).sorted { $0.value < $1.value }
        let others = safe.intersection(CharacterRanges(heads.map { $0.value...$0.value }).inverted)
        choices.append(.sequence([.characters(others), any]))
        for head in heads where safe.contains(head.value) {
            let tails = words.filter { $0.first == head }.map { Array($0.dropFirst()) }
            choices.append(.sequence([.characters(CharacterRanges(head)), textOther(than: tails[...])]))
        }
        return .choice(choices)
    }
}

extension OrderedJSON {
    /// Whether it is of the type, or one of the types, that a schema's `type` names; anything is of none.
    fileprivate func isOf(_ type: OrderedJSON?) -> Bool {
        switch (type, self) {
        case (nil, _): true
        case (.array(let types), _): types.contains { isOf($0) }
        case (.string("null"), .null), (.string("boolean"), .bool), (.string("number"), .number),
            (.string("string"), .string), (.string("array"), .array), (.string("object"), .object):
            true
        case (.string("integer"), .number(let text)): !text.contains { ".e".contains($0) }
        default: false
        }
    }
}
