import Cascades
import Foundation
import Inference
import Language
import Probability
import Reports

/// Programs over a language model, conditioned by several methods (paper 1).
struct LanguageModelCascades: Experiment {
    let id = "language-model-cascades"
    let paper = Paper(
        number: 1, title: "Language Model Cascades",
        source:
            "Dohan, Xu, Lewkowycz, Austin, Bieber, Gontijo Lopes, Wu, Michalewski, Saurous, Sohl-Dickstein, Murphy and Sutton, 2022"
    )
    let summary = """
        Scratchpad, chain of thought, verifier, STaR, selection-inference and tool use as programs of one language over \
        SmolLM2-135M-Instruct: sums in words, words by group and small chains of facts, generated. The same programs are \
        enumerated, sampled, resampled, rejected and moved by Metropolis-Hastings.
        """
    let claims = [
        Claim(
            "agreement",
            "Importance sampling, SMC, rejection and Metropolis-Hastings give the exact posterior of a thought given the answer: over 16 replicates each, no probability is more than 6 standard errors off."
        ),
        Claim(
            "marginal",
            "With the thought summed out, right answers have a higher mean log-probability than after the likeliest thought alone."
        ),
        Claim("scratchpad", "More sums are answered after work line by line than at once."),
        Claim("tools", "More sums are answered with a calculator than after work line by line."),
        Claim(
            "verifier",
            "Observing that the sum put the other way round has the same answer raises the probability of the right answer."
        ),
        Claim("star", "The log-likelihood of the training answers rises over the self-taught loop."),
        Claim(
            "star-held-out",
            "Right answers to held-out questions have a higher mean log-probability with the taught thoughts shown than without."
        ),
        Claim(
            "selection",
            "Selecting facts and inferring another one makes the right answer more probable than the facts alone do."),
    ]

    func run(_ context: ExperimentContext) async throws -> Findings {
        let model = RememberingLanguageModel(try ExperimentModels.load())
        var findings = Findings(
            data: "SmolLM2-135M-Instruct (Q4_1); generated sums, 48 words in three groups, chains of facts")
        try await posteriors(context, model, &findings)
        try await sums(context, model, &findings)
        try await verdicts(context, model, &findings)
        try await teaching(context, model, &findings)
        if context.size == .full {
            try await selections(context, model, &findings)
        } else {
            findings.leaveOpen("selection", "measured in full size only")
        }
        findings.notes.append(
            "The paper's tasks need models a thousand times larger; here each program has a task on which this one is between chance and perfect. STaR selects examples instead of training weights."
        )
        return findings
    }

    // MARK: Thoughts and answers among candidates

    private func posteriors(
        _ context: ExperimentContext, _ model: any LanguageModel, _ findings: inout Findings
    ) async throws {
        let form = Form(examples: WordGroups.examples(6))
        let answer = form.chosen(FieldName.answer, among: WordGroups.labels, by: model)
        let chain = ChainOfThought(
            thought: form.chosen(FieldName.thought, among: WordGroups.thoughts, by: model), answer: answer)
        let items = WordGroups.heldOut.prefix(context.scaled(quick: 2, full: 30))
        var random = Random(seed: context.seed).split(1)
        var summed: [Double] = []
        var greedy: [Double] = []
        for item in items {
            let law = try await ProgramEnumeration().run(chain.program, item.question).posterior.probabilities
            summed.append(log(law[item.answer] ?? 0))
            var known = [Field.question(item.question)]
            known.append(Field(FieldName.thought, try await chain.thought.answer(known).output))
            greedy.append(try await answer.scored(item.answer, given: known).logScore ?? -.infinity)
        }
        let (all, one) = (Comparison(summed), Comparison(greedy))
        findings.measure("ln p(answer), thought summed out", all.mean, standardError: all.standardError, unit: "nats")
        findings.measure("ln p(answer), likeliest thought", one.mean, standardError: one.standardError, unit: "nats")
        let gain = Comparison(summed, over: greedy)
        findings.decide(
            "marginal", difference: gain.mean, standardError: gain.standardError,
            "ln p(answer) with the thought summed out less that after the likeliest one, nats")

        var worst = 0.0
        var table = TextTable(columns: ["method", "largest deviation, standard errors"])
        let size = context.scaled(quick: 60, full: 1000)
        for method in PosteriorMethod.allCases {
            var deviation = 0.0
            for item in items.prefix(context.scaled(quick: 1, full: 3)) {
                let program = QuestionProgram { scope, question in
                    var known = [Field.question(question)]
                    known.append(Field(FieldName.thought, try await scope.ask("thought", chain.thought, known).output))
                    try await scope.observe("answer", answer, known, item.answer)
                    return known[FieldName.thought] ?? ""
                }
                let exact = try await ProgramEnumeration().run(program, item.question).posterior.probabilities
                var estimates: [[Double]] = []
                for _ in 0..<16 {
                    let law = try await method.probabilities(program, item.question, size: size, using: &random)
                    estimates.append(WordGroups.thoughts.map { law[$0] ?? 0 })
                }
                for (index, thought) in WordGroups.thoughts.enumerated() {
                    let found = Comparison(estimates.map { $0[index] })
                    // A thought that hardly any replicate came to: no less than as many plain draws would be off.
                    let probability = exact[thought] ?? 0
                    let plain = (probability * (1 - probability) / Double(16 * method.draws(size))).squareRoot()
                    deviation = max(
                        deviation,
                        abs(found.mean - probability) / max(found.standardError, plain, .leastNormalMagnitude))
                }
            }
            table.add([.text(method.rawValue), .number(deviation, significant: 3)])
            worst = max(worst, deviation)
        }
        findings.tables.append(("Posteriors of a thought against enumeration", table))
        findings.decide("agreement", worst < 6, "largest deviation \(Metric.text(worst)) standard errors")
    }

