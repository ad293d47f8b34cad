import Foundation
import NumericalMethods

/// Logistic regressions for several targets between 0 and 1 (0/1 or soft), of which cells may be missing.
///
/// The penalty is chosen for each target by the log loss on one held-out fold.
enum LogisticFit {
    /// Inverse penalties that are tried (scikit-learn's C, on standardised features).
    static let inversePenalties = [0.01, 0.1, 1]

    /// Whether all targets lie between -1 and 1: differences of probabilities or of right and wrong. They are fitted as
    /// (1 + target) / 2 and read back as 2 p - 1.
    static func suitsDifferences(_ targets: [Double]) -> Bool {
        targets.allSatisfy { $0.isNaN || (-1...1).contains($0) }
    }

    /// Whether all targets lie between 0 and 1.
    static func suits(_ targets: [Double]) -> Bool { targets.allSatisfy { $0.isNaN || (0...1).contains($0) } }

    static func fit(_ rows: TrainingRows) throws -> LinearModel {
        if suits(rows.targets) { return try fit(rows, link: .logistic) }
        // Numbers of another range have no odds.
        guard suitsDifferences(rows.targets) else { return LinearModel(try rows.ridge().predictor) }
        var shifted = rows
        shifted.targets = rows.targets.map { (1 + $0) / 2 }
        return try fit(shifted, link: .logisticDifference)
    }

    private static func fit(_ rows: TrainingRows, link: LinearModel.Link) throws -> LinearModel {
        let outputs = rows.outputs
        let heldFold = rows.heldFold
        let parts: [Part] = try Parallel.map(count: outputs) { output in
            let known = (0..<rows.count).filter { !rows.targets[$0 * outputs + output].isNaN }
            var best = (penalty: inversePenalties[inversePenalties.count - 1], loss: Double.infinity)
            // With many rows the penalty hardly counts.
            if known.count < 50_000 {
                let rest = known.filter { rows.fold[$0] != heldFold }
                let held = known.filter { rows.fold[$0] == heldFold }
                for penalty in inversePenalties {
                    let part = try solve(rows, output: output, indices: rest, inversePenalty: penalty)
                    let loss = held.reduce(0) { $0 + part.logLoss(rows, index: $1, output: output) }
                    if loss < best.loss { best = (penalty, loss) }
                }
            }
            return try solve(rows, output: output, indices: known, inversePenalty: best.penalty)
        }
        var weights = [Double](repeating: 0, count: rows.width * outputs)
        var missing = weights
        for (output, part) in parts.enumerated() {
            for feature in 0..<rows.width {
                weights[feature * outputs + output] = part.weights[feature]
                missing[feature * outputs + output] = part.missing[feature]
            }
        }
        return LinearModel(weights: weights, missing: missing, intercepts: parts.map(\.intercept), link: link)
    }

    /// One target's log-odds.
    private struct Part: Sendable {
        var weights: [Double]
        var missing: [Double]
        var intercept: Double

        func logLoss(_ rows: TrainingRows, index: Int, output: Int) -> Double {
            var sum = intercept
            for feature in weights.indices {
                let value = rows.features[index * rows.width + feature]
                sum += value.isNaN ? missing[feature] : value * weights[feature]
            }
            let target = rows.targets[index * rows.outputs + output]
            // log(1 + e^sum) - target * sum, without overflow.
            return max(sum, 0) + log1p(exp(-abs(sum))) - target * sum
        }
    }

    private static func solve(
        _ rows: TrainingRows, output: Int, indices: [Int], inversePenalty: Double
    ) throws -> Part {
        let targets = indices.map { rows.targets[$0 * rows.outputs + output] }
        let zeros = [Double](repeating: 0, count: rows.width)
        // All alike: no slope can be learned, and the odds are kept finite by half an item on each side.
        if targets.allSatisfy({ $0 == targets[0] }) {
            let mean = (targets.reduce(0, +) + 0.5) / (Double(targets.count) + 1)
            return Part(weights: zeros, missing: zeros, intercept: log(mean / (1 - mean)))
        }
        let predictor = try LogisticRegression(inversePenalty: inversePenalty).fit(
            features: rows.featureMatrix.rows(indices), targets: targets
        ).predictor
        return Part(
            weights: predictor.coefficients, missing: predictor.missingTerms, intercept: predictor.intercepts[0])
    }
}
