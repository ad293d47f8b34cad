import Foundation
import Inference
import NumericalMethods
import Probability
import Reports

/// Exact coverage of conformal sets for hidden Markov data (paper 177).
struct HiddenMarkovCoverage: Experiment {
    let id = "hmm-conformal"
    let paper = Paper(
        number: 177,
        title:
            "Extending Conformal Prediction to Hidden Markov Models with Exact Validity via de Finetti's Theorem for Markov Chains",
        source: "Nettasinghe, Chatterjee, Tipireddy and Halappanavar, 2023, arXiv 2210.02271")
    let summary = """
        A machine that starts sound and wears through three sticky states; its signal says less the more it is worn. Past \
        states and all signals are known, the last state is asked for. Sets at 90 % by excursion blocks, by random \
        permutations of them and by paths drawn from the whole exchangeability class, with the right model, a wrong one \
        and none; beside them sets that take the steps for exchangeable.
        """
    let claims = [
        Claim(
            "exact",
            "on every chain of 6 steps over 2 states, enumerated, coverage is 1 - level to 1e-12 for levels 5, 10 and 30 %"
        ),
        Claim(
            "coverage",
            "by simulation, coverage at 90 % is within 3.5 standard errors of 90 % for each of six ways of making sets"),
        Claim("pooled", "sets that take the steps for exchangeable cover less than 90 %"),
        Claim("useful", "with the right model the sets hold fewer than 2.5 of 3 states on average"),
    ]

    private static let level = 0.1

    func run(_ context: ExperimentContext) throws -> Findings {
        let runs = context.scaled(quick: 4_000, full: 100_000)
        let length = 80
        let plant = WearingMachine()
        let right = try PosteriorScore(transition: plant.transition, emission: plant.emission, stateCount: 3)
        let wrong = try PosteriorScore(
            transition: .init(repeating: 1, count: 9), emission: [5, 3, 2, 4, 3, 3, 3, 3, 4], stateCount: 3)
        let free = FrequencyScore(stateCount: 3, symbolCount: 3)
        let rows: [CoverageRow] = [
            try simulate("blocks, right model", plant, right, .lastBlock, runs, length, context),
            try simulate("blocks, wrong model", plant, wrong, .lastBlock, runs, length, context),
            try simulate("blocks, no model", plant, free, .lastBlock, runs / 4, length, context),
            try simulate("19 permutations, right model", plant, right, .blocks(19), runs / 4, length, context),
            try simulate("19 paths, right model", plant, right, .paths(19), runs / 4, length, context),
            try simulate("19 paths, wrong model", plant, wrong, .paths(19), runs / 4, length, context),
        ]
        let pooled = [
            try pooled("pooled steps, right model", plant, right, runs, length, context),
            try pooled("pooled steps, wrong model", plant, wrong, runs, length, context),
        ]
        var findings = Findings(
            data: "simulated: up to \(runs) paths of \(length) steps, three states, three symbols")
        var table = TextTable(columns: ["sets", "coverage", "mean size", "paths"])
        for row in rows + pooled {
            table.add([
                .text(row.name), .percentInterval(row.coverage, low: row.low, high: row.high, decimals: 2),
                .number(row.size), .count(row.paths),
            ])
            findings.measure("coverage, \(row.name)", row.coverage, standardError: row.error)
            findings.measure("mean size, \(row.name)", row.size)
        }
        findings.tables.append(("Coverage of sets at 90 %", table))
        findings.charts.append(
            (
                "Coverage at 90 %",
                Chart(
                    "Coverage at 90 %, two standard errors", x: Axis("way of making sets"),
                    y: Axis("coverage", format: .percent),
                    series: [
                        Series("exchangeable arrangements", .points(.circle), points: points(rows, from: 1)),
                        Series("pooled steps", .points(.square), points: points(pooled, from: rows.count + 1)),
                    ], referenceLines: [.init(.y(0.9), label: "90 %")])
            ))

        let worst = try [0.05, 0.1, 0.3].map { abs(try enumeratedCoverage(level: $0) - (1 - $0)) }.max()!
        findings.measure("largest error of the enumerated coverage", worst)
        findings.decide("exact", worst < 1e-12, "the largest difference is \(Metric.text(worst))")
        let z = rows.map { abs($0.coverage - 0.9) / (0.09 / Double($0.paths)).squareRoot() }.max()!
        findings.measure("largest z of the simulated coverage", z)
        findings.decide(
            "coverage", z < 3.5,
            "coverages from \(Metric.text(100 * rows.map(\.coverage).min()!)) to \(Metric.text(100 * rows.map(\.coverage).max()!)) %, the largest |z| is \(Metric.text(z))"
        )
        findings.decide(
            "pooled", difference: 0.9 - pooled[0].coverage, standardError: pooled[0].error,
            "90 % less the coverage of pooled steps with the right model")
        findings.decide(
            "useful", rows[0].size < 2.5, "the mean size is \(Metric.text(rows[0].size)) of 3")
        return findings
    }

