/// A number that may be infinite, which JSON has no way to write: `"infinity"` and `"-infinity"` stand for it.
struct Extended: Codable {
    var value: Double

    init(_ value: Double) { self.value = value }

    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if let word = try? container.decode(String.self) {
            switch word {
            case "infinity": value = .infinity
            case "-infinity": value = -.infinity
            default:
                throw DecodingError.dataCorruptedError(
                    in: container, debugDescription: "expected a number, \"infinity\" or \"-infinity\", found \"\(word)\"")
            }
        } else {
            value = try container.decode(Double.self)
        }
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch value {
        case .infinity: try container.encode("infinity")
        case -.infinity: try container.encode("-infinity")
        default: try container.encode(value)
        }
    }
}
