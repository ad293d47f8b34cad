import Foundation
import NumericalMethods
import Testing

@Suite struct `logistic regression` {
    let features = waveTable(rows: 60, columns: 3)
    let weights = waveWeights(60)
    var binary: [Double] {
        (0..<60).map { sin(2.9 * Double($0)) + features[$0, 0] - 0.3 * features[$0, 1] > 0.2 ? 1 : 0 }
    }
    var classes: [Int] {
        (0..<60).map { sin(2.9 * Double($0)) + features[$0, 0] > 0.4 ? 0 : features[$0, 2] > 0 ? 1 : 2 }
    }

    @Test func `equals scikit-learn's optimum for two classes`() throws {
        // sklearn 1.9.1: LogisticRegression(C=0.7, solver="newton-cholesky", tol=1e-14).fit(X, y, sample_weight=w)
        let model = try LogisticRegression(inversePenalty: 0.7, standardises: false)
            .fit(features: features, targets: binary, weights: weights)
        let expected = [1.660094764052758, -0.7135894961686152, -0.13876558766172326]
        #expect(largestDifference(model.predictor.coefficients, expected) < 1e-9)
        #expect(abs(model.predictor.intercepts[0] - -0.2826872826831614) < 1e-9)
    }

    @Test func `equals scikit-learn's optimum for three classes`() throws {
        // sklearn 1.9.1: LogisticRegression(C=2, solver="newton-cholesky", tol=1e-14).fit(X, c, sample_weight=w)
        let model = try LogisticRegression(inversePenalty: 2, standardises: false)
            .fit(features: features, classes: classes, classCount: 3, weights: weights)
        #expect(
            largestDifference(
                model.predictor.coefficients,
                [
                    1.5015355819175, -0.04151380581772108, 0.009315157024655253,
                    -0.630775061610397, 0.06655457613866894, 0.7908693339046604,
                    -0.8707605203071036, -0.02504077032094919, -0.8001844909293182,
                ]) < 1e-7)
        let intercepts = [0.3950978398174497, -0.522123352767364, 0.1270255129499143]
        #expect(largestDifference(model.predictor.intercepts, intercepts) < 1e-7)
    }

    @Test func `the gradient of the objective is zero at the optimum, with soft targets and missing cells`() throws {
        var random = TestRandom(11)
        var table = random.normalTable(rows: 3000, columns: 4)
        let soft = (0..<3000).map { _ in random.uniform() }
        for i in stride(from: 1, to: 3000, by: 9) { table[i, 2] = .nan }
        let model = try LogisticRegression(inversePenalty: 0.01, standardises: false).fit(
            features: table, targets: soft)
        let probabilities = model.predict(table)
        let observed = (0..<3000).map { table[$0, 2] }.filter { !$0.isNaN }
        let mean = observed.reduce(0, +) / Double(observed.count)
        var gradient = [Double](repeating: 0, count: 5)
        for i in 0..<3000 {
            for j in 0..<4 { gradient[j] += (probabilities[i] - soft[i]) * (table[i, j].isNaN ? mean : table[i, j]) }
            gradient[4] += probabilities[i] - soft[i]
        }
        for j in 0..<4 { gradient[j] += model.predictor.coefficients[j] / 0.01 }
        #expect(gradient.allSatisfy { abs($0) < 1e-8 }, "\(gradient)")
    }

    @Test func `two classes by softmax are two classes by log-odds with half the penalty`() throws {
        // The symmetric softmax has scores ±z/2, whose squared norm is half that of z.
        let softmax = try LogisticRegression(inversePenalty: 0.5).fit(
            features: features, classes: binary.map { Int($0) }, classCount: 2)
        let odds = try LogisticRegression(inversePenalty: 1).fit(features: features, targets: binary)
        let pairs = softmax.predict(features)
        #expect(largestDifference(odds.predict(features), (0..<60).map { pairs[$0, 1] }) < 1e-7)
    }

    @Test func `a soft target is the two hard ones with its probabilities as weights`() throws {
        let soft = (0..<60).map { 0.5 + 0.45 * sin(Double($0)) }
        let learner = LogisticRegression(inversePenalty: 3)
        let one = try learner.fit(features: features, targets: soft)
        let two = try learner.fit(
            features: Matrix(rows: 120, columns: 3, storage: features.storage + features.storage),
            targets: [Double](repeating: 1, count: 60) + [Double](repeating: 0, count: 60),
            weights: soft + soft.map { 1 - $0 })
        #expect(largestDifference(one.predict(features), two.predict(features)) < 1e-8)
        let distributions = Matrix(rows: 60, columns: 2, storage: soft.flatMap { [1 - $0, $0] })
        let three = try LogisticRegression(inversePenalty: 1.5).fit(features: features, distributions: distributions)
        let pairs = three.predict(features)
        #expect(largestDifference(one.predict(features), (0..<60).map { pairs[$0, 1] }) < 1e-7)
    }

    @Test func `the fit does not change when rows are scaled and standardised`() throws {
        var scaled = features
        for i in 0..<60 { scaled[i, 1] = 1000 * scaled[i, 1] + 5 }
        let one = try LogisticRegression().fit(features: features, targets: binary).predict(features)
        let two = try LogisticRegression().fit(features: scaled, targets: binary).predict(scaled)
        #expect(largestDifference(one, two) < 1e-9)
    }

    @Test func `refuses one class, an empty class, targets out of range and separable data without a penalty`() {
        let learner = LogisticRegression()
        #expect(
            learnerError { _ = try learner.fit(features: features, targets: [Double](repeating: 1, count: 60)) }
                == .oneClass)
        #expect(
            learnerError { _ = try learner.fit(features: features, classes: classes, classCount: 4) } == .emptyClass(3))
        var out = binary
        out[5] = 1.5
        #expect(
            learnerError { _ = try learner.fit(features: features, targets: out) }
                == .targetOutOfRange(row: 5, value: 1.5, expected: "from 0 to 1"))
        let separable = (0..<60).map { features[$0, 0] > 0 ? 1.0 : 0 }
        let free = LogisticRegression(inversePenalty: .infinity)
        #expect(learnerError { _ = try free.fit(features: features, targets: separable) } != nil)
        #expect(
            learnerError {
                _ = try learner.fit(features: features, targets: binary, weights: [-1] + weights.dropFirst())
            }
                == .badWeight(row: 0))
    }

    @Test func `a stored model predicts the same`() throws {
        let model = try LogisticRegression().fit(features: features, classes: classes, classCount: 3)
        #expect(try stored(model) == model)
        let damaged =
            #"{"iterations":1,"predictor":{"features":2,"coefficients":[1],"missingTerms":[0,0],"intercepts":[0]}}"#
        #expect(throws: LearnerError.self) { try JSONDecoder().decode(LogisticModel.self, from: Data(damaged.utf8)) }
    }

    @Test func `a hundred thousand rows of twenty features take well under a second`() throws {
        // scikit-learn's lbfgs takes 0.3 s on this size. The bound is wide: the machine may be shared.
        var random = TestRandom(5)
        let table = random.normalTable(rows: 100_000, columns: 20)
        let slopes = (0..<20).map { _ in random.normal() / 2 }
        let targets = (0..<100_000).map { i -> Double in
            let z = (0..<20).reduce(0) { $0 + table[i, $1] * slopes[$1] }
            return random.uniform() < 1 / (1 + exp(-z)) ? 1 : 0
        }
        let elapsed = try seconds { _ = try LogisticRegression().fit(features: table, targets: targets) }
        print("logistic regression, 100,000 x 20: \(elapsed) s")
        #expect(elapsed < 2)
    }
}
