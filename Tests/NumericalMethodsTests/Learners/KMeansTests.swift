import Foundation
import NumericalMethods
import Testing

@Suite struct `k-means` {
    @Test func `finds the best partition of a small set when restarted`() throws {
        var random = TestRandom(13)
        let points = random.normalTable(rows: 9, columns: 2)
        // All assignments of nine points to three clusters.
        var least = Double.infinity
        for code in 0..<19_683 {
            var digits = code
            let groups = (0..<9).map { _ in
                defer { digits /= 3 }
                return digits % 3
            }
            var sum = 0.0
            for cluster in 0..<3 {
                let members = (0..<9).filter { groups[$0] == cluster }
                for feature in 0..<2 {
                    let mean = members.reduce(0) { $0 + points[$1, feature] } / Double(max(members.count, 1))
                    sum += members.reduce(0) { $0 + pow(points[$1, feature] - mean, 2) }
                }
            }
            least = min(least, sum)
        }
        let model = try KMeans(clusters: 3, restarts: 50).fit(points)
        #expect(abs(model.inertia - least) < 1e-10)
    }

    @Test func `ends where each centroid is the weighted mean of its rows`() throws {
        var random = TestRandom(14)
        let points = random.normalTable(rows: 3000, columns: 4)
        let weights = (0..<3000).map { _ in random.uniform() }
        let model = try KMeans(clusters: 12, iterations: 1000, seed: 3).fit(points, weights: weights)
        let clusters = model.predict(points)
        var inertia = 0.0
        for cluster in 0..<12 {
            let members = (0..<3000).filter { clusters[$0] == cluster }
            let mass = members.reduce(0) { $0 + weights[$1] }
            for feature in 0..<4 {
                let mean = members.reduce(0) { $0 + weights[$1] * points[$1, feature] } / mass
                #expect(abs(mean - model.centroids[cluster, feature]) < 1e-9)
                inertia += members.reduce(0) { $0 + weights[$1] * pow(points[$1, feature] - mean, 2) }
            }
        }
        #expect(abs(inertia - model.inertia) < 1e-8 * inertia)
        #expect(model.iterations < 1000)
    }

    @Test func `parts clusters that are far apart, with missing cells, the same on any number of threads`() throws {
        var random = TestRandom(15)
        var points = random.normalTable(rows: 2000, columns: 6)
        for i in 0..<2000 {
            for j in 0..<6 { points[i, j] += i % 4 == j ? 50 : 0 }
            if i % 50 == 0 { points[i, 5] = .nan }
        }
        let learner = KMeans(clusters: 4, restarts: 3, seed: 1)
        let before = Parallel.threads
        defer { Parallel.threads = before }
        Parallel.threads = 1
        let model = try learner.fit(points)
        Parallel.threads = 4
        #expect(try learner.fit(points) == model)
        let found = model.predict(points)
        for i in 4..<2000 { #expect(found[i] == found[i % 4]) }
        #expect(Set(found).count == 4)
        #expect(try stored(model) == model)
    }

    @Test func `standardised, finds what it finds on features divided by their spread`() throws {
        var random = TestRandom(16)
        let plain = random.normalTable(rows: 500, columns: 3)
        var scaled = plain
        for j in 0..<2 {
            let column = (0..<500).map { plain[$0, j] }
            let mean = column.reduce(0, +) / 500
            let spread = sqrt(column.reduce(0) { $0 + pow($1 - mean, 2) } / 500)
            for i in 0..<500 { scaled[i, j] = (plain[i, j] - mean) / spread }
        }
        var constant = plain
        for i in 0..<500 { (constant[i, 2], scaled[i, 2]) = (7, 0) }
        let one = try KMeans(clusters: 5, standardises: true, seed: 2).fit(constant)
        let two = try KMeans(clusters: 5, seed: 2).fit(scaled)
        #expect(one.predict(constant) == two.predict(scaled))
        #expect(abs(one.inertia - two.inertia) < 1e-9 * two.inertia)
        // A feature that did not vary says nothing.
        for i in 0..<500 { constant[i, 2] = 1e9 }
        #expect(one.predict(constant) == two.predict(scaled))
    }

    @Test func `copes with coinciding rows and refuses more clusters than rows`() throws {
        let same = Matrix(rows: 5, columns: 2, repeating: 3)
        #expect(try KMeans(clusters: 3).fit(same).inertia == 0)
        #expect(throws: LearnerError.self) { try KMeans(clusters: 6).fit(same) }
        #expect(throws: LearnerError.self) { try KMeans(clusters: 3).fit(same, weights: [1, 1, 0, 0, 0]) }
    }
}
