internal import Probability

/// Residual and SSP resampling: the whole part of each expected number of offspring is certain, the fractions are drawn.
enum WholeParts {
    /// The fractions by independent choices.
    static func fillResidual(
        _ ancestors: UnsafeMutableBufferPointer<Int32>, weights: UnsafeBufferPointer<Double>, using random: inout Random
    ) {
        withUnsafeTemporaryAllocation(of: Double.self, capacity: weights.count) { fractions in
            withUnsafeTemporaryAllocation(of: Int32.self, capacity: weights.count) { numbers in
                let missing = split(ancestors.count, weights: weights, fractions: fractions, numbers: numbers)
                if missing > 0 {
                    withUnsafeTemporaryAllocation(of: Int32.self, capacity: missing) { extra in
                        SortedUniforms.fill(extra, weights: UnsafeBufferPointer(fractions), using: &random)
                        for particle in extra { numbers[Int(particle)] += 1 }
                    }
                }
                expand(numbers, into: ancestors)
            }
        }
    }

    /// The fractions settled in pairs: of two, one becomes 0 or 1 and the other keeps the rest, with probabilities that
    /// leave both means as they were.
    static func fillPaired(
        _ ancestors: UnsafeMutableBufferPointer<Int32>, weights: UnsafeBufferPointer<Double>, using random: inout Random
    ) {
        withUnsafeTemporaryAllocation(of: Double.self, capacity: weights.count) { fractions in
            withUnsafeTemporaryAllocation(of: Int32.self, capacity: weights.count) { numbers in
                var missing = split(ancestors.count, weights: weights, fractions: fractions, numbers: numbers)
                var open = 0
                var p = 0.0
                for next in weights.indices where missing > 0 {
                    let q = fractions[next]
                    if q == 0 { continue }
                    if p == 0 {
                        open = next
                        p = q
                    } else if p + q < 1 {
                        // One of them takes both fractions.
                        if random.uniform() * (p + q) >= p { open = next }
                        p += q
                    } else {
                        // One of them gets an offspring, the other keeps what is left.
                        if random.uniform() * (2 - p - q) < 1 - q {
                            numbers[open] += 1
                            open = next
                        } else {
                            numbers[next] += 1
                        }
                        missing -= 1
                        p += q - 1
                    }
                }
                // The fractions add up to a whole number but for rounding: the last one stands for 0 or 1.
                if missing > 0 { numbers[open] += Int32(truncatingIfNeeded: missing) }
                expand(numbers, into: ancestors)
            }
        }
    }

    /// Whole and fractional parts of the expected numbers; returns how many offspring the fractions stand for.
    private static func split(
        _ count: Int, weights: UnsafeBufferPointer<Double>, fractions: UnsafeMutableBufferPointer<Double>,
        numbers: UnsafeMutableBufferPointer<Int32>
    ) -> Int {
        var total = 0.0
        for weight in weights { total += weight }
        let scale = Double(count) / total
        var given = 0
        for index in weights.indices {
            let expected = weights[index] * scale
            var whole = expected.rounded(.down)
            // Rounding of the total must not hand out more than there are.
            if given + Int(whole) > count { whole = Double(count - given) }
            fractions[index] = max(0, expected - whole)
            if fractions[index] >= 1 { fractions[index] = 0 }
            numbers[index] = Int32(whole)
            given += Int(whole)
        }
        let missing = count - given
        // Weights that are whole numbers but for rounding leave no fraction to draw from.
        if missing > 0, !fractions.contains(where: { $0 > 0 }) {
            let heaviest = weights.indices.max { weights[$0] < weights[$1] }!
            numbers[heaviest] += Int32(missing)
            return 0
        }
        return missing
    }

    private static func expand(
        _ numbers: UnsafeMutableBufferPointer<Int32>, into ancestors: UnsafeMutableBufferPointer<Int32>
    ) {
        var next = 0
        for particle in numbers.indices {
            for _ in 0..<numbers[particle] {
                ancestors[next] = Int32(truncatingIfNeeded: particle)
                next += 1
            }
        }
    }
}
