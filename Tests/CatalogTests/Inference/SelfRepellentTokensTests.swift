import Foundation
import Inference
import NumericalMethods
import Testing

@testable import Catalog

@Suite struct `the self-repellent tokens experiment` {
    @Test func `has its exact claim held and finds less error with repulsion`() async throws {
        let findings = try await QuickRuns.findings("self-repellent-walk")
        #expect(findings.verdicts["limit"]?.outcome == .held)
        let slope = try #require(findings.metrics.first { $0.name == "slope over α from 5 to 40, plain averages" })
        // Some 0.04 of standard error; without an effect the slope is 0.
        #expect(slope.value < -0.5)
    }

    @Test func `learns a regression whose mean direction vanishes at the solution, with the derivative it says`() throws
    {
        let task = try TokenLearning(cliques: 3, of: 3, dimension: 2, seed: 1)
        func mean(_ theta: [Double]) -> [Double] {
            var sum = [0.0, 0]
            var part = [0.0, 0]
            for node in 0..<9 {
                theta.withUnsafeBufferPointer { theta in
                    part.withUnsafeMutableBufferPointer { task.direction(theta, node: node, into: $0) }
                }
                for i in 0..<2 { sum[i] += part[i] / 9 }
            }
            return sum
        }
        for value in mean(task.solution) { #expect(abs(value) < 1e-12) }
        for j in 0..<2 {
            var (up, down) = (task.solution, task.solution)
            up[j] += 1e-5
            down[j] -= 1e-5
            for i in 0..<2 { #expect(abs((mean(up)[i] - mean(down)[i]) / 2e-5 - task.jacobian[i, j]) < 1e-7) }
        }
    }
}
