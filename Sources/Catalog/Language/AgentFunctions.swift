import Cascades
import Foundation
import Language
import Probability
import Reports

/// Functions as trainable parameters, with roll-back and early stop (paper 207).
struct AgentFunctions: Experiment {
    let id = "agent-optimizer"
    let paper = Paper(
        number: 207, title: "Training Language Model Agents without Modifying Language Models",
        source: "Zhang, Zhang, Liu, Song, Wang, Krishna and Wu, 2024")
    let summary = """
        An agent without functions gets questions about lists of numbers. Step by step an optimiser adds and revises functions \
        by what failed, found by a search of a sandboxed language, every second time with a careless change beside it. With \
        and without roll-back, with and without early stop; and with functions that a small language model writes.
        """
    let claims = [
        Claim(
            "rises", "Right answers to questions held out are more frequent after training than after its first step."),
        Claim(
            "roll-back", "With careless changes, training with roll-back ends with more right answers than without."),
        Claim(
            "early-stop",
            "Without roll-back, the functions that early stop gives answer more than those at the end of all steps."),
        Claim("written", "Functions written by SmolLM2-135M raise the share of right answers to questions held out."),
    ]

    func run(_ context: ExperimentContext) async throws -> Findings {
        let (kinds, seeds, steps) = context.scaled(quick: (4, 2, 6), full: (ListTasks.kinds.count, 12, 24))
        var search = ScriptSearch()
        (search.maximumSize, search.maximumCount) = (5, 6_000)
        let agent = FunctionAgent(chooser: FunctionAgent.wordChooser)
        let variants: [(name: String, careless: Double, rollsBack: Bool, patience: Int?)] = [
            ("careful", 0, true, nil), ("careless, roll-back", 0.5, true, nil), ("careless", 0.5, false, nil),
            ("careless, early stop", 0.5, false, 4), ("careless, both", 0.5, true, 4),
        ]
        var curves: [String: [[Double]]] = [:]
        var ends: [String: [Double]] = [:]
        var tries: [String: [Double]] = [:]
        for seed in 0..<UInt64(seeds) {
            var random = Random(seed: context.seed).split(seed)
            let training = try ListTasks.questions(kinds: kinds, each: 4, using: &random)
            let heldOut = try ListTasks.questions(kinds: kinds, each: 6, using: &random)
            for variant in variants {
                var optimizer = AgentOptimizer(
                    task: agent, proposer: CarelessProposer(base: SearchProposer(search), share: variant.careless))
                optimizer.rollsBack = variant.rollsBack
                optimizer.patience = variant.patience
                optimizer.maximumSteps = steps
                var stream = random.split(1)
                var state = try await optimizer.start(FunctionSet(), training: training)
                var curve = [0.0]
                var count = training.count
                while state.ending == nil {
                    let info = try await optimizer.step(&state, using: &stream)
                    if !info.edits.isEmpty { count += training.count }
                    curve.append(try await share(agent, heldOut, state.functions))
                }
                // Training that is over stays where it is.
                curve += [Double](repeating: curve.last!, count: steps + 1 - curve.count)
                curves[variant.name, default: []].append(curve)
                let given = variant.patience == nil ? state.functions : state.best
                ends[variant.name, default: []].append(try await share(agent, heldOut, given))
                tries[variant.name, default: []].append(Double(count))
            }
        }
        var findings = Findings(
            data:
                "\(kinds) kinds of questions about lists of numbers, 4 of each to train on and 6 held out, \(seeds) seeds, \(steps) steps at most"
        )
        var table = TextTable(
            columns: ["training", "right, held out", "attempts"].map { .init($0) })
        for variant in variants {
            let (end, count) = (Comparison(ends[variant.name]!), Comparison(tries[variant.name]!))
            table.add([
                .text(variant.name), .text(String(format: "%.3f ± %.3f", end.mean, end.standardError)),
                .text(String(format: "%.0f", count.mean)),
            ])
            findings.measure(
                "right answers held out, \(variant.name)", end.mean, standardError: end.standardError)
            findings.measure("attempts, \(variant.name)", count.mean, standardError: count.standardError)
        }
        table.notes = [
            "Mean and standard error over seeds. Early stop gives the best functions by the training questions."
        ]
        findings.tables.append(("After training", table))
        findings.charts.append(
            (
                "Right answers held out, step by step",
                Chart(
                    "Learning functions", x: Axis("steps"), y: Axis("right answers held out"),
                    series: variants.prefix(3).map { variant in
                        let own = curves[variant.name]!
                        return Series(
                            variant.name,
                            points: (0...steps).map { step in
                                ChartPoint(Double(step), own.reduce(0) { $0 + $1[step] } / Double(seeds))
                            })
                    })
            ))
        func compare(_ claim: String, _ a: [Double], _ b: [Double], _ what: String) {
            let gain = Comparison(a, over: b)
            findings.decide(claim, difference: gain.mean, standardError: gain.standardError, what)
        }
        let careful = curves["careful"]!
        compare(
            "rises", careful.map { $0[steps] }, careful.map { $0[1] },
            "right answers, after the last step less after the first")
        compare(
            "roll-back", ends["careless, roll-back"]!, ends["careless"]!, "right answers, with roll-back less without")
        compare(
            "early-stop", ends["careless, early stop"]!, ends["careless"]!,
            "right answers, early stop less all steps")
        try await write(agent, kinds, context, &findings)
        findings.notes = [
            "The paper has GPT-4 propose changes; here a search of the sandbox's language does, and a language model of 135M in the last part.",
            "The agent chooses a function by the words that it shares with the instruction.",
        ]
        return findings
    }

