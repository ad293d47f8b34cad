extension ReplyFields {
    /// Reads the text where Messages and Responses have it; says whether `name` is such a place.
    static func otherText(
        _ fields: inout ReplyFields, _ name: JSONName, _ cursor: inout JSONCursor
    ) throws(JSONFault) -> Bool {
        let first = cursor.peek()
        if cursor.name(name, is: "delta"), first == UInt8(ascii: "\"") {
            fields.text = cursor.text(try cursor.string())
        } else if cursor.name(name, is: "delta"), first == UInt8(ascii: "{") {
            try part(&fields, &cursor)
        } else if cursor.name(name, is: "content"), first == UInt8(ascii: "[") {
            try parts(&fields, &cursor)
        } else if cursor.name(name, is: "output"), first == UInt8(ascii: "[") {
            try cursor.array { (_, cursor) throws(JSONFault) in
                guard cursor.peek() == UInt8(ascii: "{") else {
                    try cursor.skip()
                    return
                }
                try cursor.object { (name, cursor) throws(JSONFault) in
                    if cursor.name(name, is: "content"), cursor.peek() == UInt8(ascii: "[") {
                        try parts(&fields, &cursor)
                    } else {
                        try cursor.skip()
                    }
                }
            }
        } else {
            return false
        }
        return true
    }

    /// The texts of an answer's parts.
    private static func parts(_ fields: inout ReplyFields, _ cursor: inout JSONCursor) throws(JSONFault) {
        try cursor.array { (_, cursor) throws(JSONFault) in
            if cursor.peek() == UInt8(ascii: "{") { try part(&fields, &cursor) } else { try cursor.skip() }
        }
    }

    private static func part(_ fields: inout ReplyFields, _ cursor: inout JSONCursor) throws(JSONFault) {
        try cursor.object { (name, cursor) throws(JSONFault) in
            if cursor.name(name, is: "text"), cursor.peek() == UInt8(ascii: "\"") {
                fields.text = (fields.text ?? "") + cursor.text(try cursor.string())
            } else {
                try cursor.skip()
            }
        }
    }
}
