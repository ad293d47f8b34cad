import Foundation
import NumericalMethods
import Testing

@Suite struct `nearest neighbours` {
    /// Predictions by sorting all distances, as the definition says.
    func bruteForce(
        _ items: Matrix, _ targets: Matrix, _ query: [Double], k: Int, metric: NearestNeighbours.Metric,
        isWeighted: Bool,
        featureWeights: [Double], excluded: Int? = nil
    ) -> [Double] {
        let d = items.columns
        var centres = [Double](repeating: 0, count: d)
        var scales = centres
        for j in 0..<d {
            let seen = (0..<items.rows).map { items[$0, j] }.filter { !$0.isNaN }
            centres[j] = seen.reduce(0, +) / Double(seen.count)
            scales[j] = sqrt(seen.reduce(0) { $0 + pow($1 - centres[j], 2) } / Double(seen.count))
        }
        func point(_ row: [Double]) -> [Double] {
            (0..<d).map { row[$0].isNaN ? 0 : (row[$0] - centres[$0]) / scales[$0] * sqrt(featureWeights[$0]) }
        }
        let q = point(query)
        var all: [(distance: Double, item: Int)] = []
        for i in 0..<items.rows where i != excluded {
            let p = point((0..<d).map { items[i, $0] })
            let distance: Double
            if metric == .euclidean {
                distance = sqrt(zip(p, q).reduce(0) { $0 + pow($1.0 - $1.1, 2) })
            } else {
                let lengths = sqrt(p.reduce(0) { $0 + $1 * $1 }) * sqrt(q.reduce(0) { $0 + $1 * $1 })
                distance = lengths > 0 ? 1 - zip(p, q).reduce(0) { $0 + $1.0 * $1.1 } / lengths : 1
            }
            all.append((distance, i))
        }
        all.sort { ($0.distance, $0.item) < ($1.distance, $1.item) }
        return (0..<targets.columns).map { target in
            let near = all.prefix(k).filter { !targets[$0.item, target].isNaN }
            if near.isEmpty {
                let seen = (0..<items.rows).map { targets[$0, target] }.filter { !$0.isNaN }
                return seen.reduce(0, +) / Double(seen.count)
            }
            let weights = near.map { isWeighted ? 1 / $0.distance : 1 }
            return zip(near, weights).reduce(0) { $0 + targets[$1.0.item, target] * $1.1 } / weights.reduce(0, +)
        }
    }

    func tables(rows: Int) -> (items: Matrix, targets: Matrix, queries: Matrix) {
        var random = TestRandom(31)
        var items = random.normalTable(rows: rows, columns: 5)
        var targets = random.normalTable(rows: rows, columns: 3)
        for i in stride(from: 0, to: rows, by: 6) { items[i, 1] = .nan }
        for i in stride(from: 0, to: rows, by: 3) { targets[i, 2] = .nan }
        return (items, targets, random.normalTable(rows: 90, columns: 5))
    }

    @Test(arguments: [NearestNeighbours.Metric.euclidean, .cosine], [false, true])
    func `equal a sort of all distances`(metric: NearestNeighbours.Metric, isWeighted: Bool) throws {
        let (items, targets, queries) = tables(rows: 300)
        let featureWeights = [1, 2, 0.5, 0, 3]
        let learner = NearestNeighbours(
            k: 7, metric: metric, weighting: isWeighted ? .inverseDistance : .uniform, featureWeights: featureWeights)
        let model = try learner.fit(features: items, targets: targets)
        let all = model.predict(queries)
        var scratch = model.makeScratch()
        for row in 0..<queries.rows {
            let expected = bruteForce(
                items, targets, (0..<5).map { queries[row, $0] }, k: 7, metric: metric, isWeighted: isWeighted,
                featureWeights: featureWeights)
            #expect(largestDifference((0..<3).map { all[row, $0] }, expected) < 1e-9)
            var one = [0.0, 0, 0]
            withRow(queries, row) { input in
                one.withUnsafeMutableBufferPointer { model.predict(input, into: $0, scratch: &scratch) }
            }
            #expect(one == (0..<3).map { all[row, $0] })
            #expect(scratch.distances == scratch.distances.sorted())
        }
    }

