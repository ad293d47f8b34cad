internal import Foundation

/// Single steps of stochastic descent, with the scratch memory that they share.
struct StochasticPass: ~Copyable {
    typealias Vector = SIMD4<Double>

    private let likelihood: ChainLikelihood
    private let workspace: ChainWorkspace
    private let matrix: UnsafeMutablePointer<Vector>
    private let transposed: UnsafeMutablePointer<Vector>
    private let outer: UnsafeMutablePointer<Vector>
    private let scores: UnsafeMutablePointer<Double>
    private let blockSize: Int

    init(_ likelihood: ChainLikelihood) {
        self.likelihood = likelihood
        let labels = likelihood.features.labelCount
        workspace = ChainWorkspace(labels: labels, capacity: likelihood.data.longest)
        blockSize = labels * workspace.width
        matrix = .allocate(capacity: blockSize)
        transposed = .allocate(capacity: blockSize)
        outer = .allocate(capacity: blockSize)
        scores = .allocate(capacity: labels * labels)
        for block in [matrix, transposed, outer] { block.initialize(repeating: .zero, count: blockSize) }
        scores.initialize(repeating: 0, count: labels * labels)
    }

    deinit {
        matrix.deallocate()
        transposed.deallocate()
        outer.deallocate()
        scores.deallocate()
    }

    /// Lays the transitions out and runs the forward recursion; returns log Z, or nil where scaling failed.
    private func forward(_ positions: Range<Int>, _ weights: borrowing DecayingWeights, _ memory: ChainMemory)
        -> Double?
    {
        let labels = likelihood.features.labelCount
        let inverse = 1 / weights.divisor
        var largest = -Double.infinity
        for pair in 0..<labels * labels {
            scores[pair] = weights.transitions[pair] * inverse
            largest = max(largest, scores[pair])
        }
        for pair in 0..<labels * labels { scores[pair] -= largest }
        ChainWorkspace.layOut(scores, labels: labels, transposed: false, padding: -.infinity, into: matrix)
        ChainWorkspace.layOut(scores, labels: labels, transposed: true, padding: -.infinity, into: transposed)
        ChainWorkspace.exponentiate(matrix, count: blockSize)
        ChainWorkspace.exponentiate(transposed, count: blockSize)
        workspace.clear(positions.count)
        weights.states.withUnsafeBufferPointer { states in
            if let states = states.baseAddress { memory.addScores(positions, states, to: workspace.states) }
        }
        for i in 0..<positions.count * workspace.width { workspace.states[i] *= inverse }
        let total = workspace.exponentiate(positions.count)
        guard let sum = workspace.runForward(positions.count, matrix, stride: 0) else { return nil }
        return sum + total + Double(positions.count - 1) * largest
    }

    /// The score of the sequence's own labels.
    private func score(_ positions: Range<Int>, _ weights: borrowing DecayingWeights) -> Double {
        let (data, tables) = (likelihood.data, weights.tables)
        let labels = likelihood.features.labelCount
        var score = 0.0
        for position in positions {
            let label = Int(data.labels[position])
            if position > positions.lowerBound {
                score += weights.transitions[Int(data.labels[position - 1]) * labels + label]
            }
            for k in data.attributeStarts[position]..<data.attributeStarts[position + 1] {
                let attribute = Int(data.attributes[k])
                let start = Int(tables.starts[attribute])
                if tables.counts[attribute] < 0 {
                    let slot = start + label
                    score += weights.states[slot / 4][slot % 4] * data.values[k]
                } else {
                    for slot in start..<start + Int(tables.counts[attribute])
                    where tables.listedLabels[slot] == Int32(label) {
                        score += weights.states[slot / 4][slot % 4] * data.values[k]
                    }
                }
            }
        }
        return score / weights.divisor
    }

