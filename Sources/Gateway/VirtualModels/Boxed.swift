/// A value that lies on the heap, and is copied when it is changed while somebody else has it too: a value still, of a word's size.
///
/// For large values that tasks keep while they wait. A task's frame has room for every copy that its code ever makes, and a
/// connection's task keeps the largest frames that it ever had.
@propertyWrapper struct Boxed<Value: Sendable>: Sendable {
    private final class Storage: @unchecked Sendable {  // changed by its only owner alone
        var value: Value

        init(_ value: Value) { self.value = value }
    }

    private var storage: Storage

    init(wrappedValue: Value) { storage = Storage(wrappedValue) }

    var wrappedValue: Value {
        get { storage.value }
        _modify {
            if !isKnownUniquelyReferenced(&storage) { separate() }
            yield &storage.value
        }
    }

    /// Apart, or there would be room for a copy wherever the value is changed.
    @inline(never) private mutating func separate() { storage = Storage(storage.value) }
}
