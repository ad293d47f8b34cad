/// A number as JSON can hold it: `NaN` (missing) as null, the infinities as "inf" and "-inf".
struct CodedNumber: Codable {
    let value: Double

    init(_ value: Double) { self.value = value }

    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if container.decodeNil() {
            value = .nan
        } else if let text = try? container.decode(String.self) {
            guard text == "inf" || text == "-inf" else {
                throw DecodingError.dataCorruptedError(
                    in: container, debugDescription: "expected a number, null, \"inf\" or \"-inf\", found \"\(text)\"")
            }
            value = text == "inf" ? .infinity : -.infinity
        } else {
            value = try container.decode(Double.self)
        }
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        if value.isNaN {
            try container.encodeNil()
        } else if value.isInfinite {
            try container.encode(value > 0 ? "inf" : "-inf")
        } else {
            try container.encode(value)
        }
    }
}
