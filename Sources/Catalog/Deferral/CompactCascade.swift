import Deferral
import NumericalMethods
import Probability
import Reports

/// A cascade of a classifier and a regression in one small head (paper 221).
struct CompactCascade: Experiment {
    let id = "compact-cascade"
    let paper = Paper(
        number: 221, title: "C3AE: Exploring the Limits of Compact Model for Age Estimation",
        source: "Zhang, Liu, Xu and Zhu, 2019, arXiv 1904.05059")
    let summary = """
        Networks with one small hidden layer guess the age group of a household's head (and its income) from a survey's \
        other answers: with the two-point head, as plain regression and as plain classification, all with at least as many \
        units and weights as the two-point network. Cross-validation; the first two claims are decided on age.
        """
    let claims = [
        Claim("regression", "the two-point cascade has a lower mean absolute error than regression on the absolute error with the same network"),
        Claim("classification", "the two-point cascade has a lower mean absolute error than the most probable class of the same network"),
        Claim(
            "many-levels",
            "on a simulated scale of 70 levels with points 10 apart, like the paper's ages, the two-point cascade has a lower mean absolute error than the most probable class"
        ),
        Claim("evidence", "sent on by the spread of its answers, the hardest 30 % gain more from a network eight times as wide than as many items at random"),
    ]

    /// The share of items that the small cascade sends on.
    private static let share = 0.3

    func run(_ context: ExperimentContext) throws -> Findings {
        let isThere = context.data.has("marketing")
        let simulated = context.scaled(quick: 2000, full: 6000)
        var tasks: [OrdinalTask]
        if isThere {
            let survey = try MarketingSurvey(context.data)
            tasks = context.scaled(quick: [.age], full: [.age, .income]).map { OrdinalTask(survey, $0) }
        } else {
            tasks = [OrdinalTask(simulated: simulated, levels: 7, points: 4, seed: context.seed)]
        }
        tasks.append(OrdinalTask(simulated: simulated, levels: 70, points: 8, seed: context.seed))
        let folds = context.scaled(quick: 5, full: 10)
        let seeds = context.scaled(quick: 1, full: 3)
        let epochs = context.scaled(quick: 10, full: 30)
        var findings = Findings(
            data: "\(isThere ? "Marketing survey (KEEL)" : "simulated ordinal data"): \(tasks[0].count) items, \(folds)-fold cross-validation, \(seeds) seeds a fold")
        if !isThere {
            findings.notes.append(
                "The survey is not on this machine (`cascade data get marketing`): simulated data stand in, a curved function of three of ten normal numbers with noise, cut into equally frequent levels.")
        }
        findings.notes.append(
            "Differs from the paper: answers of a survey instead of faces, one hidden layer of 8 units instead of a small convolutional network, points two levels apart, and the map from distribution to number is the mean instead of a learned layer.")
        findings.notes.append(
            "A class is always a whole level, as the truth is; the means of the two-point head and of regression are not, which costs them where levels are few. The table also shows the two-point answers rounded."
        )
        findings.notes.append(
            "Standard errors are of the folds' means and enlarged for the training items that folds share (Nadeau and Bengio 2003).")
        let tracker = context.progress.begin("networks", total: tasks.count * folds)
        for (place, task) in tasks.enumerated() {
            var random = Random(seed: context.seed)
            let order = random.permutation(of: task.count)
            var rows: [FoldErrors] = []
            for fold in 0..<folds {
                rows.append(
                    try Self.errors(task, order, fold: fold, of: folds, seeds: seeds, epochs: epochs, seed: context.seed))
                tracker.advance()
            }
            report(task, rows, &findings)
            if place == 0 {
                decide("regression", rows, over: .absoluteRegression, &findings)
                decide("classification", rows, over: .classification, &findings)
                decideEvidence(rows, &findings)
            }
            if task.levels == 70 { decide("many-levels", rows, over: .classification, &findings) }
        }
        tracker.finish()
        return findings
    }

    /// Mean absolute errors of one fold, in levels, means over seeds.
    private struct FoldErrors: Sendable {
        /// By method.
        var errors: [Double]
        /// Of the two-point network's answers rounded to a level.
        var rounded = 0.0
        /// Of the wide network; of the small one with a share sent on by spread, and at random.
        var wide = 0.0
        var sentBySpread = 0.0
        var sentAtRandom = 0.0
    }

