import Foundation
import NumericalMethods
import Testing

@testable import Probability

@Suite struct `information measures` {
    @Test func `by hand`() throws {
        #expect(abs(try InformationMeasures.entropy([0.5, 0.25, 0.25]) - 1.5 * log(2)) < 1e-15)
        #expect(try InformationMeasures.entropy([0, 1, 0]) == 0)
        #expect(abs(try InformationMeasures.divergence([0.5, 0.5], from: [0.25, 0.75]) - 0.5 * log(4.0 / 3)) < 1e-15)
        #expect(try InformationMeasures.divergence([0.5, 0.5], from: [1, 0]) == .infinity)
        #expect(try InformationMeasures.crossEntropy([1, 0], [0.5, 0.5]) == log(2))
        #expect(abs(try InformationMeasures.jensenShannon([1, 0], [0, 1]) - log(2)) < 1e-15)
        #expect(abs(try InformationMeasures.margin([0.2, 0.5, 0.3]) - 0.2) < 1e-15)
        #expect(try InformationMeasures.margin([0.5, 0.5]) == 0)
        let independent = Matrix(rows: 2, columns: 3, storage: [1, 2, 3, 2, 4, 6])
        #expect(abs(try InformationMeasures.mutualInformation(independent)) < 1e-15)
        let equal = Matrix(rows: 2, columns: 2, storage: [5, 0, 0, 5])
        #expect(abs(try InformationMeasures.mutualInformation(equal) - log(2)) < 1e-15)
    }

    @Test func `laws hold for random distributions`() throws {
        let dirichlet = try Dirichlet(concentrations: [0.4, 1, 2, 0.7])
        var random = Random(seed: 91)
        for _ in 0..<500 {
            let p = dirichlet.sample(using: &random)
            let q = dirichlet.sample(using: &random)
            let divergence = try InformationMeasures.divergence(p, from: q)
            #expect(divergence >= 0)
            let difference = try InformationMeasures.crossEntropy(p, q) - InformationMeasures.entropy(p)
            #expect(abs(difference - divergence) < 1e-9 * max(1, divergence))
            let js = try InformationMeasures.jensenShannon(p, q)
            #expect(abs(js - (try InformationMeasures.jensenShannon(q, p))) < 1e-12 && js >= 0 && js <= log(2))
            #expect(try InformationMeasures.divergence(p, from: p) < 1e-15)
            #expect(try InformationMeasures.entropy(p) <= log(4) + 1e-12)
            // I(X; Y) = KL of the joint from the product of its margins.
            let joint = Matrix(rows: 2, columns: 2, storage: p)
            let rows = [p[0] + p[1], p[2] + p[3]]
            let columns = [p[0] + p[2], p[1] + p[3]]
            let product = [rows[0] * columns[0], rows[0] * columns[1], rows[1] * columns[0], rows[1] * columns[1]]
            let information = try InformationMeasures.mutualInformation(joint)
            #expect(abs(information - (try InformationMeasures.divergence(p, from: product))) < 1e-10)
        }
    }

    @Test func `refuse what is no distribution`() {
        #expect(throws: StatisticsError.self) { try InformationMeasures.entropy([]) }
        #expect(throws: StatisticsError.self) { try InformationMeasures.entropy([0.5, 0.4]) }
        #expect(throws: StatisticsError.self) { try InformationMeasures.entropy([1.5, -0.5]) }
        #expect(throws: StatisticsError.self) { try InformationMeasures.entropy([.nan, 1]) }
        #expect(throws: StatisticsError.self) { try InformationMeasures.divergence([1], from: [0.5, 0.5]) }
        #expect(throws: StatisticsError.self) { try InformationMeasures.margin([1]) }
        #expect(throws: StatisticsError.self) {
            try InformationMeasures.mutualInformation(Matrix(rows: 2, columns: 2))
        }
    }
}
