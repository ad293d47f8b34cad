import Cascades
import NumericalMethods
import Probability
import Testing

@testable import Deferral

@Suite struct `ridge regression on rows with missing cells` {
    static func rows(_ count: Int, noise: Double, seed: UInt64) -> TrainingRows {
        var random = Random(seed: seed)
        var features: [Double] = []
        var targets: [Double] = []
        for _ in 0..<count {
            let x = [random.uniform(), 10 * random.uniform() + 100]
            features += x
            targets += [1 + 2 * x[0] - 0.5 * x[1] + noise * random.normal(), 3 - x[0]]
        }
        return TrainingRows(
            width: 2, outputs: 2, features: features, targets: targets, fold: (0..<count).map { Int32($0 % 5) },
            folds: 5)
    }

    @Test func `finds a linear law again`() throws {
        let model = try RidgeFit.fit(Self.rows(200, noise: 0, seed: 1)).model
        // The smallest penalty shrinks weights by one part in a million.
        #expect(
            abs(model.weights[0] - 2) < 1e-4 && abs(model.weights[2] + 0.5) < 1e-4 && abs(model.weights[1] + 1) < 1e-4)
        #expect(abs(model.intercepts[0] - 1) < 1e-2 && abs(model.intercepts[1] - 3) < 1e-2)
    }

    @Test func `agrees with a model fitted to the rows that have the target`() throws {
        var rows = Self.rows(300, noise: 0.3, seed: 2)
        var kept: [Int] = []
        for index in 0..<300 { if index % 3 == 0 { rows.targets[index * 2] = .nan } else { kept.append(index) } }
        let both = try RidgeFit.fit(rows).model
        let alone = TrainingRows(
            width: 2, outputs: 1, features: kept.flatMap { rows.features[$0 * 2..<$0 * 2 + 2] },
            targets: kept.map { rows.targets[$0 * 2] }, fold: kept.map { rows.fold[$0] }, folds: 5)
        let one = try RidgeFit.fit(alone).model
        // Features are standardised over other rows, which moves the tiny penalty a little.
        #expect(abs(both.weights[0] - one.weights[0]) < 1e-3 && abs(both.weights[2] - one.weights[1]) < 1e-3)
    }

    @Test func `counts a missing feature as its mean`() throws {
        let rows = Self.rows(100, noise: 0.1, seed: 3)
        let model = try RidgeFit.fit(rows).model
        let mean = (0..<100).reduce(0) { $0 + rows.features[$1 * 2] } / 100
        var (missing, average, a, b) = ([Double.nan, 105], [mean, 105], [0.0, 0], [0.0, 0])
        missing.withUnsafeMutableBufferPointer { row in
            a.withUnsafeMutableBufferPointer { model.predict(row, into: $0) }
        }
        average.withUnsafeMutableBufferPointer { row in
            b.withUnsafeMutableBufferPointer { model.predict(row, into: $0) }
        }
        #expect(abs(a[0] - b[0]) < 1e-9 && abs(a[1] - b[1]) < 1e-9)
    }

    @Test func `reports the held-out error that refitting without each fold gives`() throws {
        let rows = Self.rows(60, noise: 0.5, seed: 4)
        let result = try RidgeFit.fit(rows)
        // The mean alone, by hand.
        var error = 0.0
        for fold in 0..<5 {
            let rest = (0..<60).filter { $0 % 5 != fold }.map { rows.targets[$0 * 2] }
            let mean = rest.reduce(0, +) / Double(rest.count)
            for index in stride(from: fold, to: 60, by: 5) {
                error += (rows.targets[index * 2] - mean) * (rows.targets[index * 2] - mean)
            }
        }
        #expect(abs(result.heldOutOfMean[0] - error / 60) < 1e-9)
        #expect(result.heldOut[0] < result.heldOutOfMean[0])
    }

    @Test func `leaves a constant feature out`() throws {
        var rows = Self.rows(50, noise: 0.1, seed: 5)
        for index in 0..<50 { rows.features[index * 2] = 7 }
        #expect(try RidgeFit.fit(rows).model.weights[0] == 0)
    }
}