    /// Training on what a language model writes.
    private func write(
        _ agent: FunctionAgent, _ kinds: Int, _ context: ExperimentContext, _ findings: inout Findings
    ) async throws {
        let model = try ExperimentModels.load()
        let (seeds, steps) = context.scaled(quick: (2, 2), full: (6, 40))
        var (gains, readable): ([Double], [Double]) = ([], [])
        for seed in 0..<UInt64(seeds) {
            var random = Random(seed: context.seed).split(1000 + seed)
            let training = try ListTasks.questions(kinds: kinds, each: 4, using: &random)
            let heldOut = try ListTasks.questions(kinds: kinds, each: 6, using: &random)
            var optimizer = AgentOptimizer(task: agent, proposer: WrittenProposer(model))
            optimizer.patience = nil
            optimizer.maximumSteps = steps
            let state = try await optimizer.optimize(FunctionSet(), training: training, using: &random) { _, info in
                readable.append(info.edits.isEmpty ? 0 : 1)
                return true
            }
            gains.append(try await share(agent, heldOut, state.functions))
        }
        let (gain, legible) = (Comparison(gains), Comparison(readable))
        findings.measure(
            "right answers held out, functions that a model wrote", gain.mean, standardError: gain.standardError)
        findings.measure(
            "share of texts that the sandbox can read", legible.mean, standardError: legible.standardError)
        findings.decide(
            "written", difference: gain.mean, standardError: gain.standardError,
            "right answers held out after \(steps) proposals, over none before")
    }

    private func share(
        _ agent: FunctionAgent, _ items: [FunctionQuestion], _ functions: FunctionSet
    ) async throws -> Double {
        var right = 0.0
        for item in items { right += try await agent.attempt(item, with: functions).score }
        return right / Double(items.count)
    }
}

/// Questions about lists of numbers: what is to be done in words, and the calculation that does it.
enum ListTasks {
    static let kinds: [(instruction: String, body: String)] = [
        ("largest less smallest", "maximum(x) - minimum(x)"),
        ("sum of even numbers", "sum(filter(x, n -> n % 2 == 0))"),
        ("total of squares", "sum(map(x, n -> n * n))"),
        ("how many positive", "length(filter(x, n -> n > 0))"),
        ("second in descending order", "reverse(sort(x))[1]"),
        ("greatest distance from zero", "maximum(map(x, n -> absolute(n)))"),
        ("first plus last", "x[0] + reverse(x)[0]"), ("everything but the top", "sum(x) - maximum(x)"),
        ("double the lowest", "minimum(x) * 2"), ("product of opening pair", "x[0] * x[1]"),
    ]

    /// `each` questions of each of the first `kinds` kinds.
    static func questions(kinds count: Int, each: Int, using random: inout Random) throws -> [FunctionQuestion] {
        var questions: [FunctionQuestion] = []
        for kind in kinds.prefix(count) {
            for _ in 0..<each {
                let numbers = random.sample(3 + random.integer(below: 4), outOf: 30).map { $0 - 9 }
                let input = "[" + numbers.map(String.init).joined(separator: ", ") + "]"
                let expected = try Script("let x = \(input); \(kind.body)").run().description
                questions.append(FunctionQuestion(instruction: kind.instruction, input: input, expected: expected))
            }
        }
        return questions
    }
}

/// A proposer that now and then makes a careless change, too: a function removed, or one that does something else.
private struct CarelessProposer: FunctionProposer {
    let base: SearchProposer
    /// How often.
    let share: Double

    func edits(
        to functions: FunctionSet, after attempts: [AgentAttempt<FunctionQuestion>], withdrawn: [FunctionEdit],
        using random: inout Random
    ) async throws -> [FunctionEdit] {
        // First, so that all variants draw the same chance.
        let isCareless = random.uniform() < share
        let place = random.integer(below: max(1, functions.functions.count))
        let body = ["sum(x)", "length(x)", "x[0]", "maximum(x)", "minimum(x)"][random.integer(below: 5)]
        let isRemoval = random.bernoulli(0.3)
        var edits = try await base.edits(to: functions, after: attempts, withdrawn: withdrawn, using: &random)
        if isCareless, !functions.functions.isEmpty {
            var function = functions.functions[place]
            function.body = body
            edits.insert(isRemoval ? .remove(name: function.name) : .revise(function), at: 0)
        }
        return edits
    }
}
