import Cascades
import Foundation
import Language
import NumericalMethods
import Probability
import Reports

/// Tree search over steps of reasoning, step values, and a reward learned from them (paper 169).
struct SlowThinking: Experiment {
    let id = "slow-thinking"
    let paper = Paper(
        number: 169, title: "MedS^3: Towards Medical Small Language Models with Self-Evolved Slow Thinking",
        source: "Jiang, Liao, Chen, Huang, Zhang, Gao and Wang, 2025")
    let summary = """
        SmolLM2-135M-Instruct adds three numbers, a line a step. Monte Carlo tree search on questions with known answers gives \
        steps their values by roll-outs; a logistic regression learns these values from what the model's own \
        log-probabilities say of a chain, and of its sums the other way round. On new questions it chooses among sampled \
        chains and guides a search that knows no answers.
        """
    let claims = [
        Claim(
            "values",
            "The search's value of a right first step is higher than that of a wrong one: mean difference over questions above 0."
        ),
        Claim(
            "reward", "On new questions the learned reward of right chains is higher than that of wrong ones."),
        Claim("best-of-n", "The best of n chains by the learned reward is right more often than a single chain."),
        Claim("best-vote", "The best of n chains by the learned reward is right more often than the majority of them."),
        Claim("search", "A search guided by the learned reward is right more often than a single chain."),
        Claim(
            "search-vote",
            "A search guided by the learned reward is right more often than the majority of n chains of as many steps."),
    ]

    func run(_ context: ExperimentContext) async throws -> Findings {
        try await run(context, over: try ExperimentModels.load())
    }

    /// The experiment over any model that scores given texts.
    func run(_ context: ExperimentContext, over base: any LanguageModel) async throws -> Findings {
        let model = RememberingLanguageModel(base)
        var random = Random(seed: context.seed)
        func draw(_ count: Int) -> [SumItem] {
            SumItem.draw(count, first: 3...19, rest: 2...9, takesAway: false, using: &random)
        }
        let reasoner = SumReasoner(model: model, shown: draw(6), width: context.scaled(quick: 2, full: 4))
        let training = draw(context.scaled(quick: 2, full: 24))
        let testing = draw(context.scaled(quick: 2, full: 48))
        var findings = Findings(
            data:
                "SmolLM2-135M-Instruct (Q4_1) on generated sums of three numbers, \(training.count) to learn from and \(testing.count) new ones"
        )

        // Searches with known answers.
        var trees: [SearchTree<ReasoningState>] = []
        var gaps: [Double] = []
        let progress = context.progress.begin("questions", total: training.count + testing.count)
        for item in training {
            let space = reasoner.space { $0.answer == item.answer ? 1 : 0 }
            let tree = try await TreeSearch(space).run(
                ReasoningState(question: item.inSigns), simulations: context.scaled(quick: 6, full: 20), using: &random)
            trees.append(tree)
            var values: [Bool: [Double]] = [:]
            for node in tree.nodes where node.depth == 1 && node.visits > 0 {
                values[node.state.steps[0] == item.work[0], default: []].append(node.mean)
            }
            if let right = values[true], let wrong = values[false] {
                gaps.append(right.reduce(0, +) / Double(right.count) - wrong.reduce(0, +) / Double(wrong.count))
            }
            progress.advance()
        }
        findings.measure("questions with right and wrong first steps", Double(gaps.count))
        if gaps.count > 1 {
            let gap = Comparison(gaps)
            findings.decide(
                "values", difference: gap.mean, standardError: gap.standardError,
                "value of right first steps less that of wrong ones")
        } else {
            findings.leaveOpen("values", "\(gaps.count) questions had right and wrong first steps")
        }
        let reward = try await ProcessReward(trees: trees, features: reasoner.features)

        // New questions.
        let count = context.scaled(quick: 3, full: 8)
        var single: [Double] = []
        var vote: [Double] = []
        var best: [Double] = []
        var search: [Double] = []
        var rewards: [Bool: [Double]] = [:]
        // Right answers among the first k chains of each question, summed over questions.
        var voteOfFirst = [Double](repeating: 0, count: count)
        var bestOfFirst = [Double](repeating: 0, count: count)
        for item in testing {
            let space = reasoner.space(estimate: { try await reward.value(of: $0) }) { try await reward.value(of: $0) }
            let start = ReasoningState(question: item.inSigns)
            var chains: [ReasoningState] = []
            func isRight(_ answer: String?) -> Double { answer == item.answer ? 1 : 0 }
            var counts: [String: Int] = [:]
            var leading: (answer: String?, value: Double)?
            for first in 0..<count {
                let chain = try await space.rollOut(start, using: &random)
                let value = try await reward.value(of: chain)
                rewards[chain.answer == item.answer, default: []].append(value)
                if leading.map({ value > $0.value }) ?? true { leading = (chain.answer, value) }
                chains.append(chain)
                counts[chain.answer ?? "", default: 0] += 1
                let most = chains.max { counts[$0.answer ?? "", default: 0] < counts[$1.answer ?? "", default: 0] }
                voteOfFirst[first] += isRight(most?.answer)
                bestOfFirst[first] += isRight(leading?.answer)
                if first == count - 1 {
                    vote.append(isRight(most?.answer))
                    best.append(isRight(leading?.answer))
                }
            }
            single.append(chains.reduce(0) { $0 + isRight($1.answer) } / Double(count))
            // Each opening draws as many steps as the space is wide; so many as n chains have.
            let simulations = context.scaled(quick: 5, full: 14)
            let tree = try await TreeSearch(space).run(start, simulations: simulations, using: &random)
            // A path may end before an answer: the model goes on from there without chance.
            let end = try await space.likeliest(tree.nodes[tree.bestPath[tree.bestPath.count - 1]].state)
            search.append(isRight(end.answer))
            progress.advance()
        }
        progress.finish()
        var table = TextTable(columns: ["method", "right", "standard error"])
        for (name, values) in [
            ("a single chain", single), ("majority of \(count)", vote), ("best of \(count) by reward", best),
            ("search by reward", search),
        ] {
            let share = Comparison(values)
            findings.measure("right, \(name)", share.mean, standardError: share.standardError)
            table.add([
                .text(name), .number(share.mean, significant: 3), .number(share.standardError, significant: 2),
            ])
        }
        findings.tables.append(("New questions", table))
        findings.charts.append(
            (
                "More chains",
                Chart(
                    "Right answers by the number of chains", x: Axis("chains"), y: Axis("share right"),
                    series: [("best by reward", bestOfFirst), ("majority", voteOfFirst)].map { name, sums in
                        Series(
                            name,
                            points: sums.enumerated().map {
                                ChartPoint(Double($0.offset + 1), $0.element / Double(testing.count))
                            })
                    })
            ))
        if let right = rewards[true], let wrong = rewards[false], right.count > 1, wrong.count > 1 {
            let (a, b) = (Comparison(right), Comparison(wrong))
            findings.decide(
                "reward", difference: a.mean - b.mean,
                standardError: (a.standardError * a.standardError + b.standardError * b.standardError).squareRoot(),
                "reward of right chains less that of wrong ones")
        } else {
            findings.leaveOpen("reward", "too few right or wrong chains")
        }
        for (claim, values, others, what) in [
            ("best-of-n", best, single, "share right, best of \(count) less a single chain"),
            ("best-vote", best, vote, "share right, best of \(count) less majority of \(count)"),
            ("search", search, single, "share right, search less a single chain"),
            ("search-vote", search, vote, "share right, search less majority of \(count)"),
        ] {
            let gain = Comparison(values, over: others)
            findings.decide(claim, difference: gain.mean, standardError: gain.standardError, what)
        }
        findings.notes.append(
            "The paper fine-tunes policy and reward model on medical questions; here the policy stays as it is and the reward is a regression."
        )
        return findings
    }
}

