import Foundation
import Testing

@testable import NumericalMethods

@Suite struct `boosted trees` {
    let features: Matrix = {
        var table = waveTable(rows: 300, columns: 4)
        for i in stride(from: 0, to: 300, by: 11) { table[i, 2] = .nan }
        return table
    }()
    var binary: [Double] {
        (0..<300).map { sin(2.9 * Double($0)) + features[$0, 0] - 0.3 * features[$0, 1] > 0.2 ? 1 : 0 }
    }
    var numbers: [Double] { (0..<300).map { features[$0, 0] * features[$0, 1] + sin(2.9 * Double($0)) } }
    var classes: [Double] { (0..<300).map { features[$0, 0] > 0.4 ? 0 : features[$0, 1] > 0 ? 1 : 2 } }

    @Test func `give the probabilities of XGBoost's own logistic objective`() throws {
        // xgboost 1.7.4: binary:logistic, base_score = mean target, max_depth 3, eta 0.2, hist, 20 rounds, first rows.
        // Its gradients are rounded to Float otherwise than ours, hence 1e-5.
        let expected = [
            0.06893157958984375, 0.8773396611213684, 0.4481433928012848, 0.028859572485089302, 0.1653171330690384,
            0.6720378994941711, 0.7923882603645325, 0.7711915373802185, 0.1653171330690384, 0.028859572485089302,
            0.35629022121429443, 0.9172245264053345,
        ]
        let model = try BoostedTrees(objective: .logistic, rounds: 20, depth: 3, learningRate: 0.2)
            .fit(features: features, targets: binary)
        #expect(largestDifference(Array(model.predict(features).storage[0..<12]), expected) < 1e-5)
    }

    @Test func `give the numbers of XGBoost's own squared error`() throws {
        // As above with reg:squarederror.
        let expected = [
            0.1254402995109558, -0.7549294829368591, -0.12512190639972687, -0.5928070545196533, 0.6795576214790344,
            0.05161808803677559, 1.3640598058700562, 0.05161808803677559, 0.4641408920288086, -0.7016065716743469,
            -0.06025133281946182, -0.9385423064231873,
        ]
        let model = try BoostedTrees(objective: .squaredError, rounds: 20, depth: 3, learningRate: 0.2)
            .fit(features: features, targets: numbers)
        #expect(largestDifference(Array(model.predict(features).storage[0..<12]), expected) < 1e-5)
    }

    @Test func `our walk through the flat trees equals XGBoost's prediction`() throws {
        let learners: [(BoostedTrees, [Double])] = [
            (BoostedTrees(objective: .squaredError, rounds: 40, subsample: 0.7), numbers),
            (BoostedTrees(objective: .logistic, rounds: 40, columnSubsample: 0.5), binary),
            (BoostedTrees(objective: .softmax(classes: 3), rounds: 40, depth: 6), classes),
        ]
        for (learner, targets) in learners {
            let (model, margins) = try learner.fitWithMargins(features: features, targets: targets)
            let ours = features.mapRows(to: model.outputs) { model.margins($0, into: $1) }
            #expect(largestDifference(ours.storage, margins) < 1e-6 * (1 + margins.reduce(0) { max($0, abs($1)) }))
            #expect(model.ensemble.trees == 40 * model.outputs)
        }
    }

    @Test func `a seed gives the same trees on any number of threads, another seed others`() throws {
        var random = TestRandom(9)
        let table = random.normalTable(rows: 1500, columns: 6)
        let targets = (0..<1500).map { i -> Double in
            random.uniform() < 1 / (1 + exp(-table[i, 0] * table[i, 1])) ? 1 : 0
        }
        var learner = BoostedTrees(
            objective: .logistic, rounds: 12, subsample: 0.8, columnSubsample: 0.7, seed: 4, threads: 1)
        let weights = (0..<1500).map { _ in random.uniform() }
        let one = try learner.fit(features: table, targets: targets, weights: weights)
        for threads in [2, 5] {
            learner.threads = threads
            #expect(try learner.fit(features: table, targets: targets, weights: weights) == one)
        }
        learner.seed = 5
        #expect(try learner.fit(features: table, targets: targets, weights: weights) != one)
    }

    @Test func `one round without learning-rate shrinkage gives each leaf its regularised mean`() throws {
        // One split at 0 on one binary feature; leaf value Σ residual / (count + λ).
        let table = Matrix(rows: 8, columns: 1, storage: [-1, -1, -1, 1, 1, 1, 1, 1])
        let targets = [1.0, 2, 3, 10, 10, 11, 9, 12]
        let model = try BoostedTrees(objective: .squaredError, rounds: 1, depth: 1, learningRate: 1, lambda: 2)
            .fit(features: table, targets: targets)
        let mean = targets.reduce(0, +) / 8
        let low = mean + (6 - 3 * mean) / (3 + 2)
        let high = mean + (52 - 5 * mean) / (5 + 2)
        #expect(largestDifference(model.predict(table).storage, [low, low, low, high, high, high, high, high]) < 1e-5)
    }

