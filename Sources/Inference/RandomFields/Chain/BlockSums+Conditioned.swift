extension BlockSums {
    /// A matrix of its own for every step: probabilities of pairs are needed one by one.
    mutating func runConditioned(
        _ sequences: Range<Int>, _ scores: ChainScores, _ tables: ChainTables, _ data: TaggedSequences
    ) {
        let features = tables.features
        let (labels, width) = (features.labelCount, tables.width)
        let workspace = ChainWorkspace(labels: labels, capacity: longest)
        let steps = StepMatrices(labels: labels, longest: longest)
        var sum = 0.0
        for sequence in sequences {
            let positions = data.positions(of: sequence)
            workspace.clear(positions.count)
            ChainMemory.with(tables, data) { memory in
                scores.states.withUnsafeBufferPointer { weights in
                    if let weights = weights.baseAddress { memory.addScores(positions, weights, to: workspace.states) }
                }
            }
            steps.fill(positions, scores, features, data)
            let largest = workspace.exponentiate(positions.count) + steps.layOutExponentials(positions.count - 1)
            guard let logTotal = workspace.runForward(positions.count, steps.matrix, stride: steps.stride) else {
                return repeatExactly(sequences, scores, tables, data)
            }
            let isDone = workspace.runBackward(
                positions.count, steps.transposed, stride: steps.stride,
                pair: { step, before, ahead in
                    let matrix = steps.matrix + step * steps.stride
                    for b in 0..<width {
                        for i in 0..<labels {
                            let probabilities = matrix[b * labels + i] * ahead[b] * before[i]
                            for lane in 0..<min(4, labels - 4 * b) {
                                pairProbabilities[i * labels + 4 * b + lane] = probabilities[lane]
                            }
                        }
                    }
                    addPairs(pairProbabilities[...], at: positions.lowerBound + step + 1, features, data)
                })
            guard isDone else { return repeatExactly(sequences, scores, tables, data) }
            sum += logTotal + largest
            addStates(positions, UnsafePointer(workspace.forward), tables, data)
        }
        logPartition += sum
    }

    /// Adds the probabilities of pairs of labels at `position` and before.
    mutating func addPairs(
        _ probabilities: ArraySlice<Double>, at position: Int, _ features: ChainFeatures, _ data: TaggedSequences
    ) {
        let base = probabilities.startIndex
        for pair in pairs.indices { pairs[pair] += probabilities[base + pair] }
        for k in data.attributeStarts[position]..<data.attributeStarts[position + 1] {
            let attribute = Int(data.attributes[k])
            for c in features.conditionedStarts[attribute]..<features.conditionedStarts[attribute + 1] {
                conditioned[c] += data.values[k] * probabilities[base + Int(features.conditionedPairs[c])]
            }
        }
    }

    /// Adds the expected state features under probabilities `[positions, width]`.
    mutating func addStates(
        _ positions: Range<Int>, _ rows: UnsafePointer<Vector>, _ tables: ChainTables, _ data: TaggedSequences
    ) {
        ChainMemory.with(tables, data) { memory in
            states.withUnsafeMutableBufferPointer { states in
                if let states = states.baseAddress { memory.addExpectations(positions, rows, to: states) }
            }
        }
    }
}
