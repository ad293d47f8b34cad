/// Memory for vectors of states that is freed with its owner.
final class LaneBuffer {
    let start: UnsafeMutablePointer<StateVector>
    let count: Int

    /// The same memory as numbers, eight for each vector.
    var scalars: UnsafeMutablePointer<Double> { UnsafeMutableRawPointer(start).assumingMemoryBound(to: Double.self) }

    /// - Parameter isZeroed: false leaves the memory as it comes, for those who write before they read.
    init(count: Int, isZeroed: Bool = false) {
        self.count = count
        start = .allocate(capacity: max(1, count))
        if isZeroed { start.initialize(repeating: .zero, count: max(1, count)) }
    }

    deinit { start.deallocate() }

    /// The numbers as an array.
    var vectors: [StateVector] { Array(UnsafeBufferPointer(start: start, count: count)) }
}
