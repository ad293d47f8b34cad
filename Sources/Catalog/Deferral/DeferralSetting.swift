import Foundation
import NumericalMethods
import Probability

/// The settings of the paper in which two classifiers are trained and tested, on simulated classes.
enum DeferralSetting: String, CaseIterable, Sendable {
    /// The second stage is better everywhere.
    case benign
    /// The second stage was trained on half of the classes and knows no others.
    case specialist
    /// The labels of half of the classes are replaced within that half nine times in ten.
    case labelNoise = "label-noise"
    /// Both stages were trained on classes whose sizes fall by the factor 50; later all classes are equally large.
    case distributionShift = "distribution-shift"
    /// The second stage is right on 85 % of any items, whatever they are.
    case constantError = "constant-error"

    /// How many items of each kind.
    struct Sizes: Sendable {
        var training: Int
        var validation: Int
        var test: Int
    }

    /// What one repetition holds.
    struct Draw: Sendable {
        /// What rules are learned on.
        var validation: TwoClassifiers
        /// What they are tested on.
        var test: TwoClassifiers
        /// The true probability that each stage's answer to each test item is right, `[2][items]`.
        var chances: [[Double]]
    }

    var title: String {
        switch self {
        case .benign: "Benign"
        case .specialist: "Specialist"
        case .labelNoise: "Label noise"
        case .distributionShift: "Distribution shift"
        case .constantError: "Constant error of the second stage"
        }
    }

    /// Draws classes, trains both stages, and asks them about validation and test items.
    func draw(_ sizes: Sizes, using random: inout Random) throws -> Draw {
        let count = 8
        let half = 0..<count / 2
        let classes = GaussianClasses(classes: count, dimensions: 16, spread: 0.8, using: &random)
        let balanced = [Double](repeating: 1, count: count)
        let proportions =
            self == .distributionShift ? (0..<count).map { pow(50, -Double($0) / Double(count - 1)) } : balanced
        let noise = self == .labelNoise ? LabelNoise(classes: half, rate: 0.9) : nil
        var training = classes.sample(sizes.training, proportions: proportions, using: &random)
        noise?.apply(to: &training, using: &random)
        let large = self == .specialist ? training.only(half) : training
        let learner = LogisticRegression()
        let first = try learner.fit(features: training.columns(4), classes: training.labels, classCount: count)
        let known = self == .specialist ? half.count : count
        let second = try learner.fit(features: large.features, classes: large.labels, classCount: known)

        func ask(_ items: Int) -> (answers: TwoClassifiers, truth: Matrix) {
            var rows = classes.sample(items, proportions: balanced, using: &random)
            // Where the second stage's error is constant, the first stage's features are all that an optimal rule needs.
            let seen = self == .constantError ? classes.restricted(to: 4) : classes
            var truth = seen.posterior(rows, proportions: balanced)
            if let noise {
                noise.apply(to: &rows, using: &random)
                truth = noise.apply(to: truth)
            }
            let dear =
                self == .constantError
                ? Self.constant(rows.labels, classes: count, right: 0.85, using: &random)
                : Self.padded(second.predict(rows.features), to: count)
            return (TwoClassifiers(probabilities: [first.predict(rows.columns(4)), dear], labels: rows.labels), truth)
        }
        let validation = ask(sizes.validation).answers
        let (test, truth) = ask(sizes.test)
        let after = self == .constantError ? test.labels.map { _ in 0.85 } : test.chances(1, truth: truth)
        return Draw(validation: validation, test: test, chances: [test.chances(0, truth: truth), after])
    }

    /// Probabilities over more classes: the others have none.
    static func padded(_ values: Matrix, to classes: Int) -> Matrix {
        var result = Matrix(rows: values.rows, columns: classes)
        for row in 0..<values.rows {
            for column in 0..<values.columns { result[row, column] = values[row, column] }
        }
        return result
    }

    /// A stage that names the true label with probability `right`, else any other, and says how sure that makes it.
    private static func constant(_ labels: [Int], classes: Int, right: Double, using random: inout Random) -> Matrix {
        var result = Matrix(rows: labels.count, columns: classes, repeating: (1 - right) / Double(classes - 1))
        for (row, label) in labels.enumerated() {
            let other = (label + 1 + random.integer(below: classes - 1)) % classes
            result[row, random.bernoulli(right) ? label : other] = right
        }
        return result
    }
}