    private static func errors(
        _ task: OrdinalTask, _ order: [Int], fold: Int, of folds: Int, seeds: Int, epochs: Int, seed: UInt64
    ) throws -> FoldErrors {
        let test = order.indices.filter { $0 % folds == fold }.map { order[$0] }
        let training = order.indices.filter { $0 % folds != fold }.map { order[$0] }
        let (inputs, targets) = task.items(test)
        func meanError(_ values: [Double]) -> Double {
            zip(values, targets).reduce(0) { $0 + abs($1.0 - $1.1) } / Double(targets.count)
        }
        let (methods, small) = (OrdinalMethod.allCases, 8)
        // One network more a seed: the two-point head on eight times as many units.
        let fits = try Parallel.map(count: seeds * (methods.count + 1)) { job in
            let (round, index) = job.quotientAndRemainder(dividingBy: methods.count + 1)
            let method = index < methods.count ? methods[index] : .twoPoint
            let hidden = index < methods.count ? method.hidden(task, twoPoint: small) : 8 * small
            return try OrdinalFit(
                method, task, training, hidden: hidden, epochs: epochs, seed: seed &+ UInt64(1000 * fold + round))
        }
        var result = FoldErrors(errors: methods.map { _ in 0 })
        for round in 0..<seeds {
            let part = 1 / Double(seeds)
            let fitted = fits[round * (methods.count + 1)..<(round + 1) * (methods.count + 1)].map { $0 }
            for index in methods.indices {
                result.errors[index] += part * meanError(fitted[index].values(inputs, rows: targets.count))
            }
            let answers = try fitted[0].answers(inputs, rows: targets.count)
            let wide = fitted[methods.count].values(inputs, rows: targets.count)
            let least = answers.indices.sorted { (answers[$1].spread, $0) < (answers[$0].spread, $1) }
            let sent = Set(least.prefix(Int(share * Double(targets.count))))
            let narrow = meanError(answers.map(\.value))
            result.rounded += part * meanError(answers.map { $0.value.rounded() })
            result.wide += part * meanError(wide)
            result.sentBySpread += part * meanError(answers.indices.map { sent.contains($0) ? wide[$0] : answers[$0].value })
            let sentShare = Double(sent.count) / Double(targets.count)
            result.sentAtRandom += part * (narrow + sentShare * (meanError(wide) - narrow))
        }
        return result
    }

    /// The mean over folds of `values` less `others`; its variance counts the training items that folds share.
    private func compare(_ values: [Double], over others: [Double]? = nil) -> Comparison {
        var comparison = Comparison(values, over: others)
        let folds = Double(values.count)
        comparison.standardError *= (1 + folds / (folds - 1)).squareRoot()
        return comparison
    }

    private func report(_ task: OrdinalTask, _ rows: [FoldErrors], _ findings: inout Findings) {
        var table = TextTable(columns: ["method", "weights", "mean absolute error, levels"])
        for (index, method) in OrdinalMethod.allCases.enumerated() {
            let error = compare(rows.map { $0.errors[index] })
            let hidden = method.hidden(task, twoPoint: 8)
            table.add([
                .text(method.rawValue), .count(method.weights(task, hidden: hidden)),
                .interval(error.mean, low: error.low, high: error.high),
            ])
            findings.measure(
                "mean absolute error, \(task.name), \(method.rawValue)", error.mean, standardError: error.standardError, unit: "levels")
        }
        for (name, value) in [
            ("two-point cascade, rounded", \FoldErrors.rounded), ("30 % sent to the wide network at random", \.sentAtRandom), ("30 % sent by spread", \.sentBySpread),
            ("wide network", \.wide),
        ] {
            let error = compare(rows.map { $0[keyPath: value] })
            let weights = OrdinalMethod.twoPoint.weights(task, hidden: name.hasSuffix("rounded") ? 8 : 64)
            table.add([.text(name), .count(weights), .interval(error.mean, low: error.low, high: error.high)])
            findings.measure("mean absolute error, \(task.name), \(name)", error.mean, standardError: error.standardError, unit: "levels")
        }
        findings.tables.append(("Errors on the scale of \(task.name), from 1 to \(task.levels)", table))
    }

    private func decide(_ claim: String, _ rows: [FoldErrors], over method: OrdinalMethod, _ findings: inout Findings) {
        func errors(_ method: OrdinalMethod) -> [Double] {
            let index = OrdinalMethod.allCases.firstIndex(of: method)!
            return rows.map { $0.errors[index] }
        }
        let gain = compare(errors(method), over: errors(.twoPoint))
        findings.decide(
            claim, difference: gain.mean, standardError: gain.standardError,
            "mean absolute error of \(method.rawValue) less that of the two-point cascade, in levels")
    }

    private func decideEvidence(_ rows: [FoldErrors], _ findings: inout Findings) {
        let gain = compare(rows.map(\.sentAtRandom), over: rows.map(\.sentBySpread))
        findings.decide(
            "evidence", difference: gain.mean, standardError: gain.standardError,
            "error with 30 % sent on at random less that with 30 % sent on by spread")
    }
}
