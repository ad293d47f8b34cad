public import Cascades
import Foundation
public import Probability

/// Checks a choice kernel by walking every path that it can take on `inputs`.
///
/// Laws: the paths' probabilities add up to 1; walking twice gives the same paths (all chance comes from the source);
/// sampled frequencies agree with the enumerated probabilities.
///
/// The last is statistical: `samples` draws an input, each frequency within 6 standard errors plus 6 / samples, so a
/// right kernel is rejected with probability below 1e-8 an output.
public func checkChoiceKernel<K: ChoiceKernel>(
    _ kernel: K, inputs: [K.Input], samples: Int = 20_000, tolerance: Double = 1e-9, using random: inout Random
) -> [LawViolation] where K.Output: Hashable {
    var violations: [LawViolation] = []
    for input in inputs {
        do {
            let paths = try kernel.paths(given: input)
            let total = paths.reduce(0) { $0 + exp($1.logWeight) }
            if !(abs(total - 1) <= tolerance) {
                violations.append(
                    LawViolation("the paths' probabilities add up to 1", "input \(input): they add up to \(total)"))
            }
            if try kernel.paths(given: input) != paths {
                violations.append(LawViolation("all chance comes from the source", "input \(input): two walks differ"))
            }
            violations += compareFrequencies(
                probabilities(paths), samples: samples, input: "\(input)"
            ) { kernel.sample(input, using: &random) }
        } catch {
            violations.append(LawViolation("weights can be chosen from", "input \(input): \(error)"))
        }
    }
    return violations
}

/// Checks that a choice kernel's density is what its choices give, output by output, on `inputs`; and nothing for
/// `impossible` outputs.
public func checkChoiceDensity<K: ChoiceKernel & DensityKernel>(
    _ kernel: K, inputs: [K.Input], impossible: [K.Output] = [], tolerance: Double = 1e-9
) -> [LawViolation] where K.Output: Hashable {
    let law = "the density is the sum over the paths"
    var violations: [LawViolation] = []
    for input in inputs {
        do {
            let paths = try kernel.paths(given: input)
            let exact = probabilities(paths)
            var seen = Set<K.Output>()
            for output in paths.map(\.value) + impossible where seen.insert(output).inserted {
                let density = exp(kernel.logDensity(of: output, given: input))
                let expected = exact[output] ?? 0
                if !(abs(density - expected) <= tolerance) {
                    violations.append(
                        LawViolation(law, "input \(input), output \(output): \(density), not \(expected)"))
                }
            }
        } catch {
            violations.append(LawViolation("weights can be chosen from", "input \(input): \(error)"))
        }
    }
    return violations
}

/// Checks that two choice kernels have the same distribution on `inputs`, exactly.
public func checkSameDistribution<A: ChoiceKernel, B: ChoiceKernel>(
    _ left: A, _ right: B, inputs: [A.Input], tolerance: Double = 1e-9
) -> [LawViolation] where A.Input == B.Input, A.Output == B.Output, A.Output: Hashable {
    var violations: [LawViolation] = []
    for input in inputs {
        do {
            let (leftPaths, rightPaths) = (try left.paths(given: input), try right.paths(given: input))
            let (one, two) = (probabilities(leftPaths), probabilities(rightPaths))
            var seen = Set<A.Output>()
            for output in (leftPaths + rightPaths).map(\.value) where seen.insert(output).inserted {
                let (p, q) = (one[output] ?? 0, two[output] ?? 0)
                if !(abs(p - q) <= tolerance) {
                    violations.append(
                        LawViolation(
                            "the two have the same distribution", "input \(input), output \(output): \(p) and \(q)"))
                }
            }
        } catch {
            violations.append(LawViolation("weights can be chosen from", "input \(input): \(error)"))
        }
    }
    return violations
}

/// The probability of each output: the sum over its paths.
func probabilities<Output: Hashable>(_ paths: [Weighted<Output>]) -> [Output: Double] {
    var result: [Output: Double] = [:]
    for path in paths { result[path.value, default: 0] += exp(path.logWeight) }
    return result
}

/// Compares the frequencies of `samples` draws with `expected`.
func compareFrequencies<Output: Hashable>(
    _ expected: [Output: Double], samples: Int, input: String, draw: () -> Output
) -> [LawViolation] {
    var counts: [Output: Int] = [:]
    for _ in 0..<samples { counts[draw(), default: 0] += 1 }
    var violations: [LawViolation] = []
    let n = Double(samples)
    for output in Set(expected.keys).union(counts.keys) {
        let p = expected[output] ?? 0
        let frequency = Double(counts[output] ?? 0) / n
        // What is impossible may not come even once.
        let allowed = p == 0 ? 0 : 6 * (max(p * (1 - p), 0) / n).squareRoot() + 6 / n
        if !(abs(frequency - p) <= allowed) {
            violations.append(
                LawViolation(
                    "samples follow the density", "input \(input), output \(output): frequency \(frequency), not \(p)"))
        }
    }
    return violations.sorted { $0.detail < $1.detail }
}
