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

    @Test func `leave-one-out errors equal those of refitting without each row`() throws {
        // Without standardisation the closed form is exact, also under weights.
        let weights = waveWeights(60)
        let lambdas = [0.01, 1, 25]
        let model = try RidgeRegression(penalty: .leaveOneOut(lambdas), standardises: false)
            .fit(features: features, targets: targets, weights: weights)
        let found = try #require(model.leaveOneOutErrors)
        var expected: [Double] = []
        for lambda in lambdas {
            var sum = 0.0
            for left in 0..<60 {
                var without = weights
                without[left] = 0
                let fold = try RidgeRegression(penalty: .fixed(lambda), standardises: false)
                    .fit(features: features, targets: targets, weights: without)
                let guess = fold.predict(features)
                for target in 0..<2 { sum += weights[left] * pow(guess[left, target] - targets[left, target], 2) }
            }
            expected.append(sum / (2 * weights.reduce(0, +)))
        }
        #expect(largestDifference(found, expected) < 1e-11)
        #expect(model.lambda == lambdas[expected.indices.min { expected[$0] < expected[$1] }!])
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

    @Test func `one row and many rows agree, also after storage`() throws {
        let model = try stored(RidgeRegression().fit(features: features, targets: targets))
        let all = model.predict(features)
        for row in 0..<60 {
            var one = [0.0, 0.0]
            withRow(features, row) { input in one.withUnsafeMutableBufferPointer { model.predict(input, into: $0) } }
            #expect(one == [all[row, 0], all[row, 1]])
        }
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
