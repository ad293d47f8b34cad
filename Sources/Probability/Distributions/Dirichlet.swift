internal import Foundation
internal import NumericalMethods

/// The Dirichlet distribution on probability vectors: density ∏ xᵢ^(αᵢ - 1) Γ(Σα) / ∏ Γ(αᵢ) on the simplex.
public struct Dirichlet: Distribution {
    /// The concentrations α, `[count]`.
    public let concentrations: [Double]
    private let gammas: [Gamma]

    /// - Throws: ``DistributionError`` unless there are at least two, all finite and above 0.
    public init(concentrations: [Double]) throws(DistributionError) {
        guard concentrations.count >= 2 else {
            throw .shape(
                distribution: "Dirichlet", expected: "at least 2 concentrations", found: "\(concentrations.count)")
        }
        var gammas: [Gamma] = []
        for (i, a) in concentrations.enumerated() {
            try requirePositive(a, "concentration \(i)", of: "Dirichlet")
            gammas.append(try Gamma(shape: a, rate: 1))
        }
        self.concentrations = concentrations
        self.gammas = gammas
    }

    /// A draw, `[count]`, summing to 1: normalised gammas, in logs, so that small concentrations don't underflow.
    public func sample(using random: inout Random) -> [Double] {
        var logs = [Double](repeating: 0, count: gammas.count)
        for i in logs.indices { logs[i] = gammas[i].logSample(using: &random) }
        return softmax(logs)
    }

    /// The log-density with respect to the first `count - 1` coordinates; −infinity off the simplex (sum apart from 1 by
    /// more than 1e-9).
    public func logDensity(_ x: [Double]) -> Double {
        precondition(
            x.count == concentrations.count, "expected \(concentrations.count) probabilities, found \(x.count)")
        guard abs(x.reduce(0, +) - 1) <= 1e-9 else { return -.infinity }
        var result = logGamma(concentrations.reduce(0, +))
        for (a, p) in zip(concentrations, x) {
            guard p >= 0 else { return -.infinity }
            result += (a == 1 ? 0 : (a - 1) * log(p)) - logGamma(a)
        }
        return result
    }

    /// The mean of each coordinate.
    public var mean: [Double] {
        let total = concentrations.reduce(0, +)
        return concentrations.map { $0 / total }
    }

    /// The variance of each coordinate.
    public var variance: [Double] {
        let total = concentrations.reduce(0, +)
        return mean.map { $0 * (1 - $0) / (total + 1) }
    }
}