    private func points(_ rows: [CoverageRow], from first: Int) -> [ChartPoint] {
        rows.enumerated().map {
            ChartPoint(
                Double(first + $0.offset), $0.element.coverage, low: $0.element.low, high: $0.element.high,
                label: $0.element.name)
        }
    }

    private func simulate<Score: NonconformityScore<Int>>(
        _ name: String, _ plant: WearingMachine, _ score: Score,
        _ randomization: MarkovConformal<Score>.Randomization, _ runs: Int, _ length: Int, _ context: ExperimentContext
    ) throws -> CoverageRow {
        let method = try MarkovConformal(score: score, stateCount: 3, level: Self.level, randomization: randomization)
        return try row(name, plant, runs, length, context) { try method.predict(states: $0, symbols: $1, using: &$2) }
    }

    private func pooled<Score: NonconformityScore<Int>>(
        _ name: String, _ plant: WearingMachine, _ score: Score, _ runs: Int, _ length: Int,
        _ context: ExperimentContext
    ) throws -> CoverageRow {
        let method = try PooledConformal(score: score, stateCount: 3, level: Self.level)
        return try row(name, plant, runs, length, context) { try method.predict(states: $0, symbols: $1, using: &$2) }
    }

    private func row(
        _ name: String, _ plant: WearingMachine, _ runs: Int, _ length: Int, _ context: ExperimentContext,
        _ predict: @Sendable ([Int], [Int], inout Random) throws -> ConformalStateSet
    ) throws -> CoverageRow {
        let streams = Random(seed: context.seed).split(177)
        let results = try Parallel.map(count: runs, minimumChunk: 16) { run in
            var random = streams.split(UInt64(run))
            let (states, symbols) = plant.sample(length, using: &random)
            let set = try predict(Array(states.dropLast()), symbols, &random)
            return (covered: set.contains(states[length - 1]), size: set.members.count)
        }
        return CoverageRow(
            name: name, coverage: Double(results.count { $0.covered }) / Double(runs),
            size: Double(results.reduce(0) { $0 + $1.size }) / Double(runs), paths: runs)
    }

    /// Coverage of sets by blocks under a wrong model, over every path of 6 steps and every emission of a chain of two
    /// states, with the number that breaks ties integrated out.
    private func enumeratedCoverage(level: Double) throws -> Double {
        let (start, transition, emission) = ([0.8, 0.2], [0.9, 0.1, 0.3, 0.7], [0.7, 0.3, 0.2, 0.8])
        let score = try PosteriorScore(transition: [1, 2, 2, 3], emission: [3, 2, 1, 1], stateCount: 2)
        let method = try MarkovConformal(score: score, stateCount: 2, level: level)
        var random = Random(seed: 1)
        var total = 0.0
        for code in 0..<(1 << 12) {
            let states = (0..<6).map { code >> $0 & 1 }
            let symbols = (0..<6).map { code >> (6 + $0) & 1 }
            var probability = start[states[0]]
            for t in 0..<6 {
                if t > 0 { probability *= transition[states[t - 1] * 2 + states[t]] }
                probability *= emission[states[t] * 2 + symbols[t]]
            }
            let standing = try method.pValue(
                of: states[5], states: Array(states.dropLast()), symbols: symbols, using: &random)
            total += probability * standing.inclusionProbability(level: level)
        }
        return total
    }
}

/// What one way of making sets achieves.
private struct CoverageRow: Sendable {
    var name: String
    var coverage: Double
    var size: Double
    var paths: Int

    var error: Double { (coverage * (1 - coverage) / Double(paths)).squareRoot() }
    var low: Double { coverage - 2 * error }
    var high: Double { coverage + 2 * error }
}

/// Three states, sound, worn and failing, from a sound start; signals get less telling.
struct WearingMachine: Sendable {
    let transition = [0.97, 0.02, 0.01, 0.02, 0.95, 0.03, 0.02, 0.03, 0.95]
    let emission = [0.9, 0.06, 0.04, 0.25, 0.5, 0.25, 0.3, 0.3, 0.4]

    /// States and signals of `count` steps.
    func sample(_ count: Int, using random: inout Random) -> (states: [Int], symbols: [Int]) {
        func draw(_ row: ArraySlice<Double>) -> Int {
            let u = random.uniform()
            return u < row.first! ? 0 : u < row.first! + row[row.startIndex + 1] ? 1 : 2
        }
        var (states, symbols): ([Int], [Int]) = ([], [])
        for t in 0..<count {
            states.append(t == 0 ? 0 : draw(transition[states[t - 1] * 3..<states[t - 1] * 3 + 3]))
            symbols.append(draw(emission[states[t] * 3..<states[t] * 3 + 3]))
        }
        return (states, symbols)
    }
}
