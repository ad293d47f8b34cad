import Cascades
import Foundation
import NumericalMethods
import Probability
import Testing

@testable import Deferral

@Suite struct `estimators of quality` {
    static let log = CostedLog(SimulatedLog.rising(items: 1500, stages: 4, seed: 11))

    @Test(arguments: EstimatorKind.allCases) func `estimate alike one by one and all at once`(_ kind: EstimatorKind)
        throws
    {
        var log = Self.log.log.subset(Array(0..<400))
        log.groups = CodedColumn((0..<400).map { $0 % 5 == 4 ? nil : "g\($0 % 5)" })
        let costed = CostedLog(log)
        var random = Random(seed: 1)
        let estimator = try EstimatorLearner(kind: kind).fit(costed, using: &random)
        let decoded = try JSONDecoder().decode(Estimator.self, from: JSONEncoder().encode(estimator))
        #expect(decoded == estimator)
        for answered in [StageSet(), StageSet(2), StageSet([0, 1, 3])] {
            let all = estimator.estimates(for: log, answered: answered)
            var state = PolicyState(schema: log.schema)
            var one = [Double](repeating: 0, count: 4)
            for item in stride(from: 0, to: 400, by: 13) {
                state.begin(log, item: item)
                for stage in answered { state.record(log, item: item, stage: stage) }
                one.withUnsafeMutableBufferPointer { decoded.estimate(state, into: $0) }
                for stage in 0..<4 { #expect(one[stage] == all[item, stage]) }
            }
        }
    }

    @Test(arguments: EstimatorKind.allCases) func `are no worse than the mean on held-out items`(_ kind: EstimatorKind)
        throws
    {
        var random = Random(seed: 2)
        let fit = try EstimatorLearner(kind: kind).crossFit(Self.log, folds: 4, using: &random)
        let means = Self.log.meanQuality
        for answered in [StageSet(), StageSet(0), StageSet([0, 1])] {
            let estimates = fit.estimates(for: Self.log, answered: answered)
            for stage in 0..<4 {
                // Paired squared errors; the mean was told in sample. 4 standard errors: 3 in 100,000 for each.
                let gaps = (0..<Self.log.count).map { item in
                    let quality = Self.log.log.quality(item: item, stage: stage)
                    let (a, b) = (quality - estimates[item, stage], quality - means[stage])
                    return a * a - b * b
                }
                let mean = gaps.reduce(0, +) / Double(gaps.count)
                let variance = gaps.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(gaps.count)
                #expect(mean < 4 * (variance / Double(gaps.count)).squareRoot() + 1e-3, "\(kind), stage \(stage)")
            }
        }
    }

    @Test(arguments: EstimatorKind.allCases.filter { $0 != .groupMeans })
    func `learn as well whichever fold is left out`(_ kind: EstimatorKind) throws {
        // The target is a step in the first feature; the second is noise.
        var random = Random(seed: 3)
        let features = (0..<1200).map { _ in random.uniform() }
        let rows = TrainingRows(
            width: 2, outputs: 2, features: features,
            targets: (0..<600).flatMap { features[2 * $0] < 0.5 ? [0.1, 0.8] : [0.9, 0.2] },
            fold: (0..<600).map { Int32($0 % 3) }, folds: 3)
        for left in 0..<Int32(3) {
            let regressor = try kind.fit(rows.filter { rows.fold[$0] != left })
            func predict(_ x: Double) -> [Double] {
                var (row, result) = ([x, 0.5], [0.0, 0])
                row.withUnsafeMutableBufferPointer { row in
                    result.withUnsafeMutableBufferPointer { regressor.predict(UnsafeBufferPointer(row), into: $0) }
                }
                return result
            }
            // Even a straight line rises by 1.2 a unit there.
            let (low, high) = (predict(0.1), predict(0.9))
            #expect(high[0] - low[0] > 0.5 && low[1] - high[1] > 0.35, "\(kind) without fold \(left): \(low), \(high)")
        }
    }

    @Test func `never read the probability of the true label`() {
        let schema = LogSchema(
            context: ["a"], stages: [StageSchema(name: "s", evidence: ["label_probability", "margin"])])
        #expect(FeatureMap(schema, evidenceOf: [0]).signals == [0, 2])
    }

    @Test func `ignore evidence of stages that have not answered`() throws {
        var random = Random(seed: 1)
        let estimator = try EstimatorLearner().fit(Self.log, using: &random)
        var shuffled = Self.log.log
        for cell in shuffled.evidence.indices { shuffled.evidence[cell] = Double(cell % 17) }
        #expect(estimator.estimates(for: shuffled) == estimator.estimates(for: Self.log.log))
    }

    @Test func `learn each stage from the items it answered`() throws {
        // Stage 1 answers only even items, always well; stage 0 answers all, never well.
        let items = 40
        var log = OutcomeLog(
            schema: LogSchema(stages: [StageSchema(name: "a"), StageSchema(name: "b")]),
            ids: (0..<items).map(String.init),
            quality: (0..<items).flatMap { [0, $0 % 2 == 0 ? 1 : .nan] })
        log.money = (0..<items).flatMap { _ in [1, 2] }
        var random = Random(seed: 1)
        let estimator = try EstimatorLearner(kind: .groupMeans, sets: .none).fit(CostedLog(log), using: &random)
        #expect(estimator.estimates(for: log).storage[0..<2] == [0, 1])
    }

    @Test func `shrink small groups to the overall mean and keep large ones`() {
        // One group of 1000 at 0.9, one of 1000 at 0.1, one of a single item at 1.
        var groups: [Int32] = []
        var targets: [Double] = []
        for index in 0..<1000 { groups += [0, 1]; targets += [index < 900 ? 1 : 0, index < 100 ? 1 : 0] }
        groups.append(2)
        targets.append(1)
        let table = GroupTable(names: ["a", "b", "c"], groups: groups, targets: targets, outputs: 1)
        #expect(abs(table.values[0] - 0.9) < 0.01 && abs(table.values[1] - 0.1) < 0.01)
        #expect(table.values[2] > table.overall[0] && table.values[2] < 0.95)
        #expect(table.row(of: "d") == -1 && table.row(of: nil) == -1)
        // Groups that differ by chance alone are not told apart: here they don't differ at all.
        let same = GroupTable(names: ["a", "b"], groups: [0, 0, 1, 1], targets: [0, 1, 0, 1], outputs: 1)
        #expect(same.values == [0.5, 0.5])
    }

    @Test func `cover every answered set, sampled or listed`() {
        var random = Random(seed: 1)
        let all = AnsweredSets.sampled(perItem: 8).draw(order: [0, 1, 2], present: .all(3), using: &random)
        #expect(Set(all).count == 8)
        var seen = Set<StageSet>()
        for _ in 0..<2000 {
            for set in AnsweredSets.sampled(perItem: 4).draw(order: [3, 2, 1, 0], present: .all(4), using: &random) {
                seen.insert(set)
            }
        }
        #expect(seen.count == 16)
        #expect(
            AnsweredSets.sampled(perItem: 4).draw(order: [0, 1, 2, 3], present: StageSet(1), using: &random).allSatisfy
            { $0.isSubset(of: StageSet(1)) })
    }

