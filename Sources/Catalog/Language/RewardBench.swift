import Foundation
import Language
import Probability
import Reports

/// Reward models on subtle pairs in three styles (paper 199).
struct RewardBench: Experiment {
    let id = "reward-bench"
    let paper = Paper(
        number: 199, title: "RM-Bench: Benchmarking Reward Models of Language Models with Subtlety and Style",
        source: "Liu, Yao, Min, Cao, Hou and Li, 2024")
    let summary = """
        Right and wrong answers that differ in one digit or one word, each as a short sentence, as more words of plain text, \
        and in Markdown. Reward models made from language models, and the length of the answer, rank all of them: how often \
        the right one wins where style helps it (easy), is equal (normal), or speaks against it (hard).
        """
    let claims = [
        Claim(
            "subtle",
            "Subtle details are seen: with style equal, the log-likelihood a token prefers the right answer more often than not."
        ),
        Claim(
            "style-order",
            "For the log-likelihood a token hard accuracy is below normal, and normal below easy: it likes elaborate answers."
        ),
        Claim(
            "hard-below-chance",
            "Of the reward models from language models, the one that is best where style is equal has a hard accuracy below one half."
        ),
        Claim(
            "against-style",
            "Every reward model from a language model is right less often where style speaks against the right answer (the lower of its easy and hard accuracies) than where style is equal."
        ),
        Claim(
            "style-moves",
            "Style moves the reward further than content does, for every reward model from a language model."),
    ]

    func run(_ context: ExperimentContext) async throws -> Findings {
        let pairs = try pairs(context)
        let (training, test) =
            context.size == .quick
            ? ([], pairs) : (pairs.filter(Self.isForTraining), pairs.filter { !Self.isForTraining($0) })
        return try await findings(
            on: test, learnedFrom: training.count, by: try await models(training, context), context)
    }

    /// What the reward models of `models` make of `test`, after some of them learned from so many other pairs. One must be
    /// the log-likelihood a token.
    func findings(
        on test: [PreferencePair], learnedFrom trainingCount: Int, by models: [any RewardModel],
        _ context: ExperimentContext
    ) async throws -> Findings {
        var findings = Findings(
            data:
                "\(test.count) pairs of our own (\(Self.domains(test))), three styles each"
                + (trainingCount == 0 ? "" : "; \(trainingCount) more to learn from"))
        var matrices: [(name: String, isBaseline: Bool, matrix: StyleMatrix)] = []
        for model in models {
            matrices.append(
                (model.name, model is LengthReward, try await StyleMatrix(model, on: test, progress: context.progress)))
        }
        var table = TextTable(columns: ["reward model", "easy", "normal", "hard", "average", "style bias"])
        for (name, _, matrix) in matrices {
            func cell(_ value: Estimate) -> TableCell {
                .text(String(format: "%.3f ± %.3f", value.value, value.standardError))
            }
            table.add([
                .text(name), cell(matrix.easy), cell(matrix.normal), cell(matrix.hard), cell(matrix.average),
                cell(matrix.styleBias),
            ])
            for (kind, value) in [("easy", matrix.easy), ("normal", matrix.normal), ("hard", matrix.hard)] {
                findings.measure("\(kind), \(name)", value.value, standardError: value.standardError)
            }
        }
        table.notes = [
            "Share of pairs in which the right answer has the larger reward, with standard errors over pairs. Guessing is right on 0.5.",
            "Style bias is easy less hard: above 0 for a liking of elaborate answers, below for one of short answers.",
        ]
        findings.tables.append(("Accuracy by style", table))
        let token = matrices.first { $0.name.hasSuffix("a token") }!
        findings.tables.append(("The matrix of \(token.name)", Self.table(token.matrix)))
        decide(matrices.filter { !$0.isBaseline }.map { ($0.name, $0.matrix) }, token.matrix, &findings)
        findings.charts.append(
            (
                "Where style helps, is equal, or hinders",
                Chart(
                    "Accuracy by style", x: Axis("easy, normal, hard", range: 0...2),
                    y: Axis("share right", range: 0...1),
                    series: matrices.map { name, _, matrix in
                        Series(
                            name,
                            points: [matrix.easy, matrix.normal, matrix.hard].enumerated().map {
                                ChartPoint(Double($0), $1.value)
                            }, showsDots: true)
                    }, referenceLines: [Chart.ReferenceLine(.y(0.5), label: "guessing")])
            ))
        findings.notes = [
            "Hard is what the paper calls so: the wrong answer is the more elaborate one. For a model that likes short answers, such as the log-likelihood of whole answers, the easy pairs are those in which style speaks against the right one.",
            "RM-Bench's own 1,327 items need models that can solve them; its format is read as it is (PreferencePair).",
        ]
        return findings
    }

    private static func domains(_ pairs: [PreferencePair]) -> String {
        var counts: [(name: String, count: Int)] = []
        for pair in pairs {
            if let place = counts.firstIndex(where: { $0.name == pair.domain }) {
                counts[place].count += 1
            } else {
                counts.append((pair.domain, 1))
            }
        }
        return counts.map { "\($0.count) \($0.name)" }.joined(separator: ", ")
    }