    /// `-log p(y | x)` of a sequence; +infinity where the scores are out of range.
    func loss(_ sequence: Int, _ weights: borrowing DecayingWeights) -> Double {
        let positions = likelihood.data.positions(of: sequence)
        let total = ChainMemory.with(weights.tables, likelihood.data) { forward(positions, weights, $0) }
        guard let total else { return .infinity }
        return total - score(positions, weights)
    }

    /// One step on one sequence; returns its loss before the step.
    func descend(
        _ sequence: Int, _ weights: inout DecayingWeights, step: Double, decay: Double, averaging mean: Double
    ) -> Double {
        let data = likelihood.data
        let positions = data.positions(of: sequence)
        let labels = likelihood.features.labelCount
        let width = workspace.width
        for i in 0..<blockSize { outer[i] = .zero }
        let total = ChainMemory.with(weights.tables, data) { forward(positions, weights, $0) }
        guard let total,
            workspace.runBackward(
                positions.count, transposed, stride: 0,
                pair: { _, before, ahead in
                    for b in 0..<width {
                        for i in 0..<labels { outer[b * labels + i] += ahead[b] * before[i] }
                    }
                })
        else {
            // Weights this large are brought back by shrinking alone.
            weights.shrink(by: 1 - step * decay)
            weights.average(mean)
            return .infinity
        }
        let loss = total - score(positions, weights)
        weights.shrink(by: 1 - step * decay)
        let size = step * weights.divisor
        // The rows of probabilities become observed less expected.
        for (t, position) in positions.enumerated() {
            for b in 0..<width { workspace.forward[t * width + b] *= -1 }
            workspace.forward.scalars[4 * t * width + Int(data.labels[position])] += 1
        }
        weights.addStates(positions, UnsafePointer(workspace.forward), data, by: size)
        for b in 0..<width {
            for i in 0..<labels {
                for lane in 0..<min(4, labels - 4 * b) {
                    let place = b * labels + i
                    scores[i * labels + 4 * b + lane] = -outer[place][lane] * matrix[place][lane]
                }
            }
        }
        for position in positions.dropFirst() {
            scores[Int(data.labels[position - 1]) * labels + Int(data.labels[position])] += 1
        }
        weights.addTransitions(scores, by: size)
        weights.average(mean)
        return loss
    }
}

extension DecayingWeights {
    /// Adds `rows`, `[positions, width]`, to the state weights of the attributes seen, times `size` and the attributes' values.
    mutating func addStates(
        _ positions: Range<Int>, _ rows: UnsafePointer<Vector>, _ data: TaggedSequences, by size: Double
    ) {
        let (width, share) = (tables.width, share)
        guard tables.size > 0 else { return }
        states.withUnsafeMutableBufferPointer { states in
            stateAverages.withUnsafeMutableBufferPointer { averages in
                var row = rows
                for position in positions {
                    for k in data.attributeStarts[position]..<data.attributeStarts[position + 1] {
                        let attribute = Int(data.attributes[k])
                        let value = data.values[k] * size
                        let start = Int(tables.starts[attribute])
                        let count = Int(tables.counts[attribute])
                        if count < 0 {
                            for b in 0..<width {
                                let change = row[b] * value * mask[start / 4 + b]
                                states[start / 4 + b] += change
                                averages[start / 4 + b] -= change * share
                            }
                        } else {
                            for slot in start..<start + count {
                                let change = row.scalars[Int(tables.listedLabels[slot])] * value
                                states.baseAddress!.scalars[slot] += change
                                averages.baseAddress!.scalars[slot] -= change * share
                            }
                        }
                    }
                    row += width
                }
            }
        }
    }

    /// Adds `changes`, `[labels, labels]`, to the transition weights, times `size`.
    mutating func addTransitions(_ changes: UnsafePointer<Double>, by size: Double) {
        for pair in transitions.indices {
            let change = changes[pair] * size * transitionMask[pair]
            transitions[pair] += change
            transitionAverages[pair] -= change * share
        }
    }
}
