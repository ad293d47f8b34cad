/// A number that may be infinite, which JSON has no way to write: `"infinity"` and `"-infinity"` stand for it.
///
///     @Extended public var price: Double
@propertyWrapper
public struct Extended: Sendable, Hashable, Codable {
    /// The number.
    public var wrappedValue: Double

    /// A number.
    public init(wrappedValue: Double) { self.wrappedValue = wrappedValue }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        guard let word = try? container.decode(String.self) else {
            wrappedValue = try container.decode(Double.self)
            return
        }
        switch word {
        case "infinity": wrappedValue = .infinity
        case "-infinity": wrappedValue = -.infinity
        default:
            throw DecodingError.dataCorruptedError(
                in: container, debugDescription: "expected a number, \"infinity\" or \"-infinity\", found \"\(word)\"")
        }
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch wrappedValue {
        case .infinity: try container.encode("infinity")
        case -.infinity: try container.encode("-infinity")
        default: try container.encode(wrappedValue)
        }
    }
}