    /// Every second pair of a domain.
    private static func isForTraining(_ pair: PreferencePair) -> Bool {
        pair.id.split(separator: "-").last.flatMap { Int($0) }.map { $0 % 2 == 0 } ?? false
    }

    private func pairs(_ context: ExperimentContext) throws -> [PreferencePair] {
        var random = Random(seed: context.seed)
        let folder = try context.data.folder(of: "capability-tasks")
        let count = context.scaled(quick: 2, full: 24)
        var facts = SubtlePairs.sums(context.scaled(quick: 2, full: 24), using: &random)
        for name in context.scaled(quick: ["capitals"], full: ["capitals", "opposites", "past_tense"]) {
            for task in try CapabilityTask.read(from: "\(folder)/\(name)") {
                facts += task.examples.prefix(count).map { example in
                    let wrong = example.choices.filter { !example.targets.contains($0) }
                    return SubtlePairs.Fact(
                        question: example.input, right: example.targets[0],
                        wrong: wrong[random.integer(below: wrong.count)], domain: task.name.replacing("_", with: " "))
                }
            }
        }
        return SubtlePairs.pairs(facts)
    }

    private func models(
        _ training: [PreferencePair], _ context: ExperimentContext
    ) async throws -> [any RewardModel] {
        let form: EmbeddedModel.Quantization? = context.scaled(quick: .q4Zero, full: nil)
        let loaded = try ExperimentModels.load(as: form)
        let model = RememberingLanguageModel(loaded)
        let coarse = RememberingLanguageModel(try ExperimentModels.load(as: .q2K))
        var models: [any RewardModel] = [
            LengthReward(), LikelihoodReward(model), LikelihoodReward(model, isNormalized: true),
            ImplicitReward(policy: LikelihoodReward(model), reference: LikelihoodReward(coarse)),
        ]
        guard context.size == .full else { return models }
        if let gemma = try? ExperimentModels.load("gemma-3-270m") {
            models.append(
                ImplicitReward(
                    policy: LikelihoodReward(model),
                    reference: LikelihoodReward(RememberingLanguageModel(gemma)) { .text("Question: \($0)\nAnswer:") }))
        }
        models.append(JudgedReward(model))
        models.append(try await LearnedReward.fit(training, model: model))
        return models
    }

    private func decide(
        _ matrices: [(name: String, matrix: StyleMatrix)], _ token: StyleMatrix, _ findings: inout Findings
    ) {
        let seen = token.normal
        findings.decide(
            "subtle", difference: seen.value, standardError: seen.standardError, atLeast: 0.5, "normal accuracy")
        let (easy, normal, hard) = (token.easyValues, token.normalValues, token.hardValues)
        let steps = [Comparison(normal, over: hard), Comparison(easy, over: normal)]
        let weakest = steps.min { $0.low < $1.low }!
        findings.decide(
            "style-order", difference: weakest.mean, standardError: weakest.standardError,
            "the smaller of normal less hard and easy less normal")
        let best = matrices.max { $0.matrix.normal.value < $1.matrix.normal.value }!
        findings.decide(
            "hard-below-chance", difference: 0.5 - best.matrix.hard.value,
            standardError: best.matrix.hard.standardError,
            "one half less the hard accuracy of \(best.name), normal accuracy \(String(format: "%.3f", best.matrix.normal.value))"
        )
        let losses = matrices.map { name, matrix in
            let against = matrix.easy.value < matrix.hard.value ? matrix.easyValues : matrix.hardValues
            return (name: name, loss: Comparison(matrix.normalValues, over: against))
        }
        let smallest = losses.min { $0.loss.low < $1.loss.low }!
        findings.decide(
            "against-style", difference: smallest.loss.mean, standardError: smallest.loss.standardError,
            "normal accuracy less that against style, least clear for \(smallest.name)")
        let moved = matrices.map { (name: $0.name, value: $0.matrix.styleOverContent) }
        for (name, value) in moved {
            findings.measure("style over content, \(name)", value.value, standardError: value.standardError)
        }
        // In standard errors, for rewards have scales of their own.
        let least = moved.min {
            $0.value.value / $0.value.standardError < $1.value.value / $1.value.standardError
        }!
        findings.decide(
            "style-moves", difference: least.value.value, standardError: least.value.standardError,
            "range of a reward over styles less its difference between right and wrong, least clear for \(least.name)")
    }

    private static func table(_ matrix: StyleMatrix) -> TextTable {
        let names = ["concise", "detailed", "Markdown"]
        var table = TextTable(columns: [TextTable.Column("right \\ wrong")] + names.map { TextTable.Column($0) })
        for (style, name) in zip(ResponseStyle.allCases, names) {
            table.add([.text(name)] + ResponseStyle.allCases.map { .number(matrix[style, $0]) })
        }
        return table
    }
}
