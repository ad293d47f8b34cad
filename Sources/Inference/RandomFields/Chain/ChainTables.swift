/// The weights of a linear chain laid out for scoring, and gradients in the same layout.
///
/// An attribute that has at least half of the labels gets a padded row of `4 width` numbers, so that adding it is a few
/// vector additions; the others keep a list of their labels.
struct ChainTables: Sendable {
    let features: ChainFeatures
    let width: Int
    /// Where an attribute's numbers begin, `[attributes]`.
    let starts: [Int32]
    /// How many numbers a listed attribute has; -1 for a padded row.
    let counts: [Int32]
    /// The labels of listed numbers, `[4 size]`; 0 in padded rows.
    let listedLabels: [Int32]
    /// Where each state feature's number is, `[state features]`.
    let slots: [Int32]
    /// How many vectors of four numbers there are.
    let size: Int

    init(_ features: ChainFeatures) {
        self.features = features
        let width = ChainWorkspace.width(of: features.labelCount)
        self.width = width
        var starts = [Int32](repeating: 0, count: features.attributeCount)
        var counts = starts
        var slots = [Int32](repeating: 0, count: features.stateLabels.count)
        var next = 0
        let ranges = (0..<features.attributeCount).map { features.stateStarts[$0]..<features.stateStarts[$0 + 1] }
        let isPadded = ranges.map { $0.count * 2 >= features.labelCount }
        for (attribute, range) in ranges.enumerated() where isPadded[attribute] {
            starts[attribute] = Int32(next)
            counts[attribute] = -1
            for k in range { slots[k] = Int32(next) + features.stateLabels[k] }
            next += 4 * width
        }
        var listed = [Int32](repeating: 0, count: next)
        for (attribute, range) in ranges.enumerated() where !isPadded[attribute] {
            starts[attribute] = Int32(next)
            counts[attribute] = Int32(range.count)
            for k in range {
                slots[k] = Int32(next)
                listed.append(features.stateLabels[k])
                next += 1
            }
        }
        size = (next + 3) / 4
        listed += [Int32](repeating: 0, count: 4 * size - next)
        (self.starts, self.counts, self.slots, listedLabels) = (starts, counts, slots, listed)
    }

    /// The state weights in this layout, `[size]`.
    func laidOut(_ weights: [Double]) -> [SIMD4<Double>] {
        var table = [SIMD4<Double>](repeating: .zero, count: size)
        table.withUnsafeMutableBufferPointer { table in
            guard let numbers = table.baseAddress?.scalars else { return }
            for (k, slot) in slots.enumerated() { numbers[Int(slot)] = weights[k] }
        }
        return table
    }

    /// The transition scores, `[labels, labels]`; 0 where there is no feature.
    func transitionScores(_ weights: [Double]) -> [Double] {
        var scores = [Double](repeating: 0, count: features.labelCount * features.labelCount)
        for (k, pair) in features.transitions.enumerated() { scores[Int(pair)] = weights[features.transitionBase + k] }
        return scores
    }
}

/// The tables and the data as raw memory, for the loops over positions.
struct ChainMemory {
    typealias Vector = SIMD4<Double>
    let width: Int
    let starts: UnsafePointer<Int32>
    let counts: UnsafePointer<Int32>
    let listedLabels: UnsafePointer<Int32>
    let attributeStarts: UnsafePointer<Int>
    let attributes: UnsafePointer<Int32>
    let values: UnsafePointer<Double>

    /// Calls `body` with the memory of the tables and the data.
    static func with<Result>(
        _ tables: ChainTables, _ data: TaggedSequences, _ body: (ChainMemory) throws -> Result
    ) rethrows -> Result {
        try tables.starts.withUnsafeBufferPointer { starts in
            try tables.counts.withUnsafeBufferPointer { counts in
                try tables.listedLabels.withUnsafeBufferPointer { listed in
                    try data.attributeStarts.withUnsafeBufferPointer { attributeStarts in
                        try data.attributes.withUnsafeBufferPointer { attributes in
                            try data.values.withUnsafeBufferPointer { values in
                                let none = UnsafePointer<Int32>(bitPattern: 16)!
                                return try body(
                                    ChainMemory(
                                        width: tables.width, starts: starts.baseAddress ?? none,
                                        counts: counts.baseAddress ?? none,
                                        listedLabels: listed.baseAddress ?? none,
                                        attributeStarts: attributeStarts.baseAddress!,
                                        attributes: attributes.baseAddress ?? none,
                                        values: values.baseAddress ?? UnsafePointer(bitPattern: 16)!))
                            }
                        }
                    }
                }
            }
        }
    }

    /// Adds the scores of the state features at `positions` to `scores`, `[positions, width]`.
    @inline(__always)
    func addScores(
        _ positions: Range<Int>, _ table: UnsafePointer<Vector>, to scores: UnsafeMutablePointer<Vector>
    ) {
        let table = table.scalars
        var row = scores
        for position in positions {
            let flat = row.scalars
            for k in attributeStarts[position]..<attributeStarts[position + 1] {
                let attribute = Int(attributes[k])
                let value = values[k]
                let start = Int(starts[attribute])
                let count = Int(counts[attribute])
                if count < 0 {
                    let weights = UnsafeRawPointer(table + start).assumingMemoryBound(to: Vector.self)
                    for b in 0..<width { row[b] += weights[b] * value }
                } else {
                    for slot in start..<start + count { flat[Int(listedLabels[slot])] += table[slot] * value }
                }
            }
            row += width
        }
    }

    /// Adds the expected state features at `positions` under `probabilities`, `[positions, width]`, to `table`.
    @inline(__always)
    func addExpectations(
        _ positions: Range<Int>, _ probabilities: UnsafePointer<Vector>, to table: UnsafeMutablePointer<Vector>
    ) {
        let table = table.scalars
        var row = probabilities
        for position in positions {
            let flat = row.scalars
            for k in attributeStarts[position]..<attributeStarts[position + 1] {
                let attribute = Int(attributes[k])
                let value = values[k]
                let start = Int(starts[attribute])
                let count = Int(counts[attribute])
                if count < 0 {
                    let sums = UnsafeMutableRawPointer(table + start).assumingMemoryBound(to: Vector.self)
                    for b in 0..<width { sums[b] += row[b] * value }
                } else {
                    for slot in start..<start + count { table[slot] += flat[Int(listedLabels[slot])] * value }
                }
            }
            row += width
        }
    }
}
