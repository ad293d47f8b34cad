import Cascades
import Probability
import Reports

/// Open learners as open games (paper 182).
struct OpenGames: Experiment {
    let id = "open-games"
    let paper = Paper(
        number: 182, title: "From open learners to open games", source: "Hedges, 2019, arXiv 1902.08666")
    let summary = """
        Learners that do something arbitrary on small finite sets, gone through case by case, and two-layer networks under \
        gradient descent at random points: is the game of a composition the composition of the games, and is it in \
        equilibrium where the learner rests? A network's players then respond in turns.
        """
    let claims = [
        Claim(
            "functor",
            "the game of a composed learner has the moves, coutilities and best responses of the composed games in every case"
        ),
        Claim("equilibria", "profiles of the composed game are equilibria in exactly the cases where the update rests"),
        Claim(
            "gradient",
            "one lesson of a two-layer network differs from that of its layers' composed learners by less than 1e-12 of the largest number"
        ),
    ]

    func run(_ context: ExperimentContext) throws -> Findings {
        let learners = context.scaled(quick: 50, full: 1000)
        let points = context.scaled(quick: 200, full: 5000)
        var random = Random(seed: context.seed)
        var tally = GameTally()
        for _ in 0..<learners { tally.add(using: &random) }
        let layers = LayerLessons(points: points, using: &random)

        var findings = Findings(data: "\(learners) random pairs of finite learners, \(points) random networks")
        findings.measure("cases", Double(tally.cases))
        findings.measure("cases in which the games differ", Double(tally.differences))
        findings.measure("equilibria", Double(tally.equilibria))
        findings.measure("profiles at rest and no equilibrium, or the reverse", Double(tally.mismatches))
        findings.measure("largest difference of a lesson", layers.largest)
        findings.decide("functor", tally.differences == 0, "\(tally.differences) of \(tally.cases) cases differ")
        findings.decide(
            "equilibria", tally.mismatches == 0 && tally.equilibria > 0,
            "\(tally.mismatches) mismatches, \(tally.equilibria) equilibria")
        findings.decide("gradient", layers.largest < 1e-12, "largest difference \(layers.largest) of \(points) lessons")

        var table = TextTable(columns: ["what is compared", "cases", "violations"])
        table.add(["best responses, moves and coutilities", .count(tally.cases), .count(tally.differences)])
        table.add(["equilibria and rest", .count(tally.profiles), .count(tally.mismatches)])
        table.add(["lessons of networks, to 1e-12", .count(points), .count(layers.violations)])
        findings.tables.append(("Violations", table))
        findings.charts.append(("Best responses in turns", Self.responses(using: &random)))
        return findings
    }

    /// How far a network's players move in each round of best responses to one example.
    private static func responses(using random: inout Random) -> Chart {
        let layers = LayerLessons.layers(rate: 0.1)
        let game = layers.first.game >>> layers.second.game
        var profile = Pair(LayerLessons.normals(9, &random), LayerLessons.normals(8, &random))
        let (input, target) = (LayerLessons.normals(2, &random), [0.5, -0.25])
        var points: [ChartPoint] = []
        for round in 1...40 {
            // The composed game's relation has one best response: both players' lessons.
            let next = (game.first.learner >>> game.second.learner).learn(profile, input) { _ in target }.parameters
            let moves = zip(next.first + next.second, profile.first + profile.second).map { $0 - $1 }
            points.append(ChartPoint(Double(round), moves.reduce(0) { $0 + $1 * $1 }.squareRoot()))
            profile = next
        }
        return Chart(
            "Distance moved by the best response", x: Axis("round"), y: Axis("distance", includesZero: true),
            series: [Series("two-layer network, one example", points: points)])
    }
}

/// Counts over finite learners.
private struct GameTally {
    var cases = 0
    var differences = 0
    var profiles = 0
    var equilibria = 0
    var mismatches = 0

    /// Draws two learners, with 2 and 3 parameters, and goes through every case.
    mutating func add(using random: inout Random) {
        let first = Self.learner(parameters: 2, inputs: 2, outputs: 3, &random)
        let second = Self.learner(parameters: 3, inputs: 3, outputs: 2, &random)
        let learner = first >>> second
        let (whole, parts) = (learner.game, first.game >>> second.game)
        let all = (0..<6).map { Pair($0 / 3, $0 % 3) }
        for profile in all {
            for input in 0..<2 {
                for worth in [[0, 0], [0, 1], [1, 0], [1, 1]] {
                    func continuation(_ move: Int) -> Int { worth[move] }
                    var same = whole.play(profile, input) == parts.play(profile, input)
                    same =
                        same
                        && (0..<2).allSatisfy {
                            whole.coplay(profile, input, $0) == parts.coplay(profile, input, $0)
                        }
                    for next in all {
                        let one = whole.isBestResponse(
                            next, to: profile, observing: input, continuation: continuation)
                        let two = parts.isBestResponse(
                            next, to: profile, observing: input, continuation: continuation)
                        same = same && one == two
                    }
                    cases += 1
                    if !same { differences += 1 }
                    let target = continuation(learner.implement(profile, input))
                    let rests = learner.update(profile, input, toward: target) == profile
                    let balanced = parts.isEquilibrium(profile, observing: input, continuation: continuation)
                    profiles += 1
                    if balanced { equilibria += 1 }
                    if rests != balanced { mismatches += 1 }
                }
            }
        }
    }

    /// A learner with random tables.
    static func learner(
        parameters: Int, inputs: Int, outputs: Int, _ random: inout Random
    ) -> FunctionLearner<Int, Int, Int> {
        let answers = (0..<parameters * inputs).map { _ in random.integer(below: outputs) }
        let updates = (0..<parameters * inputs * outputs).map { _ in random.integer(below: parameters) }
        let requests = (0..<parameters * inputs * outputs).map { _ in random.integer(below: inputs) }
        return FunctionLearner(
            implement: { p, x in answers[p * inputs + x] },
            update: { p, x, y in updates[(p * inputs + x) * outputs + y] },
            request: { p, x, y in requests[(p * inputs + x) * outputs + y] })
    }
}

/// Lessons of a two-layer network, whole and in parts.
private struct LayerLessons {
    typealias Layer = SmoothSequence<AffineMap, ElementwiseMap>
    var largest = 0.0
    var violations = 0

    init(points: Int, using random: inout Random) {
        let layers = Self.layers(rate: 0.1)
        let whole = GradientLearner(layers.first.map >>> layers.second.map, rate: 0.1)
        for _ in 0..<points {
            let (p, q) = (Self.normals(9, &random), Self.normals(8, &random))
            let (x, y) = (Self.normals(2, &random), Self.normals(2, &random))
            let one = whole.learn(p + q, x) { _ in y }
            let two = layers.learn(Pair(p, q), x) { _ in y }
            let difference = largestDifference(
                one.parameters + one.request, two.parameters.first + two.parameters.second + two.request)
            largest = max(largest, difference)
            if !(difference < 1e-12) { violations += 1 }
        }
    }

    static func layers(rate: Double) -> SequenceLearner<GradientLearner<Layer>, GradientLearner<Layer>> {
        let hidden = AffineMap(inputs: 2, outputs: 3) >>> ElementwiseMap(.hyperbolicTangent, count: 3)
        let output = AffineMap(inputs: 3, outputs: 2) >>> ElementwiseMap(.hyperbolicTangent, count: 2)
        return GradientLearner(hidden, rate: rate) >>> GradientLearner(output, rate: rate)
    }

    static func normals(_ count: Int, _ random: inout Random) -> [Double] {
        (0..<count).map { _ in random.normal() }
    }
}
