import Foundation
import NumericalMethods
import Testing

@Suite struct `matrix factorisation` {
    @Test func `of a full table is its centred singular value decomposition with shrunk values`() throws {
        // ‖R − X‖² + 2λ‖X‖_* is least at X with singular values max(σ − λ, 0) (Hastie et al., 2015, JMLR 16, lemma 1).
        // This centred table is Σ σₖ aₖ bₖᵀ with orthonormal aₖ (cosines, which sum to 0) and bₖ.
        let (n, m) = (40, 3)
        let sigmas = [9.0, 4, 0.5]
        let lambda = 1.5
        func a(_ i: Int, _ k: Int) -> Double {
            let angle: Double = .pi * (Double(i) + 0.5) * Double(k + 1) / Double(n)
            return sqrt(2 / Double(n)) * cos(angle)
        }
        let thirds: [[Double]] = [[2, 2, 1], [-2, 1, 2], [1, -2, 2]]
        let b = thirds.map { $0.map { $0 / 3 } }
        let offsets = [5.0, -1, 0.25]
        var table = Matrix(rows: n, columns: m)
        var expected = table
        for i in 0..<n {
            for s in 0..<m {
                table[i, s] = offsets[s]
                expected[i, s] = offsets[s]
                for k in 0..<3 {
                    let pattern: Double = a(i, k) * b[k][s]
                    table[i, s] += sigmas[k] * pattern
                    expected[i, s] += max(sigmas[k] - lambda, 0) * pattern
                }
            }
        }
        let model = try MatrixFactorisation(rank: 3, lambda: lambda, iterations: 5000, tolerance: 1e-15).fit(
            table: table)
        #expect(largestDifference(model.reconstruction().storage, expected.storage) < 1e-5)
        #expect(largestDifference(model.intercepts, offsets) < 1e-5)
    }

    @Test func `never raises its objective, and recovers missing cells of a table of low rank`() throws {
        var random = TestRandom(19)
        let (n, m) = (400, 8)
        let left = random.normalTable(rows: n, columns: 2)
        let right = random.normalTable(rows: m, columns: 2)
        var table = Matrix(rows: n, columns: m)
        var full = table
        for i in 0..<n {
            for s in 0..<m {
                full[i, s] = Double(s) + left[i, 0] * right[s, 0] + left[i, 1] * right[s, 1]
                table[i, s] = random.uniform() < 0.3 ? .nan : full[i, s]
            }
        }
        let model = try MatrixFactorisation(rank: 2, lambda: 1e-4, iterations: 2000, tolerance: 1e-12).fit(table: table)
        for (before, after) in zip(model.objectives, model.objectives.dropFirst()) {
            #expect(after <= before * (1 + 1e-12))
        }
        let guess = model.reconstruction()
        var worst = 0.0
        for i in 0..<n where (0..<m).count(where: { !table[i, $0].isNaN }) >= 4 {
            for s in 0..<m { worst = max(worst, abs(guess[i, s] - full[i, s])) }
        }
        #expect(worst < 0.05)
    }

    @Test func `predicts an unseen item's stages from its context`() throws {
        var random = TestRandom(23)
        let contexts = random.normalTable(rows: 600, columns: 4)
        func row(_ x: [Double]) -> [Double] {
            (0..<5).map { Double($0) + Double($0 - 2) * (x[0] - x[1]) + Double($0 % 2) * x[2] }
        }
        var table = Matrix(rows: 600, columns: 5)
        for i in 0..<600 {
            let values = row((0..<4).map { contexts[i, $0] })
            for s in 0..<5 { table[i, s] = random.uniform() < 0.4 ? .nan : values[s] }
        }
        let learner = MatrixFactorisation(
            rank: 2, lambda: 0.1, iterations: 2000, tolerance: 1e-12, contextPenalty: 1e-6)
        let predictor = try #require(try learner.fit(table: table, contexts: contexts).predictor)
        let fresh = random.normalTable(rows: 50, columns: 4)
        let guess = predictor.predict(fresh)
        var worst = 0.0
        for i in 0..<50 {
            let expected = row((0..<4).map { fresh[i, $0] })
            worst = max(worst, largestDifference((0..<5).map { guess[i, $0] }, expected))
        }
        // The rows have rank 2 and spread 3; only the penalty λ keeps the map from being exact.
        #expect(worst < 0.1)
        // Two factors are needed, and more explain nothing; with a penalty as large as the data nothing is learned.
        let tuned = try MatrixFactorisation(rank: 1, lambda: 0.1).tuned(
            table: table, contexts: contexts, heldOut: (0..<600).map { $0 % 4 == 0 }, ranks: [1, 2])
        #expect(tuned.rank == 2 && tuned.contextPenalty < 1e-2)
        #expect(
            learnerError {
                _ = try MatrixFactorisation().tuned(
                    table: table, contexts: contexts, heldOut: [Bool](repeating: false, count: 600), ranks: [1])
            } == .noRows)
    }

    @Test func `refuses a stage that was never observed, and a penalty of zero`() {
        var table = Matrix(rows: 4, columns: 2, repeating: 1)
        #expect(
            learnerError { _ = try MatrixFactorisation(lambda: 0).fit(table: table) }
                == .badSetting(name: "lambda", value: 0, expected: "above 0"))
        for i in 0..<4 { table[i, 1] = .nan }
        #expect(learnerError { _ = try MatrixFactorisation().fit(table: table) } == .nonFiniteTarget(row: 0, column: 1))
    }
}