    @Test func `early stopping keeps the rounds up to the least validation loss`() throws {
        var random = TestRandom(21)
        let table = random.normalTable(rows: 600, columns: 5)
        let targets = (0..<600).map { table[$0, 0] + 2 * random.normal() }
        let other = random.normalTable(rows: 400, columns: 5)
        let otherTargets = (0..<400).map { other[$0, 0] + 2 * random.normal() }
        let learner = BoostedTrees(objective: .squaredError, rounds: 300, depth: 3, patience: 300)
        let stopped = try learner.fit(
            features: table, targets: targets, validation: .init(features: other, targets: otherTargets))
        // Losses after every number of rounds, by refitting.
        func loss(_ rounds: Int) throws -> Double {
            var shorter = learner
            shorter.rounds = rounds
            let guess = try shorter.fit(features: table, targets: targets).predict(other).storage
            return zip(guess, otherTargets).reduce(0) { $0 + pow($1.0 - $1.1, 2) / 2 } / 400
        }
        let best = try #require(stopped.validationLoss)
        #expect(stopped.rounds < 300 && stopped.rounds > 0)
        #expect(abs(try loss(stopped.rounds) - best) < 1e-5)
        for rounds in [1, stopped.rounds / 2 + 1, stopped.rounds + 1, stopped.rounds + 20, 300] {
            #expect(try loss(rounds) > best - 1e-5)
        }
    }

    @Test func `softmax predictions are distributions that find the classes`() throws {
        let model = try BoostedTrees(objective: .softmax(classes: 3), rounds: 50).fit(
            features: features, targets: classes)
        let guess = model.predict(features)
        var right = 0
        for i in 0..<300 {
            let row = (0..<3).map { guess[i, $0] }
            #expect(abs(row.reduce(0, +) - 1) < 1e-12)
            if row.indices.max(by: { row[$0] < row[$1] }) == Int(classes[i]) { right += 1 }
        }
        // The classes are cut by two thresholds of the features: trees of depth 4 can be exact.
        #expect(right >= 297)
    }

    @Test func `a stored model is the same, and a damaged one is refused`() throws {
        let model = try BoostedTrees(objective: .logistic, rounds: 5).fit(features: features, targets: binary)
        #expect(try stored(model) == model)
        let text = String(decoding: try JSONEncoder().encode(model), as: UTF8.self)
        let damaged = text.replacingOccurrences(of: #""left":[1,"#, with: #""left":[0,"#)
        #expect(damaged != text)
        #expect(throws: LearnerError.self) {
            try JSONDecoder().decode(BoostedTreesModel.self, from: Data(damaged.utf8))
        }
    }

    @Test func `refuses bad data and settings`() {
        let learner = BoostedTrees(objective: .logistic)
        #expect(
            learnerError { _ = try learner.fit(features: features, targets: [Double](repeating: 0, count: 300)) }
                == .oneClass)
        #expect(learnerError { _ = try learner.fit(features: features, targets: numbers) } != nil)
        #expect(
            learnerError {
                _ = try BoostedTrees(objective: .softmax(classes: 4)).fit(features: features, targets: classes)
            }
                == .emptyClass(3))
        #expect(
            learnerError {
                _ = try BoostedTrees(objective: .squaredError, depth: 0).fit(features: features, targets: numbers)
            }
                == .badSetting(name: "the depth", value: 0, expected: "from 1 to 16"))
        var huge = features
        huge[3, 1] = 1e300
        #expect(
            learnerError { _ = try learner.fit(features: huge, targets: binary) } == .infiniteFeature(row: 3, column: 1)
        )
    }

    @Test func `one row through fifty trees of depth four takes far less than a millisecond`() throws {
        var random = TestRandom(2)
        let table = random.normalTable(rows: 20_000, columns: 20)
        let targets = (0..<20_000).map { table[$0, 0] * table[$0, 1] + random.normal() }
        var model: BoostedTreesModel?
        let learner = BoostedTrees(objective: .squaredError, rounds: 100)
        let training = try seconds { model = try learner.fit(features: table, targets: targets) }
        let short = try BoostedTrees(objective: .squaredError, rounds: 50).fit(features: table, targets: targets)
        var sum = 0.0
        // The best of 40 batches: others use the machine too.
        var best = Double.infinity
        for batch in 0..<40 {
            let elapsed = seconds {
                withUnsafeTemporaryAllocation(of: Double.self, capacity: 1) { result in
                    for row in batch * 500..<(batch + 1) * 500 {
                        withRow(table, row) { short.predict($0, into: result) }
                        sum += result[0]
                    }
                }
            }
            best = min(best, elapsed / 500)
        }
        print(
            "boosted trees: 100 rounds of 20,000 x 20 in \(training) s; one row of 50 trees \(best * 1e9) ns"
        )
        #expect(best < 1e-4 && model != nil && sum.isFinite)
    }
}
