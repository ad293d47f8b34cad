import Foundation
import Inference
import NumericalMethods
import Probability
import Testing

@testable import Inference

@Suite struct `tuning` {
    @Test func `windows of a warm-up of 1,000 end where Stan's do`() {
        let ends = HamiltonianTuning().windowEnds(steps: 1000)
        #expect(ends == [100, 150, 250, 450, 950])
        #expect(HamiltonianTuning().windowEnds(steps: 10).isEmpty)
        #expect(HamiltonianTuning().windowEnds(steps: 100) == [90])
    }

    @Test func `dual averaging finds the step size of a known acceptance`() {
        // Acceptance e^−ε: 0.8 at ε = −ln 0.8.
        var averaging = DualAveraging(target: 0.8, stepSize: 1)
        for _ in 0..<5000 { averaging.update(exp(-averaging.stepSize)) }
        #expect(abs(averaging.averagedStepSize + log(0.8)) < 0.01)
        averaging.update(.nan)
        #expect(averaging.stepSize.isFinite)
    }

    @Test func `running moments equal those of the whole`() throws {
        var random = Random(seed: 1)
        let data = Matrix(rows: 50, columns: 3, storage: (0..<150).map { _ in random.normal() + 100 })
        var dense = RunningMoments(dimension: 3, isDense: true)
        var diagonal = RunningMoments(dimension: 3, isDense: false)
        for row in 0..<50 {
            dense.add(data.row(row))
            diagonal.add(data.row(row))
        }
        let expected = try Covariance(of: data)
        for i in 0..<3 {
            #expect(abs(dense.mean[i] - expected.mean[i]) < 1e-12)
            #expect(abs(diagonal.variances[i] - expected.matrix[i, i]) < 1e-12)
            for j in 0..<3 { #expect(abs(dense.covariance[i, j] - expected.matrix[i, j]) < 1e-12) }
        }
    }

    @Test func `a warm-up reaches its acceptance and learns the scales`() throws {
        let target = try NormalTarget(mean: [0, 0], covariance: Matrix(rows: [[100, 0], [0, 0.01]]))
        let result = try ChainSampler(warmUp: 1000, draws: 2000).run(NoUTurnSampler(target: target), seed: 1)
        #expect(abs(result.draws.meanAcceptance - 0.8) < 0.12)
        for chain in result.chains.chains {
            guard case .diagonal(let scales) = chain.kernel.metric else {
                Issue.record("the metric is not diagonal")
                continue
            }
            // A standard deviation from 500 draws is off by about 4 %, more where they are correlated.
            #expect(abs(scales[0] / 10 - 1) < 0.5 && abs(scales[1] / 0.1 - 1) < 0.5)
        }
        let walk = try ChainSampler(warmUp: 4000, draws: 5000).run(RandomWalkMetropolis(target: target), seed: 1)
        #expect(abs(walk.draws.meanAcceptance - 0.234) < 0.1)
    }

    @Test func `each sub-tree is held against the next one's nearest point`() {
        // Whole trajectory straight, but ρ of the first and the second's first momentum turn against its own first.
        let (a, b) = ([1.0, 0], [0.1, 1.0])
        let straight = a.withUnsafeBufferPointer { a in
            b.withUnsafeBufferPointer { b in
                TrajectoryNode.isStraight(a.baseAddress!, b.baseAddress!, 2)
            }
        }
        #expect(straight)
        let back = [-1.1, 0.0]
        a.withUnsafeBufferPointer { a in
            back.withUnsafeBufferPointer { back in
                #expect(!TrajectoryNode.isStraight(a.baseAddress!, back.baseAddress!, 2))
            }
        }
        var vectors: [[Double]] = [[1, 0], [1, 0], [0.5, 0], [-0.6, 0], [1, 0], [1, 0]]
        func isStraight() -> Bool {
            let flat = vectors.flatMap { $0 }
            return flat.withUnsafeBufferPointer { p in
                let x = p.baseAddress!
                return TrajectoryNode.isStraight(x, x + 2, x + 4, x + 6, x + 8, x + 10, 2)
            }
        }
        #expect(!isStraight())
        vectors[3] = [0.6, 0]
        #expect(isStraight())
    }
}