    // MARK: Sums in words

    private func sums(
        _ context: ExperimentContext, _ model: any LanguageModel, _ findings: inout Findings
    ) async throws {
        var random = Random(seed: context.seed).split(2)
        func draw(_ count: Int) -> [SumItem] {
            SumItem.draw(count, first: 6...19, rest: 2...9, takesAway: true, using: &random)
        }
        let shown = draw(6)
        let items = draw(context.scaled(quick: 2, full: 60))
        func form(_ fields: (SumItem) -> [Field]) -> Form {
            Form(examples: shown.map { [Field.question($0.inWords)] + fields($0) })
        }
        func written(_ form: Form, _ field: String) -> any FieldStage {
            form.written(field, by: model, sampling: .greedy, maximumTokens: 20)
        }
        let direct = form { [.answer($0.answer)] }
        let works = form { $0.work.map { Field(FieldName.work, $0) } + [.answer($0.answer)] }
        let calls = form { [Field(FieldName.calculation, $0.inSigns)] }
        let directAnswer = written(direct, FieldName.answer)
        let programs: [(name: String, program: QuestionProgram)] = [
            (
                "at once",
                QuestionProgram { scope, question in
                    try await scope.ask("answer", directAnswer, [.question(question)]).output
                }
            ),
            (
                "line by line",
                Scratchpad(
                    work: written(works, FieldName.work), answer: written(works, FieldName.answer), maximumLines: 2
                ).program
            ),
            ("calculator", ToolUse(call: written(calls, FieldName.calculation)).program),
        ]
        var right: [[Double]] = []
        for (name, program) in programs {
            var values: [Double] = []
            for item in items {
                let answer = try await program.simulate(item.inWords, using: &random)
                values.append(answer == item.answer ? 1 : 0)
            }
            let share = Comparison(values)
            findings.measure("sums right, \(name)", share.mean, standardError: share.standardError)
            right.append(values)
        }
        let (work, tool) = (Comparison(right[1], over: right[0]), Comparison(right[2], over: right[1]))
        findings.decide(
            "scratchpad", difference: work.mean, standardError: work.standardError,
            "share right line by line less at once")
        findings.decide(
            "tools", difference: tool.mean, standardError: tool.standardError,
            "share right with a calculator less line by line")
    }

    // MARK: Verdicts

