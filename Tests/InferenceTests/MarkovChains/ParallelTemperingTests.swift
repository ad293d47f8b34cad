import Foundation
import NumericalMethods
import Probability
import Testing

@testable import Inference

@Suite struct `parallel tempering` {
    @Test func `finds both modes in their proportions, where a single chain finds one`() throws {
        let modes = TwoModes(distance: 10)
        let path = try TemperedDensity(target: modes, referenceMeans: [0], referenceScales: [10])
        let kernel = try ParallelTempering(SliceSampler(target: path), rungs: 6, stepsPerRound: 1)
        let result = try ChainSampler(chains: 4, warmUp: 400, draws: 8000).run(kernel, seed: 1)
        let right = result.draws.map { $0[$0.startIndex] > 0 ? 1 : 0 }
        #expect(try PotentialScaleReduction(result.draws.coordinate(0)).value < 1.02)
        #expect(abs(try zScore(right, 0.3)) < 6)
        #expect(abs(try zScore(result.draws.coordinate(0), -4)) < 6)
        #expect(result.chains.chains.allSatisfy { $0.state.arrivals > 50 })
        let alone = try ChainSampler(chains: 1, warmUp: 400, draws: 2000).run(
            RandomWalkMetropolis(target: modes, scale: 1, learnsCovariance: false), from: [[10]], seed: 1)
        #expect(alone.draws.values.allSatisfy { $0 > 0 })
    }

    @Test func `works with gradients, and with powers in place of a reference`() throws {
        let path = try TemperedDensity(target: TwoModes(distance: 4))
        let kernel = try ParallelTempering(
            NoUTurnSampler(target: path), inverseTemperatures: [0.05, 0.3, 1], stepsPerRound: 1)
        let draws = try ChainSampler(chains: 4, warmUp: 500, draws: 8000).run(kernel, seed: 2).draws
        #expect(abs(try zScore(draws.map { $0[$0.startIndex] > 0 ? 1 : 0 }, 0.3)) < 6)
    }

    @Test func `moves temperatures to where rejections are equal`() {
        typealias Kernel = ParallelTempering<SliceSampler<TemperedDensity<TwoModes>>, TwoModes>
        let ladder = Kernel.equalised([0, 0.5, 0.75, 1], rejections: [0.6, 0.2, 0.1])
        // A third of 0.9 lies halfway through the first gap, two thirds at its end.
        #expect(ladder[0] == 0 && ladder[3] == 1)
        #expect(abs(ladder[1] - 0.25) < 1e-12 && abs(ladder[2] - 0.5) < 1e-12)
    }

    @Test func `gives the same draws on any number of threads`() throws {
        let path = try TemperedDensity(target: SkewedTarget(), referenceMeans: [0, 0], referenceScales: [3, 3])
        let kernel = try ParallelTempering(RandomWalkMetropolis(target: path), rungs: 4)
        let plan = ChainSampler(chains: 2, warmUp: 60, draws: 40)
        let draws = try plan.run(kernel, seed: 3).draws
        let threads = Parallel.threads
        Parallel.threads = 1
        defer { Parallel.threads = threads }
        #expect(try plan.run(kernel, seed: 3).draws == draws)
    }

    @Test func `refuses ladders that don't ascend to 1 and references of the wrong shape`() throws {
        let path = try TemperedDensity(target: TwoModes(distance: 1))
        for ladder in [[1], [0.5, 0.4, 1], [0.5, 0.9], [0, 1], [.nan, 1]] {
            #expect(throws: InferenceError.self) {
                try ParallelTempering(SliceSampler(target: path), inverseTemperatures: ladder)
            }
        }
        #expect(throws: InferenceError.self) {
            try TemperedDensity(target: TwoModes(distance: 1), referenceMeans: [0], referenceScales: nil)
        }
        #expect(throws: InferenceError.self) {
            try TemperedDensity(target: TwoModes(distance: 1), referenceMeans: [0, 1], referenceScales: [1, 1])
        }
        #expect(throws: InferenceError.self) {
            try TemperedDensity(target: TwoModes(distance: 1), referenceMeans: [0], referenceScales: [0])
        }
        #expect(throws: InferenceError.self) {
            try TemperedDensity(target: TwoModes(distance: 1), inverseTemperature: 1.5)
        }
    }
}
