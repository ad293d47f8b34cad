internal import Probability

/// Independent choices in ascending order, by sorted uniform points: the partial sums of exponential spacings over their
/// total.
enum SortedUniforms {
    static func fill(
        _ ancestors: UnsafeMutableBufferPointer<Int32>, weights: UnsafeBufferPointer<Double>, using random: inout Random
    ) {
        let count = ancestors.count
        guard count > 0 else { return }
        withUnsafeTemporaryAllocation(of: Double.self, capacity: count + 1) { spacings in
            random.fillExponential(spacings)
            var spread = 0.0
            for spacing in spacings { spread += spacing }
            var total = 0.0
            var last = 0
            for index in weights.indices {
                total += weights[index]
                if weights[index] > 0 { last = index }
            }
            let scale = total / spread
            var particle = 0
            var reached = weights[0]
            var position = 0.0
            for index in 0..<count {
                position += spacings[index]
                // A weight of zero is passed over: its end is no further than the position.
                while particle < last, reached <= position * scale {
                    particle += 1
                    reached += weights[particle]
                }
                ancestors[index] = Int32(truncatingIfNeeded: particle)
            }
        }
    }
}
