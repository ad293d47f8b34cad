import Cascades
import Probability
import Reports

/// Differentiable causal computations with feedback (paper 206).
struct DelayedTrace: Experiment {
    let id = "delayed-trace"
    let paper = Paper(
        number: 206, title: "Differentiable Causal Computations via Delayed Trace",
        source: "Sprunger and Katsumata, 2019, arXiv 1903.01093")
    let summary = """
        A gated recurrent unit and Elman's network on random series. The derivative runs as a causal map of its own, step \
        by step, with the state's tangent as the only memory; it is compared with backpropagation through the network \
        unrolled on a tape. The laws of composition and feedback are compared on both sides.
        """
    let claims = [
        Claim(
            "unrolled",
            "the gradient without unrolling differs from backpropagation through the unrolled network by less than 1e-12 of its largest number, at every length"
        ),
        Claim(
            "forward",
            "the derivative in a random direction, run forward, differs from the gradient's product with it by less than 1e-12 of the size"
        ),
        Claim(
            "laws",
            "chain rule, tightening, superposing, vanishing and the derivative of feedback hold to 1e-12 of the size"),
        Claim(
            "memory",
            "forward, the derivative keeps two numbers a unit at any length; backward, checkpoints keep fewer states than twice the root of the length plus 1"
        ),
    ]

    func run(_ context: ExperimentContext) throws -> Findings {
        let lengths = context.scaled(quick: [4, 16, 64, 256], full: [4, 16, 64, 256, 1024, 4096])
        let series = context.scaled(quick: 5, full: 20)
        let hidden = 8
        var random = Random(seed: context.seed)
        let map = GatedRecurrentCell(inputs: 3, hidden: hidden).causal
        var findings = Findings(
            data: "\(series) random series a length, gated recurrent unit with \(hidden) hidden units")
        func normals(_ count: Int, _ scale: Double = 1) -> [Double] { (0..<count).map { _ in scale * random.normal() } }

        var (unrolled, forward, fewest) = (0.0, 0.0, true)
        var table = TextTable(columns: [
            "steps", "gradient against the unrolled network", "forward against backward", "states held",
            "with checkpoints",
            "numbers held forward",
        ])
        var (backwardPoints, sparsePoints): ([ChartPoint], [ChartPoint]) = ([], [])
        for steps in lengths {
            var (first, second, held, sparseHeld) = (0.0, 0.0, 0, 0)
            for _ in 0..<series {
                let (p, dp) = (normals(map.parameterCount, 0.5), normals(map.parameterCount))
                let (x, dx) = (normals(steps * map.inputCount), normals(steps * map.inputCount))
                let w = normals(steps * map.outputCount)
                let result = try map.gradient(of: w, inputs: x, parameters: p)
                var reference = [Double](repeating: 0, count: p.count)
                let inputs = map.unrolled(steps: steps).tapedPullback(
                    w.span, parameters: p.span, input: x.span, addingTo: &reference, at: 0)
                first = max(first, largestDifference(result.parameters + result.inputs, reference + inputs))

                let dy = try map.derivative(x, inputTangents: dx, parameters: p, parameterTangents: dp)
                let (terms, others) = (
                    zip(w, dy).map { $0 * $1 }, zip(result.parameters + result.inputs, dp + dx).map { $0 * $1 }
                )
                // Terms of both signs: what rounds is their size, not their sum's.
                let size = max(1, terms.reduce(0) { $0 + abs($1) })
                second = max(second, abs(terms.reduce(0, +) - others.reduce(0, +)) / size)

                let root = max(1, Int(Double(steps).squareRoot()))
                let sparse = try map.gradient(of: w, inputs: x, parameters: p, checkpointEvery: root)
                if sparse.parameters != result.parameters { fewest = false }
                (held, sparseHeld) = (result.statesHeld, sparse.statesHeld)
            }
            if Double(sparseHeld) >= 2 * Double(steps).squareRoot() + 1 { fewest = false }
            unrolled = max(unrolled, first)
            forward = max(forward, second)
            let numbers = map.tangent.stateCount
            if numbers != 2 * map.stateCount { fewest = false }
            table.add([
                .count(steps), .number(first), .number(second), .count(held), .count(sparseHeld), .count(numbers),
            ])
            findings.measure("gradient against the unrolled network, \(steps) steps", first)
            findings.measure("states held with checkpoints, \(steps) steps", Double(sparseHeld))
            backwardPoints.append(ChartPoint(Double(steps), Double(held)))
            sparsePoints.append(ChartPoint(Double(steps), Double(sparseHeld)))
        }
        findings.tables.append(("Differences and memory by length", table))
        findings.charts.append(
            (
                "Memory against length",
                Chart(
                    "States held for the gradient", x: Axis("steps", scale: .logarithmic),
                    y: Axis("states", scale: .logarithmic),
                    series: [
                        Series("every state", points: backwardPoints), Series("checkpoints", points: sparsePoints),
                    ])
            ))

        var laws = LawDifferences(series: series, random: random)
        try laws.measure()
        var lawTable = TextTable(columns: ["law", "largest difference"])
        for (law, difference) in laws.differences {
            lawTable.add([.text(law), .number(difference)])
            findings.measure("violation: \(law)", difference)
        }
        findings.tables.append(("Laws", lawTable))
        let worst = laws.differences.map(\.1).max() ?? .infinity

        findings.decide("unrolled", unrolled < 1e-12, "largest difference \(unrolled)")
        findings.decide("forward", forward < 1e-12, "largest difference \(forward)")
        findings.decide("laws", worst < 1e-12, "largest difference \(worst) of \(laws.differences.count) laws")
        findings.decide(
            "memory", fewest,
            "\(map.tangent.stateCount) numbers forward for \(map.stateCount) units; backward see the table")
        return findings
    }
}

