/// Who has how many offspring under systematic resampling: one uniform number sets `count` evenly spaced points.
///
/// Every particle has the whole part of `count * weight` offspring, or one more.
/// - Parameters:
///   - weights: `[particles]`, adding up to 1.
///   - uniform: a uniform number in [0, 1).
/// - Returns: the offspring of each particle, `[particles]`, adding up to `count`.
func systematicOffspring(weights: [Double], count: Int, uniform: Double) -> [Int] {
    var offspring = [Int](repeating: 0, count: weights.count)
    var sum = 0.0
    var placed = 0
    var last = 0
    for (index, weight) in weights.enumerated() where weight > 0 {
        sum += weight
        last = index
        // Points are (k + uniform) / count.
        let reached = min(count, Int((sum * Double(count) - uniform).rounded(.up)))
        if reached > placed {
            offspring[index] = reached - placed
            placed = reached
        }
    }
    // Where rounding left a point beyond the sum.
    offspring[last] += count - placed
    return offspring
}
