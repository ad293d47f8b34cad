extension Random {
    /// Puts the elements in a random order, every order equally likely (Fisher–Yates).
    @inlinable
    public mutating func shuffle<Element>(_ elements: inout [Element]) {
        var i = elements.count - 1
        while i > 0 {
            elements.swapAt(i, integer(below: i + 1))
            i -= 1
        }
    }

    /// A random order of `0..<count`.
    public mutating func permutation(of count: Int) -> [Int] {
        var order = Array(0..<count)
        shuffle(&order)
        return order
    }

    /// `count` different integers out of `0..<population` in random order, every ordered choice equally likely.
    ///
    /// - Complexity: O(population) time and memory where the sample is a large part, else O(count).
    public mutating func sample(_ count: Int, outOf population: Int) -> [Int] {
        precondition(count >= 0 && count <= population, "\(count) different integers out of \(population) don't exist")
        if count > population / 8 {
            var items = Array(0..<population)
            for i in 0..<count { items.swapAt(i, i + integer(below: population - i)) }
            return Array(items.prefix(count))
        }
        // The same shuffle over a sparse array: places that were never swapped hold their own index.
        var moved: [Int: Int] = [:]
        moved.reserveCapacity(count)
        var result: [Int] = []
        result.reserveCapacity(count)
        for i in 0..<count {
            let j = i + integer(below: population - i)
            result.append(moved[j] ?? j)
            moved[j] = moved[i] ?? i
        }
        return result
    }
}
