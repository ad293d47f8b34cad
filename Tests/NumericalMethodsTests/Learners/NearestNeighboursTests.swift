import Foundation
import Testing

@testable import NumericalMethods

@Suite struct `nearest neighbours` {
    /// Predictions by sorting all distances, as the definition says.
    func bruteForce(
        _ items: Matrix, _ targets: Matrix, _ query: [Double], k: Int, metric: NearestNeighbours.Metric,
        weighting: NearestNeighbours.Weighting, excluded: Int? = nil
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
            let point = (0..<d).map { row[$0].isNaN || scales[$0] == 0 ? 0 : (row[$0] - centres[$0]) / scales[$0] }
            let length = metric == .cosine ? sqrt(point.reduce(0) { $0 + $1 * $1 }) : 1
            return length > 0 ? point.map { $0 / length } : point
        }
        let q = point(query)
        var all: [(distance: Double, item: Int)] = []
        for i in 0..<items.rows where i != excluded {
            let distance = sqrt(zip(point((0..<d).map { items[i, $0] }), q).reduce(0) { $0 + pow($1.0 - $1.1, 2) })
            all.append((distance, i))
        }
        all.sort { ($0.distance, $0.item) < ($1.distance, $1.item) }
        let reach = all[min(k, all.count - 1)].distance
        return (0..<targets.columns).map { target in
            let near = all.prefix(k).filter { !targets[$0.item, target].isNaN }
            if near.isEmpty {
                let seen = (0..<items.rows).map { targets[$0, target] }.filter { !$0.isNaN }
                return seen.reduce(0, +) / Double(seen.count)
            }
            let weights = near.map { weighting == .uniform ? 1 : 1 - pow($0.distance / reach, 2) + 1e-9 }
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

    /// The same row by row.
    func oneByOne(_ model: NearestNeighboursModel, _ queries: Matrix) -> Matrix {
        var result = Matrix(rows: queries.rows, columns: model.outputs)
        for row in 0..<queries.rows {
            var one = [Double](repeating: 0, count: model.outputs)
            withRow(queries, row) { input in one.withUnsafeMutableBufferPointer { model.predict(input, into: $0) } }
            for target in one.indices { result[row, target] = one[target] }
        }
        return result
    }

    @Test(arguments: NearestNeighbours.Metric.allCases, NearestNeighbours.Weighting.allCases)
    func `equal a sort of all distances`(
        metric: NearestNeighbours.Metric, weighting: NearestNeighbours.Weighting
    ) throws {
        for rows in [2, 5, 7, 8, 300] {
            let (items, targets, queries) = tables(rows: rows)
            let model = try NearestNeighbours(k: 7, metric: metric, weighting: weighting).fit(
                features: items, targets: targets)
            let all = model.predict(queries)
            #expect(oneByOne(model, queries) == all)
            for row in 0..<queries.rows {
                let expected = bruteForce(
                    items, targets, (0..<5).map { queries[row, $0] }, k: 7, metric: metric, weighting: weighting)
                #expect(largestDifference((0..<3).map { all[row, $0] }, expected) < 1e-9, "\(rows) items")
            }
        }
    }

    @Test func `keep the settings that predict each item best from the others`() throws {
        let (items, targets, _) = tables(rows: 60)
        let counts = [1, 3, 8, 20]
        var errors: [NearestNeighbours: Double] = [:]
        for metric in NearestNeighbours.Metric.allCases {
            for weighting in NearestNeighbours.Weighting.allCases {
                for k in counts {
                    var error = 0.0
                    for i in 0..<60 {
                        let guess = bruteForce(
                            items, targets, (0..<5).map { items[i, $0] }, k: k, metric: metric, weighting: weighting,
                            excluded: i)
                        for target in 0..<3 where !targets[i, target].isNaN {
                            error += pow(guess[target] - targets[i, target], 2)
                        }
                    }
                    errors[NearestNeighbours(k: k, metric: metric, weighting: weighting)] = error
                }
            }
        }
        // 60 and more are too many and have to be left out.
        let model = try NearestNeighbours.tuned(features: items, targets: targets, counts: counts + [60, 500])
        let best = try #require(errors.min { $0.value < $1.value })
        #expect(model.configuration == best.key)
        for metric in NearestNeighbours.Metric.allCases {
            let fitted = try NearestNeighbours(metric: metric).fit(features: items, targets: targets)
            for (weighting, found) in zip(NearestNeighbours.Weighting.allCases, fitted.leaveOneOut(counts, queries: 60))
            {
                let expected = counts.map { errors[NearestNeighbours(k: $0, metric: metric, weighting: weighting)]! }
                #expect(largestDifference(found, expected) < 1e-9 * expected.max()!)
            }
        }
    }

    @Test func `near copies far from the origin are told apart though keys in single precision are not`() throws {
        // Two of the items are so far away that |a|² − 2 a·b loses all digits of the distances between the others.
        let count = 200
        let near = (0..<count).flatMap { [Double($0) * 1e-6, Double($0 % 7) * 1e-6] }
        let items = Matrix(rows: count + 2, columns: 2, storage: near + [-1e3, 0, 1e3, 1])
        let targets = Matrix(rows: count + 2, columns: 1, storage: (0..<count + 2).map { Double($0) })
        let model = try NearestNeighbours(k: 1).fit(features: items, targets: targets)
        #expect(model.predict(items).storage == targets.storage)
        #expect(oneByOne(model, items) == targets)
        // Beyond the range of single precision.
        let far = Matrix(rows: 2, columns: 2, storage: [1e18, 0, -1e18, 0])
        #expect(model.predict(far).storage == [Double(count) + 1, Double(count)])
    }

    @Test func `take the first of equally near items`() throws {
        let items = Matrix(rows: 40, columns: 1, storage: (0..<40).map { Double($0 % 4) })
        let targets = Matrix(rows: 40, columns: 1, storage: (0..<40).map { Double($0) })
        let model = try NearestNeighbours(k: 3).fit(features: items, targets: targets)
        // Items 1, 5 and 9 of ten at 1.
        #expect(model.predict(Matrix(rows: 1, columns: 1, storage: [1]))[0, 0] == 5)
    }

    @Test func `the n-th smallest of a list is that of the sorted list`() {
        var random = TestRandom(5)
        for count in 1...60 {
            let values = (0..<count).map { _ in (random.uniform() * 20).rounded() }
            for n in 0..<count {
                var list = values
                #expect(list.withUnsafeMutableBufferPointer { nthSmallest(n, $0) } == values.sorted()[n])
            }
        }
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
    }

    @Test func `five thousand queries among five thousand items of forty features take seconds at most`() throws {
        var random = TestRandom(8)
        let items = random.normalTable(rows: 5000, columns: 40)
        let targets = random.normalTable(rows: 5000, columns: 11)
        let model = try NearestNeighbours(k: 20).fit(features: items, targets: targets)
        let batch = seconds { _ = model.predict(items) }
        let single = seconds { _ = oneByOne(model, items) }
        let tuning = try seconds { _ = try NearestNeighbours.tuned(features: items, targets: targets) }
        print("nearest neighbours, 5,000 x 40: batch \(batch) s, one by one \(single) s, tuning \(tuning) s")
        #expect(batch < 10)
    }
}
