/// The last values by name: the oldest goes when there are too many.
struct RecentMap<Value: Sendable>: Sendable {
    let capacity: Int
    private var values: [String: Value] = [:]
    /// The names in the order in which they came, as a ring.
    private var order: [String] = []
    private var first = 0

    init(capacity: Int) {
        precondition(capacity > 0, "there must be room for one value")
        self.capacity = capacity
    }

    var count: Int { values.count }

    subscript(name: String) -> Value? { values[name] }

    mutating func insert(_ name: String, _ value: Value) {
        if values.updateValue(value, forKey: name) != nil { return }
        if order.count < capacity {
            order.append(name)
        } else {
            values[order[first]] = nil
            order[first] = name
            first = (first + 1) % capacity
        }
    }

    mutating func update(_ name: String, _ change: (inout Value) -> Void) {
        guard values[name] != nil else { return }
        change(&values[name]!)
    }
}