/// How far both sides of each law are apart on random series.
private struct LawDifferences {
    var series: Int
    var random: Random
    var differences: [(String, Double)] = []

    mutating func measure() throws {
        let mixing = CausalMap(AffineMap(inputs: 4, outputs: 4) >>> ElementwiseMap(.hyperbolicTangent, count: 4))
        let map = mixing >>> CausalMap.elman(inputs: 4, hidden: 4)
        let elman = CausalMap.elman(inputs: 2, hidden: 2)
        let start = [0.5, -0.25]
        let wire = CausalMap(Rewiring.identity(2))
        let traced = map.delayedTrace(from: start)
        try compare("chain rule", (elman >>> traced).tangent, elman.tangent >>> traced.tangent)
        try compare("tightening in front", elman >>> traced, ((wire *** elman) >>> map).delayedTrace(from: start))
        try compare("tightening behind", traced >>> elman, (map >>> (wire *** elman)).delayedTrace(from: start))
        try compare("superposing", traced *** elman, (map *** elman).delayedTrace(from: start))
        try compare(
            "vanishing", traced, map.delayedTrace(from: [start[0]]).delayedTrace(from: [start[1]]))
        try compare(
            "derivative of feedback", traced.tangent,
            map.tangent.delayedTrace(from: interleaved(start, [0, 0])))
        let delay = CausalMap(Rewiring.swap(2, 2)).delayedTrace(from: start)
        let x = (0..<40).map { _ in random.normal() }
        differences.append(
            ("an exchange fed back is a delay", largestDifference(try delay.run(x), Array((start + x).prefix(40)))))
    }

    private mutating func compare<L: SmoothMap, R: SmoothMap>(
        _ law: String, _ left: CausalMap<L>, _ right: CausalMap<R>
    ) throws {
        var largest = 0.0
        for _ in 0..<series {
            let p = (0..<left.parameterCount).map { _ in random.normal() }
            let x = (0..<20 * left.inputCount).map { _ in random.normal() }
            largest = max(largest, largestDifference(try left.run(x, parameters: p), try right.run(x, parameters: p)))
        }
        differences.append((law, largest))
    }
}