    @Test func `follow costs that the context foretells, and no others`() throws {
        let items = 500
        var random = Random(seed: 4)
        var log = OutcomeLog(
            schema: LogSchema(context: ["length"], stages: [StageSchema(name: "a"), StageSchema(name: "b")]),
            ids: (0..<items).map(String.init), quality: [Double](repeating: 1, count: 2 * items))
        log.context = (0..<items).map { _ in 100 * random.uniform() }
        log.money = log.context.flatMap { [0.01 + 0.001 * $0, 0.05 + 0.01 * $0] }
        let costs = try CostEstimator(CostedLog(log), using: &random)
        #expect(costs.readsContext)
        let estimates = costs.estimates(for: log)
        for cell in log.money.indices {
            #expect(abs(estimates[cell] - log.money[cell]) < 1e-3 * log.money[cell] + 1e-5)
        }
        // Costs drawn apart from the context.
        log.money = (0..<items).flatMap { _ in [random.uniform(), random.uniform()] }
        #expect(try !CostEstimator(CostedLog(log), using: &random).readsContext)
    }

    @Test func `know how wrong they are together`() throws {
        // Errors are known: no features at all, so that the error is quality less its mean.
        let items = 4000
        var random = Random(seed: 9)
        var quality: [Double] = []
        for _ in 0..<items {
            let shared = random.normal()
            quality += [shared + random.normal(), shared + random.normal(), 0.5 * random.normal()]
        }
        let log = CostedLog(
            OutcomeLog(
                schema: LogSchema(stages: (0..<3).map { StageSchema(name: "s\($0)") }),
                ids: (0..<items).map(String.init),
                quality: quality))
        let fit = try EstimatorLearner(kind: .groupMeans, sets: .none).crossFit(log, using: &random)
        let covariance = ErrorCovariance(fit, on: log)
        let matrix = covariance.matrix(for: StageSet(1))
        let truth: [Double] = [2, 1, 0, 1, 2, 0, 0, 0, 0.25]
        // Standard error of a covariance is at most sqrt((v_i v_j + c²) / n) <= 0.045; 4 of them.
        for cell in 0..<9 { #expect(abs(matrix.storage[cell] - truth[cell]) < 0.18) }
        #expect((try? Cholesky(matrix)) != nil)
    }
}
