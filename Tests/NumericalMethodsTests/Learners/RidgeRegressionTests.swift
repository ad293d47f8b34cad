import Foundation
import NumericalMethods
import Testing

@Suite struct `ridge regression` {
    let features = waveTable(rows: 60, columns: 3)
    var targets: Matrix {
        var targets = Matrix(rows: 60, columns: 2)
        for i in 0..<60 {
            targets[i, 0] = 2 * features[i, 0] - features[i, 2] + sin(Double(i) * 3.7)
            targets[i, 1] = features[i, 1] + cos(Double(i) * 1.9)
        }
        return targets
    }

    @Test func `equals scikit-learn's Ridge`() throws {
        // sklearn 1.9.1: Ridge(alpha=1.7).fit(X, Y, sample_weight=w)
        let model = try RidgeRegression(penalty: .fixed(1.7), standardises: false)
            .fit(features: features, targets: targets, weights: waveWeights(60))
        #expect(
            largestDifference(
                model.predictor.coefficients,
                [
                    1.894492087177537, -0.023156817622424587, -1.0366754214350327,
                    -0.029792807101214683, 0.9740330051353121, -0.004122490127616173,
                ]) < 1e-12)
        #expect(largestDifference(model.predictor.intercepts, [-0.006216908624017525, 0.012596994249225618]) < 1e-12)
    }

    @Test func `held-out errors equal those of refitting without each fold, for the rows that have the target`() throws
    {
        // Without standardisation nothing is learned from the fold held out.
        let weights = waveWeights(60)
        var holey = targets
        for i in stride(from: 0, to: 60, by: 5) { holey[i, 1] = .nan }
        let shares = [1e-3, 0.1, 3]
        let folds = (0..<60).map { Int32($0 * 7 % 4) }
        let learner = RidgeRegression(penalty: .crossValidated(perWeight: shares), standardises: false)
        for table in [targets, holey] {
            let model = try learner.fit(features: features, targets: table, weights: weights, folds: folds)
            for target in 0..<2 {
                let rows = (0..<60).filter { !table[$0, target].isNaN }
                func mass(_ rows: [Int]) -> Double { rows.reduce(0) { $0 + weights[$1] } }
                func column(_ rows: [Int]) -> Matrix {
                    Matrix(rows: rows.count, columns: 1, storage: rows.map { table[$0, target] })
                }
                var errors = [Double](repeating: 0, count: 4)
                for fold in 0..<Int32(4) {
                    let rest = rows.filter { folds[$0] != fold }
                    let held = rows.filter { folds[$0] == fold }
                    let mean = rest.reduce(0) { $0 + weights[$1] * table[$1, target] } / mass(rest)
                    for row in held { errors[3] += weights[row] * pow(table[row, target] - mean, 2) }
                    for (index, share) in shares.enumerated() {
                        let model = try RidgeRegression(penalty: .fixed(share * mass(rest)), standardises: false).fit(
                            features: features.rows(rest), targets: column(rest), weights: rest.map { weights[$0] })
                        let guess = model.predict(features.rows(held))
                        for (place, row) in held.enumerated() {
                            errors[index] += weights[row] * pow(guess[place, 0] - table[row, target], 2)
                        }
                    }
                }
                let best = (0..<3).min { errors[$0] < errors[$1] }!
                #expect(abs(try #require(model.heldOutErrors)[target] - errors[best] / mass(rows)) < 1e-11)
                #expect(abs(try #require(model.heldOutErrorsOfMean)[target] - errors[3] / mass(rows)) < 1e-11)
                #expect(abs(model.lambdas[target] - shares[best] * mass(rows)) < 1e-11)
                let alone = try RidgeRegression(penalty: .fixed(model.lambdas[target]), standardises: false).fit(
                    features: features.rows(rows), targets: column(rows), weights: rows.map { weights[$0] })
                #expect(
                    largestDifference(
                        Array(model.predictor.coefficients[target * 3..<target * 3 + 3]), alone.predictor.coefficients)
                        < 1e-11)
            }
        }
    }

    @Test func `a feature that does not vary has no weight`() throws {
        var table = features
        for i in 0..<60 { table[i, 1] = 7 }
        let model = try RidgeRegression().fit(features: table, targets: targets)
        #expect(model.predictor.coefficients[1] == 0 && model.predictor.coefficients[4] == 0)
    }

    @Test func `a weight of two is the same as the row twice, missing cells included`() throws {
        var holey = features
        for i in stride(from: 0, to: 60, by: 7) { holey[i, 1] = .nan }
        var weights = [Double](repeating: 1, count: 60)
        var twice = holey
        var twiceTargets = targets
        for i in 0..<20 { weights[i] = 2 }
        twice = Matrix(rows: 80, columns: 3, storage: holey.storage + holey.storage[0..<60])
        twiceTargets = Matrix(rows: 80, columns: 2, storage: targets.storage + targets.storage[0..<40])
        let learner = RidgeRegression(penalty: .fixed(0.5), indicatesMissing: true)
        let one = try learner.fit(features: holey, targets: targets, weights: weights)
        let two = try learner.fit(features: twice, targets: twiceTargets)
        #expect(largestDifference(one.predict(holey).storage, two.predict(holey).storage) < 1e-10)
    }

    @Test func `a missing feature is imputed by its mean, or learned with an indicator`() throws {
        var random = TestRandom(3)
        var table = random.normalTable(rows: 400, columns: 2)
        var targets = Matrix(rows: 400, columns: 1)
        for i in 0..<400 {
            targets[i, 0] = 3 * table[i, 0] - table[i, 1]
            if i % 5 == 0 {
                table[i, 1] = .nan
                targets[i, 0] = 3 * table[i, 0] + 10
            }
        }
        let plain = try RidgeRegression(penalty: .fixed(0)).fit(features: table, targets: targets)
        let predictor = plain.predictor
        let observed = (0..<400).filter { $0 % 5 != 0 }.map { table[$0, 1] }
        let mean = observed.reduce(0, +) / Double(observed.count)
        #expect(abs(predictor.missingTerms[1] - predictor.coefficients[1] * mean) < 1e-12)
        let informed = try RidgeRegression(penalty: .fixed(0), indicatesMissing: true).fit(
            features: table, targets: targets)
        // With an indicator the problem is solved exactly.
        #expect(largestDifference(informed.predict(table).storage, targets.storage) < 1e-9)
    }

    @Test func `refuses bad data with its place`() {
        var broken = targets
        broken[7, 1] = .infinity
        let learner = RidgeRegression()
        #expect(
            learnerError { _ = try learner.fit(features: features, targets: broken) }
                == .nonFiniteTarget(row: 7, column: 1))
        #expect(learnerError { _ = try learner.fit(features: Matrix(rows: 0, columns: 3), targets: broken) } == .noRows)
        #expect(
            learnerError { _ = try learner.fit(features: features, targets: Matrix(rows: 9, columns: 1)) }
                == .mismatchedShapes(what: "the rows of the targets", expected: 60, found: 9))
        for i in 0..<60 { broken[i, 1] = .nan }
        #expect(
            learnerError { _ = try learner.fit(features: features, targets: broken) }
                == .nonFiniteTarget(row: 0, column: 1))
        var infinite = features
        infinite[4, 2] = -.infinity
        #expect(
            learnerError { _ = try learner.fit(features: infinite, targets: targets) }
                == .infiniteFeature(row: 4, column: 2))
        var twin = features
        for i in 0..<60 { twin[i, 1] = 2 * twin[i, 0] }
        #expect(
            learnerError { _ = try RidgeRegression(penalty: .fixed(0)).fit(features: twin, targets: targets) }
                == .singular(learner: "ridge regression"))
    }
}