    private func verdicts(
        _ context: ExperimentContext, _ model: any LanguageModel, _ findings: inout Findings
    ) async throws {
        var random = Random(seed: context.seed).split(3)
        func draw(_ count: Int) -> [SumItem] {
            SumItem.draw(count, first: 3...29, rest: 3...19, terms: 1, takesAway: false, using: &random)
        }
        let form = Form(examples: draw(8).map { [.question($0.inSigns), .answer($0.answer)] })
        let line = form.line(FieldName.answer, by: model, maximumTokens: 6)
        let verified = VerifiedAnswer(
            QuestionProgram { scope, question in try await scope.ask("answer", line, [.question(question)]).output },
            verifier: line
        ) { question, answer in
            let swapped = question.components(separatedBy: " + ").reversed().joined(separator: " + ")
            return VerifiedAnswer.Check([.question(swapped)], verdict: answer)
        }
        var before: [Double] = []
        var after: [Double] = []
        var votes: [Double] = []
        var weighted: [Double] = []
        for item in draw(context.scaled(quick: 2, full: 40)) {
            let posterior = try await LikelihoodWeighting(samples: context.scaled(quick: 4, full: 12), concurrency: 1)
                .run(verified.program, item.inSigns, using: &random)
            let outputs = posterior.runs.map(\.output)
            before.append(Double(outputs.count { $0 == item.answer }) / Double(outputs.count))
            after.append(posterior.probability { $0 == item.answer })
            var counts: [String: Int] = [:]
            for output in outputs { counts[output, default: 0] += 1 }
            let most = outputs.max { counts[$0, default: 0] < counts[$1, default: 0] }
            votes.append(most == item.answer ? 1 : 0)
            weighted.append(posterior.mode == item.answer ? 1 : 0)
        }
        for (name, values) in [
            ("p(right answer), generator", before), ("p(right answer), verdict observed", after),
            ("right by majority", votes), ("right by weight", weighted),
        ] {
            let mean = Comparison(values)
            findings.measure(name, mean.mean, standardError: mean.standardError)
        }
        let gain = Comparison(after, over: before)
        findings.decide(
            "verifier", difference: gain.mean, standardError: gain.standardError,
            "probability of the right answer with the verdict observed less without")
    }

    // MARK: Teaching itself

    private func teaching(
        _ context: ExperimentContext, _ model: any LanguageModel, _ findings: inout Findings
    ) async throws {
        let loop = SelfTaughtReasoner(
            problems: Array(WordGroups.training.prefix(context.scaled(quick: 3, full: 18))),
            examples: context.scaled(quick: 2, full: 6), sets: context.scaled(quick: 1, full: 5), seed: context.seed,
            chain: { examples in
                let form = Form(examples: examples)
                return ChainOfThought(
                    thought: form.written(FieldName.thought, by: model, maximumTokens: 16),
                    answer: form.chosen(FieldName.answer, among: WordGroups.labels, by: model))
            },
            hinted: { examples in
                Form(examples: examples.map { [$0[0], $0[2], $0[1]] })
                    .written(FieldName.thought, by: model, maximumTokens: 16)
            })
        var random = Random(seed: context.seed).split(4)
        var state = try await loop.start()
        let bare = loop.taught(state)
        var values = [state.logLikelihood]
        for _ in 0..<context.scaled(quick: 1, full: 4) {
            let info = try await loop.step(&state, using: &random)
            findings.measure("step \(state.steps): solved alone", Double(info.solved))
            findings.measure("step \(state.steps): rationalised", Double(info.rationalised))
            values.append(state.logLikelihood)
        }
        for (step, value) in values.enumerated() {
            findings.measure("training ln p(answer) after step \(step)", value, unit: "nats")
        }
        findings.charts.append(
            (
                "The self-taught loop",
                Chart(
                    "Training answers grow likelier", x: Axis("step"), y: Axis("mean ln p(answer), nats"),
                    series: [
                        Series(
                            "training questions",
                            points: values.enumerated().map { ChartPoint(Double($0.offset), $0.element) })
                    ])
            ))
        // It can't fall, because a set is only replaced by a better one; whether there is a better one is the question.
        let rises = values[values.count - 1] > values[0]
        let measured = "mean ln p(answer) by step: " + values.map(Metric.text).joined(separator: ", ")
        if !rises, context.size == .quick {
            findings.leaveOpen("star", measured + "; no better set was found in the quick size")
        } else {
            findings.decide("star", rises, measured + (rises ? "" : "; no better set was found"))
        }
        findings.notes.append(
            "Thoughts shown in the end: "
                + state.shown.map { "\(loop.problems[$0.problem].answer): \($0.thought)" }.joined(separator: " | "))
        guard context.size == .full else {
            findings.leaveOpen("star-held-out", "measured in full size only")
            return
        }
        var gains: [Double] = []
        let taught = loop.taught(state)
        for item in WordGroups.heldOut.prefix(24) {
            var laws: [[String: Double]] = []
            for chain in [bare, taught] {
                var stream = random.split(9)
                laws.append(try await chain.marginal(item.question, thoughts: 4, using: &stream))
            }
            gains.append(log(laws[1][item.answer] ?? 0) - log(laws[0][item.answer] ?? 0))
        }
        let gain = Comparison(gains)
        findings.decide(
            "star-held-out", difference: gain.mean, standardError: gain.standardError,
            "held-out ln p(answer) with taught thoughts less without, nats")
    }

