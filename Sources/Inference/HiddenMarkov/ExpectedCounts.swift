internal import NumericalMethods

/// What several sequences are expected to show of transitions and emissions under a model.
struct ExpectedCounts<Emissions: EmissionModel>: Sendable {
    private(set) var logLikelihood = 0.0
    /// Expected first states, `[states]`.
    private(set) var first: [Double]
    /// Expected transitions, `[states, states]`.
    private(set) var transitions: Matrix
    /// The emissions' sums.
    private(set) var statistics: [StateVector]
    /// Expected number of observations in each state, `[states]`.
    private(set) var occupancy: [Double]

    /// - Throws: ``InferenceError`` naming the sequence, and the time where there is one.
    init(model: HiddenMarkovModel<Emissions>, sequences: [Emissions.Observations]) throws {
        guard !sequences.isEmpty else { throw InferenceError.empty(what: "the list of sequences") }
        for (index, sequence) in sequences.enumerated() {
            try model.emissions.check(sequence, name: "sequence \(index)")
        }
        self = try Parallel.reduce(
            count: sequences.count,
            body: { range in
                var counts = ExpectedCounts(emptyFor: model)
                for index in range { try counts.add(sequences[index], name: "sequence \(index)", model: model) }
                return counts
            },
            combine: { total, part in
                var total = total
                total.add(part)
                return total
            })!
    }

    private init(emptyFor model: HiddenMarkovModel<Emissions>) {
        first = [Double](repeating: 0, count: model.states)
        transitions = Matrix(rows: model.states, columns: model.states)
        statistics = [StateVector](repeating: .zero, count: model.emissions.statisticsCount)
        occupancy = first
    }

    private mutating func add(
        _ sequence: Emissions.Observations, name: String, model: HiddenMarkovModel<Emissions>
    ) throws {
        let size = model.emissions.statisticsCount
        let vectors = model.lanes.vectors
        // Sums of the two sides, and how much each state explains.
        let sides = [
            LaneBuffer(count: size + vectors, isZeroed: true), LaneBuffer(count: size + vectors, isZeroed: true),
        ]
        nonisolated(unsafe) let parts = sides.map(\.start)
        let totals = try SequenceSmoother(model: model).smooth(
            sequence, name: name,
            receive: { side, times, posterior in
                model.emissions.accumulate(sequence, times: times, posterior: posterior, into: parts[side])
                for vector in 0..<vectors {
                    var sum = StateVector.zero
                    for row in 0..<times.count { sum += posterior[row * vectors + vector] }
                    parts[side][size + vector] += sum
                }
            },
            restart: { for side in sides { side.start.update(repeating: .zero, count: size + vectors) } })
        logLikelihood += totals.logLikelihood
        let pairs = totals.transitionMatrix(model.states)
        for index in pairs.storage.indices { transitions.storage[index] += pairs.storage[index] }
        for index in 0..<size { statistics[index] += parts[0][index] + parts[1][index] }
        for state in 0..<model.states {
            first[state] += totals.first.lane(state, row: 0, vectors: vectors)
            occupancy[state] += (parts[0][size + state / 8] + parts[1][size + state / 8])[state % 8]
        }
        withExtendedLifetime(sides) {}
    }

    private mutating func add(_ other: ExpectedCounts) {
        logLikelihood += other.logLikelihood
        for state in first.indices {
            first[state] += other.first[state]
            occupancy[state] += other.occupancy[state]
        }
        for index in transitions.storage.indices { transitions.storage[index] += other.transitions.storage[index] }
        for index in statistics.indices { statistics[index] += other.statistics[index] }
    }
}
