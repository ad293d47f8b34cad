import Cascades
import Foundation
import Inference
import Probability
import Testing

/// Estimates from independent replicates beside exact values.
///
/// A value fails where the mean of R = 64 replicates is more than 7.5 of its standard errors off: by Student's t with 63
/// degrees of freedom that happens to a right method with probability 3e-10.
struct ReplicateTest {
    static let replicates = 64
    private var exact: [(name: String, value: Double)] = []
    private var estimates: [[Double]] = []
    private let outcomes: [Int]

    /// - Parameter isNormalised: whether the replicates give probabilities, or else probabilities times evidence, which
    ///   likelihood weighting and SMC estimate without bias.
    init(_ posterior: ProgramPosterior<Int>, isNormalised: Bool) {
        let evidence = isNormalised ? 1 : exp(posterior.logEvidence ?? .nan)
        // Rarer outcomes may come up in no replicate, and then have no standard error.
        outcomes = posterior.probabilities.filter { $0.value >= 0.04 }.map(\.key).sorted()
        exact = [("mean", evidence * posterior.expectation(Double.init))]
        exact += outcomes.map { ("P(\($0))", evidence * (posterior.probabilities[$0] ?? 0)) }
        if !isNormalised { exact.append(("evidence", evidence)) }
    }

    mutating func add(_ posterior: ProgramPosterior<Int>) {
        let evidence = exp(posterior.logEvidence ?? .nan)
        let table = posterior.probabilities
        estimates.append(
            [evidence * posterior.expectation(Double.init)] + outcomes.map { evidence * (table[$0] ?? 0) } + [evidence])
    }

    mutating func addNoWeight() { estimates.append([Double](repeating: 0, count: exact.count)) }

    mutating func add(_ draws: [Int]) {
        let count = Double(draws.count)
        estimates.append(
            [draws.reduce(0) { $0 + Double($1) } / count]
                + outcomes.map { outcome in Double(draws.count { $0 == outcome }) / count })
    }

    /// What is too far off.
    var failures: [String] {
        exact.indices.compactMap { index in
            let values = estimates.map { $0[index] }
            let count = Double(values.count)
            let mean = values.reduce(0, +) / count
            let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / (count - 1)
            let error = (variance / count).squareRoot()
            return abs(mean - exact[index].value) <= 7.5 * error + 1e-12 * abs(mean)
                ? nil : "\(exact[index].name): \(mean) ± \(error), exact \(exact[index].value)"
        }
    }
}