/// Sums line by line over a model, and what is looked at to judge a chain.
private struct SumReasoner: Sendable {
    let model: any LanguageModel
    let step: any FieldStage
    let swapped: LineStage<[Field]>
    let width: Int

    init(model: any LanguageModel, shown: [SumItem], width: Int) {
        self.model = model
        self.width = width
        let works = Form(
            examples: shown.map { [.question($0.inSigns)] + $0.work.map { Field(FieldName.work, $0) } })
        step = works.written(FieldName.work, by: model, maximumTokens: 14)
        // Steps of the shown sums as questions of their own.
        let pairs = Form(
            examples: shown.flatMap(\.work).prefix(8).map { line in
                let parts = line.components(separatedBy: " = ")
                return [.question(parts[0]), .answer(parts[1])]
            })
        swapped = pairs.line(FieldName.answer, by: model)
    }

    func space(
        estimate: (@Sendable (ReasoningState) async throws -> Double)? = nil,
        reward: @escaping @Sendable (ReasoningState) async throws -> Double
    ) -> ReasoningSpace {
        let last = FunctionStage("last number") { (known: [Field]) in
            Answer(known[FieldName.work]?.components(separatedBy: " = ").last ?? "", logScore: 0)
        }
        return ReasoningSpace(
            step: step, answer: last, maximumSteps: 2, width: width, estimate: estimate, reward: reward)
    }

    /// What the model says of the steps as it wrote them, and of their sums the other way round: least and all together.
    var features: ProcessReward.Features {
        { state in
            var rows = try await ProcessReward.logScoreFeatures(state)
            var checks: [Double] = []
            for line in state.steps {
                let sides = line.components(separatedBy: " = ")
                let terms = sides[0].components(separatedBy: " + ")
                guard sides.count == 2, terms.count == 2 else {
                    // No sum of two numbers: as bad as what is hardly ever said.
                    checks.append(-20)
                    continue
                }
                let question = Field.question("\(terms[1]) + \(terms[0])")
                checks.append(max(-20, try await swapped.scored(sides[1], given: [question]).logScore ?? -20))
            }
            rows += [checks.min() ?? 0, checks.reduce(0, +)]
            return rows
        }
    }
}
