/// What a policy may know of an item before anything is asked: named numbers, and a group.
///
///     let context = ItemContext<String>(["length"]) { [Double($0.count)] }
public struct ItemContext<Input: Sendable>: Sendable {
    /// The names of the numbers.
    public let names: [String]
    /// The numbers of an item, `[names]`; `NaN` is missing.
    public let values: @Sendable (Input) throws -> [Double]
    /// The group (task, customer, language) of an item.
    public let group: @Sendable (Input) -> String?

    /// A context of the numbers `names`.
    public init(
        _ names: [String] = [], group: @escaping @Sendable (Input) -> String? = { _ in nil },
        values: @escaping @Sendable (Input) throws -> [Double]
    ) {
        self.names = names
        self.values = values
        self.group = group
    }

    /// No numbers and no group.
    public static var none: ItemContext { ItemContext { _ in [] } }
}