    // MARK: Facts

    private func selections(
        _ context: ExperimentContext, _ model: any LanguageModel, _ findings: inout Findings
    ) async throws {
        let kinds = ["dog", "cat", "horse", "bird", "fish", "pig"]
        let traits = ["loud", "shy", "slow", "old", "red", "big"]
        let names = ["Rex", "Tom", "Max", "Sam", "Leo", "Kim"]
        let inferences = Form(examples: [
            [
                Field(SelectionInference.selected, "Bob is a sheep."),
                Field(SelectionInference.selected, "Every sheep is white."),
                Field(FieldName.inference, "Bob is white."),
            ],
            [
                Field(SelectionInference.selected, "Every cow is fat."),
                Field(SelectionInference.selected, "Ann is a cow."),
                Field(FieldName.inference, "Ann is fat."),
            ],
        ])
        var random = Random(seed: context.seed).split(5)
        var gains: [Double] = []
        for index in 0..<12 {
            let (other, isFirst) = ((index + 1 + index / kinds.count) % kinds.count, random.bernoulli(0.5))
            let kind = index % kinds.count
            let (right, wrong) = (traits[kind], traits[other])
            let question = SelectionInference.Question(
                facts: [
                    "\(names[kind]) is a \(kinds[kind]).", "Every \(kinds[kind]) is \(right).",
                    "Every \(kinds[other]) is \(wrong).",
                ],
                question: "Is \(names[kind]) \(isFirst ? right : wrong) or \(isFirst ? wrong : right)?")
            let answer = Form().chosen(FieldName.answer, among: [right, wrong], by: model)
            let program = SelectionInference(
                select: Form().chosen(
                    SelectionInference.selected, by: model, among: SelectionInference.candidates),
                infer: inferences.chosen(
                    FieldName.inference, among: [right, wrong].map { "\(names[kind]) is \($0)." }, by: model),
                answer: answer)
            let law = try await ProgramEnumeration().run(program.program, question).posterior.probabilities
            let known = question.facts.map { Field(FieldName.fact, $0) } + [.question(question.question)]
            let bare = try await answer.scored(right, given: known).logScore ?? -.infinity
            gains.append((law[right] ?? 0) - exp(bare))
            if index == 0 { findings.measure("p(right answer) from facts alone, first item", exp(bare)) }
        }
        let gain = Comparison(gains)
        findings.decide(
            "selection", difference: gain.mean, standardError: gain.standardError,
            "probability of the right answer after selection and inference less from the facts alone")
    }
}

/// How a program is conditioned.
private enum PosteriorMethod: String, CaseIterable {
    case importance = "importance sampling"
    case smc = "SMC by re-execution"
    case rejection
    case metropolisHastings = "Metropolis-Hastings"

    /// How many draws a replicate of `size` comes to.
    func draws(_ size: Int) -> Int { self == .rejection ? size / 5 : size }

    /// The posterior probabilities of the outputs from about `size` runs, one after the other.
    func probabilities(
        _ program: QuestionProgram, _ question: String, size: Int, using random: inout Random
    ) async throws -> [String: Double] {
        switch self {
        case .importance:
            return try await LikelihoodWeighting(samples: size, concurrency: 1)
                .run(program, question, using: &random).probabilities
        case .smc:
            return try await ReexecutionSMC(particles: size, concurrency: 1)
                .run(program, question, using: &random).probabilities
        case .rejection:
            return try await RejectionSampling(samples: draws(size), concurrency: 1)
                .run(program, question, using: &random).probabilities
        case .metropolisHastings:
            let outputs = try await ProgramChains(chains: 1, steps: size, concurrency: 1)
                .run(program, question, using: &random).flatMap(\.outputs)
            return Dictionary(outputs.map { ($0, 1 / Double(outputs.count)) }, uniquingKeysWith: +)
        }
    }
}