    @Test func `leave-one-out for every k equals a search without the item`() throws {
        let (items, targets, _) = tables(rows: 120)
        let model = try NearestNeighbours(k: 3, weighting: .inverseDistance).fit(features: items, targets: targets)
        let all = try model.leaveOneOut(maximum: 9)
        for k in [1, 4, 9] {
            for i in 0..<120 {
                let expected = bruteForce(
                    items, targets, (0..<5).map { items[i, $0] }, k: k, metric: .euclidean, isWeighted: true,
                    featureWeights: [1, 1, 1, 1, 1], excluded: i)
                #expect(largestDifference((0..<3).map { all[k - 1][i, $0] }, expected) < 1e-9)
            }
        }
        #expect(throws: LearnerError.self) { try model.leaveOneOut(maximum: 120) }
    }

    @Test func `near copies far from the origin are told apart by the batch search`() throws {
        // |a|² + |b|² − 2 a·b loses all digits of these distances; the exact second comparison has to find them.
        let count = 200
        let items = Matrix(rows: count, columns: 2, storage: (0..<count).flatMap { [1e6 + Double($0) * 1e-6, 1e6] })
        let targets = Matrix(rows: count, columns: 1, storage: (0..<count).map { Double($0) })
        let model = try NearestNeighbours(k: 1, standardises: false).fit(
            features: Matrix(rows: count, columns: 2, storage: items.storage), targets: targets)
        #expect(model.predict(items).storage == targets.storage)
        let far = Matrix(rows: count + 1, columns: 2, storage: items.storage + [-1e9, 0])
        let offset = try NearestNeighbours(k: 1, standardises: false)
            .fit(features: far, targets: Matrix(rows: count + 1, columns: 1, storage: targets.storage + [-1]))
        var scratch = offset.makeScratch()
        let all = offset.predict(items)
        for row in 0..<count {
            var one = [0.0]
            withRow(items, row) { input in
                one.withUnsafeMutableBufferPointer { offset.predict(input, into: $0, scratch: &scratch) }
            }
            #expect(one[0] == all[row, 0])
        }
    }

    @Test func `a neighbour at distance zero counts alone under distance weights`() throws {
        let items = Matrix(rows: 4, columns: 1, storage: [0, 0, 1, 2])
        let targets = Matrix(rows: 4, columns: 1, storage: [1, 3, 100, 100])
        let model = try NearestNeighbours(k: 3, weighting: .inverseDistance).fit(features: items, targets: targets)
        #expect(model.predict(Matrix(rows: 1, columns: 1, storage: [0]))[0, 0] == 2)
    }

    @Test func `a stored model is the same, missing targets included`() throws {
        let (items, targets, queries) = tables(rows: 40)
        let model = try NearestNeighbours().fit(features: items, targets: targets)
        let again = try stored(model)
        #expect(again == model && again.predict(queries) == model.predict(queries))
    }

    @Test func `refuses a target without observations and bad settings`() {
        let (items, _, _) = tables(rows: 40)
        let empty = Matrix(rows: 40, columns: 1, repeating: .nan)
        #expect(
            learnerError { _ = try NearestNeighbours().fit(features: items, targets: empty) }
                == .nonFiniteTarget(row: 0, column: 0))
        let fine = Matrix(rows: 40, columns: 1)
        #expect(
            learnerError { _ = try NearestNeighbours(k: 0).fit(features: items, targets: fine) }
                == .badSetting(name: "k", value: 0, expected: "at least 1"))
        #expect(
            learnerError { _ = try NearestNeighbours(featureWeights: [1]).fit(features: items, targets: fine) }
                == .mismatchedShapes(what: "the feature weights", expected: 5, found: 1))
    }

    @Test func `five thousand queries among five thousand items of forty features take seconds at most`() throws {
        var random = TestRandom(8)
        let items = random.normalTable(rows: 5000, columns: 40)
        let targets = random.normalTable(rows: 5000, columns: 11)
        let model = try NearestNeighbours(k: 20).fit(features: items, targets: targets)
        let batch = seconds { _ = model.predict(items) }
        let tuning = try seconds { _ = try model.leaveOneOut(maximum: 50) }
        print("nearest neighbours, 5,000 x 40: batch \(batch) s, leave-one-out for 50 k \(tuning) s")
        #expect(batch < 10)
    }
}
