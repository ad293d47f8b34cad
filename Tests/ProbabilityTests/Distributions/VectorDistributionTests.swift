import Foundation
import NumericalMethods
import Testing

@testable import Probability

@Suite struct `distributions of vectors and tables` {
    @Test func `the Dirichlet has scipy's density and its own moments`() throws {
        let law = try Dirichlet(concentrations: [0.5, 2, 3.5])
        #expect(abs(law.logDensity([0.2, 0.3, 0.5]) - 0.8820313980015224) < 1e-12)
        #expect(law.logDensity([0.2, 0.3, 0.4]) == -.infinity)
        #expect(law.logDensity([-0.2, 0.7, 0.5]) == -.infinity)
        var random = Random(seed: 51)
        let draws = (0..<50_000).map { _ in law.sample(using: &random) }
        for i in 0..<3 {
            let (mean, error) = meanAndError(draws.map { $0[i] })
            // Six comparisons at 5.5 standard errors: 2e-7.
            #expect(abs(mean - law.mean[i]) < 5.5 * error)
            let (variance, varianceError) = meanAndError(draws.map { ($0[i] - law.mean[i]) * ($0[i] - law.mean[i]) })
            #expect(abs(variance - law.variance[i]) < 5.5 * varianceError)
        }
        for x in draws.prefix(1000) { #expect(abs(x.reduce(0, +) - 1) < 1e-12) }
    }

    @Test func `tiny concentrations put all mass on one corner, and never make a NaN`() throws {
        let law = try Dirichlet(concentrations: [1e-4, 1e-4])
        var random = Random(seed: 52)
        for _ in 0..<1000 {
            let x = law.sample(using: &random)
            #expect(x[0] + x[1] == 1 && max(x[0], x[1]) > 0.4)
        }
        let beta = try Beta(alpha: 1e-3, beta: 1e-3)
        for _ in 0..<1000 { #expect((0...1).contains(beta.sample(using: &random))) }
    }

    @Test func `the multivariate normal has scipy's density and its own covariance`() throws {
        let covariance = Matrix(rows: 2, columns: 2, storage: [2, 0.6, 0.6, 1])
        let law = try MultivariateNormal(mean: [1, -2], covariance: covariance)
        #expect(abs(law.logDensity([0, 0]) + 5.560834943424962) < 1e-12)
        #expect(law.variance == [2, 1])
        var random = Random(seed: 53)
        let draws = (0..<50_000).map { _ in law.sample(using: &random) }
        for (i, j) in [(0, 0), (0, 1), (1, 1)] {
            let (value, error) = meanAndError(draws.map { ($0[i] - law.mean[i]) * ($0[j] - law.mean[j]) })
            // Five comparisons at 5.5 standard errors: 2e-7.
            #expect(abs(value - covariance[i, j]) < 5.5 * error)
        }
        for i in 0..<2 {
            let (value, error) = meanAndError(draws.map { $0[i] })
            #expect(abs(value - law.mean[i]) < 5.5 * error)
        }
    }

    @Test func `the categorical has the moments and steps of its table`() throws {
        let law = try Categorical(weights: [1, 0, 3, 0])
        #expect(law.probabilities == [0.25, 0, 0.75, 0])
        #expect(law.mean == 1.5 && law.variance == 0.75)
        #expect([-1, 0, 1, 2, 3].map { law.cumulative($0) } == [0, 0.25, 0.25, 1, 1])
        #expect(law.quantile(0.25) == 0 && law.quantile(0.26) == 2)
        #expect(law.logDensity(1) == -.infinity && law.logDensity(7) == -.infinity)
        var random = Random(seed: 54)
        var counts = [0, 0, 0, 0]
        for _ in 0..<40_000 { counts[law.sample(using: &random)] += 1 }
        // Standard error 86.6; six of them: 2e-9.
        #expect(counts[1] == 0 && counts[3] == 0 && abs(counts[0] - 10_000) < 520)
    }

    @Test func `refuse parameters out of range with a sentence`() {
        #expect(throws: DistributionError.self) { try Normal(mean: 0, standardDeviation: 0) }
        #expect(throws: DistributionError.self) { try Normal(mean: .nan, standardDeviation: 1) }
        #expect(throws: DistributionError.self) { try LogNormal(logMean: 0, logStandardDeviation: -1) }
        #expect(throws: DistributionError.self) { try Uniform(lowerBound: 1, upperBound: 1) }
        #expect(throws: DistributionError.self) { try Uniform(lowerBound: -1e308, upperBound: 1.7e308) }
        #expect(throws: DistributionError.self) { try Exponential(rate: .infinity) }
        #expect(throws: DistributionError.self) { try Gamma(shape: .nan, rate: 1) }
        #expect(throws: DistributionError.self) { try Beta(alpha: 1, beta: -1) }
        #expect(throws: DistributionError.self) { try StudentT(degreesOfFreedom: 0) }
        #expect(throws: DistributionError.self) { try Laplace(location: 0, scale: 0) }
        #expect(throws: DistributionError.self) { try Logistic(location: 0, scale: .nan) }
        #expect(throws: DistributionError.self) { try Bernoulli(probability: 1.1) }
        #expect(throws: DistributionError.self) { try Binomial(trials: -1, probability: 0.5) }
        #expect(throws: DistributionError.self) { try Poisson(rate: 0) }
        #expect(throws: DistributionError.self) { try Geometric(probability: 0) }
        #expect(throws: WeightError.self) { try Categorical(weights: [0]) }
        #expect(throws: DistributionError.self) { try Dirichlet(concentrations: [1]) }
        #expect(throws: DistributionError.self) {
            try MultivariateNormal(mean: [0, 0], covariance: Matrix(rows: 2, columns: 2, storage: [1, 2, 2, 1]))
        }
        #expect(throws: DistributionError.self) {
            try MultivariateNormal(mean: [0, 0], covariance: Matrix(rows: 2, columns: 2, storage: [1, 0, 0.5, 1]))
        }
        let error = #expect(throws: DistributionError.self) { try Exponential(rate: -2) }
        #expect(error?.description == "Exponential: rate is -2.0; it must be finite and above 0")
    }

    @Test func `degenerate laws stay legal`() throws {
        var random = Random(seed: 55)
        #expect(try Binomial(trials: 0, probability: 0.5).sample(using: &random) == 0)
        #expect(try Binomial(trials: 9, probability: 1).sample(using: &random) == 9)
        #expect(try Binomial(trials: 9, probability: 0).logDensity(0) == 0)
        #expect(try Geometric(probability: 1).sample(using: &random) == 0)
        #expect(try Bernoulli(probability: 0).quantile(0.5) == 0)
        #expect(try StudentT(degreesOfFreedom: 1).mean.isNaN)
        #expect(try StudentT(degreesOfFreedom: 1.5).variance == .infinity)
    }
}
