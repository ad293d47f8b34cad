internal import Foundation

/// What one block of sequences adds to the likelihood: log-partitions and expected features.
struct BlockSums: Sendable {
    typealias Vector = SIMD4<Double>

    var logPartition = 0.0
    /// Expected state features in the layout of ``ChainTables``.
    var states: [Vector]
    /// Expected pairs of labels, `[labels, labels]`.
    var pairs: [Double]
    /// Expected conditioned transition features.
    var conditioned: [Double]
    /// The probabilities of the pairs of one step, `[labels, labels]`.
    var pairProbabilities: [Double]
    /// Sums of forward times what is ahead, before the transition matrix is multiplied in, in column blocks.
    private var outer: [Vector]
    let longest: Int

    init(size: Int, labels: Int, conditioned: Int, longest: Int) {
        states = [Vector](repeating: .zero, count: size)
        pairs = [Double](repeating: 0, count: labels * labels)
        pairProbabilities = pairs
        self.conditioned = [Double](repeating: 0, count: conditioned)
        outer = [Vector](repeating: .zero, count: labels * ChainWorkspace.width(of: labels))
        self.longest = longest
    }

    /// Sums afresh over `sequences`.
    mutating func run(_ sequences: Range<Int>, _ scores: ChainScores, _ tables: ChainTables, _ data: TaggedSequences) {
        logPartition = 0
        states.withUnsafeMutableBufferPointer { $0.update(repeating: .zero) }
        outer.withUnsafeMutableBufferPointer { $0.update(repeating: .zero) }
        for k in pairs.indices { pairs[k] = 0 }
        for k in conditioned.indices { conditioned[k] = 0 }
        if tables.features.isConditioned {
            runConditioned(sequences, scores, tables, data)
        } else {
            runShared(sequences, scores, tables, data)
        }
    }

    /// The same transition matrix everywhere: sums of outer products suffice, the matrix is multiplied in at the end.
    private mutating func runShared(
        _ sequences: Range<Int>, _ scores: ChainScores, _ tables: ChainTables, _ data: TaggedSequences
    ) {
        let labels = tables.features.labelCount
        let width = tables.width
        let workspace = ChainWorkspace(labels: labels, capacity: longest)
        var failed: [Int] = []
        var sum = 0.0
        ChainMemory.with(tables, data) { memory in
            scores.states.withUnsafeBufferPointer { weights in
                states.withUnsafeMutableBufferPointer { states in
                    outer.withUnsafeMutableBufferPointer { outer in
                        scores.matrix.withUnsafeBufferPointer { matrix in
                            scores.transposed.withUnsafeBufferPointer { transposed in
                                let outer = outer.baseAddress!
                                for sequence in sequences {
                                    let positions = data.positions(of: sequence)
                                    let length = positions.count
                                    workspace.clear(length)
                                    if let weights = weights.baseAddress {
                                        memory.addScores(positions, weights, to: workspace.states)
                                    }
                                    let largest = workspace.exponentiate(length)
                                    guard
                                        let logTotal = workspace.runForward(length, matrix.baseAddress!, stride: 0),
                                        workspace.runBackward(
                                            length, transposed.baseAddress!, stride: 0,
                                            pair: { _, before, ahead in
                                                var row = outer
                                                for b in 0..<width {
                                                    let vector = ahead[b]
                                                    for i in 0..<labels { row[i] += vector * before[i] }
                                                    row += labels
                                                }
                                            })
                                    else {
                                        failed.append(sequence)
                                        continue
                                    }
                                    sum += logTotal + largest + Double(length - 1) * scores.largest
                                    if let states = states.baseAddress {
                                        memory.addExpectations(positions, workspace.forward, to: states)
                                    }
                                }
                            }
                        }
                    }
                }
            }
        }
        logPartition += sum
        for b in 0..<width {
            for i in 0..<labels {
                for lane in 0..<min(4, labels - 4 * b) {
                    let place = b * labels + i
                    pairs[i * labels + 4 * b + lane] += outer[place][lane] * scores.matrix[place][lane]
                }
            }
        }
        // A sequence whose backward pass failed has left its outer products behind: sum the block again without it.
        if failed.isEmpty { return }
        repeatExactly(sequences, scores, tables, data)
    }

    /// All sequences by logarithms; for weights so large that scaling fails.
    mutating func repeatExactly(
        _ sequences: Range<Int>, _ scores: ChainScores, _ tables: ChainTables, _ data: TaggedSequences
    ) {
        logPartition = 0
        states.withUnsafeMutableBufferPointer { $0.update(repeating: .zero) }
        for k in pairs.indices { pairs[k] = 0 }
        for k in conditioned.indices { conditioned[k] = 0 }
        for sequence in sequences { addExactly(sequence, scores, tables, data) }
    }

    /// Adds one sequence by logarithms.
    private mutating func addExactly(
        _ sequence: Int, _ scores: ChainScores, _ tables: ChainTables, _ data: TaggedSequences
    ) {
        let labels = tables.features.labelCount
        let potentials = scores.potentials(of: sequence, tables, data)
        // Finite weights forbid nothing, so there is always a labelling.
        guard let marginals = try? potentials.marginals() else {
            logPartition = .nan
            return
        }
        logPartition += marginals.logPartition
        let positions = data.positions(of: sequence)
        let width = tables.width
        var rows = [Vector](repeating: .zero, count: positions.count * width)
        for t in 0..<positions.count {
            for y in 0..<labels { rows[t * width + y / 4][y % 4] = marginals.nodes[t * labels + y] }
        }
        rows.withUnsafeBufferPointer { addStates(positions, $0.baseAddress!, tables, data) }
        let square = labels * labels
        for t in 1..<max(1, positions.count) {
            let step = marginals.pairs[(t - 1) * square..<t * square]
            addPairs(step, at: positions.lowerBound + t, tables.features, data)
        }
    }
}

extension ChainScores {
    /// The scores of all labellings of one sequence.
    func potentials(of sequence: Int, _ tables: ChainTables, _ data: TaggedSequences) -> ChainPotentials {
        let features = tables.features
        let labels = features.labelCount
        let positions = data.positions(of: sequence)
        let width = tables.width
        var rows = [SIMD4<Double>](repeating: .zero, count: positions.count * width)
        ChainMemory.with(tables, data) { memory in
            states.withUnsafeBufferPointer { weights in
                rows.withUnsafeMutableBufferPointer { rows in
                    if let weights = weights.baseAddress {
                        memory.addScores(positions, weights, to: rows.baseAddress!)
                    }
                }
            }
        }
        var scores = [Double](repeating: 0, count: positions.count * labels)
        for t in 0..<positions.count {
            for y in 0..<labels { scores[t * labels + y] = rows[t * width + y / 4][y % 4] }
        }
        guard features.isConditioned, positions.count > 1 else {
            return ChainPotentials(unchecked: labels, scores, transitions)
        }
        let square = labels * labels
        var steps: [Double] = []
        steps.reserveCapacity((positions.count - 1) * square)
        for t in 1..<positions.count {
            steps += transitions
            let position = positions.lowerBound + t
            for k in data.attributeStarts[position]..<data.attributeStarts[position + 1] {
                let attribute = Int(data.attributes[k])
                for c in features.conditionedStarts[attribute]..<features.conditionedStarts[attribute + 1] {
                    steps[(t - 1) * square + Int(features.conditionedPairs[c])] +=
                        data.values[k] * conditioned[conditioned.startIndex + c]
                }
            }
        }
        return ChainPotentials(unchecked: labels, scores, steps)
    }
}
