public import Cascades
import Foundation
public import Probability

/// Checks a kernel with finitely many outputs: the same stream gives the same sample, the density over `outputs` adds up
/// to 1, and samples follow it (6 standard errors plus 6 / samples: false alarms below 1e-8 an output).
public func checkKernel<K: DensityKernel>(
    _ kernel: K, inputs: [K.Input], outputs: [K.Output], samples: Int = 20_000, tolerance: Double = 1e-9,
    using random: inout Random
) -> [LawViolation] where K.Output: Hashable {
    var violations: [LawViolation] = []
    for input in inputs {
        var expected: [K.Output: Double] = [:]
        for output in outputs { expected[output] = exp(kernel.logDensity(of: output, given: input)) }
        let total = outputs.reduce(0) { $0 + (expected[$1] ?? 0) }
        if !(abs(total - 1) <= tolerance) {
            violations.append(LawViolation("the density adds up to 1", "input \(input): it adds up to \(total)"))
        }
        violations += checkRepeatable(kernel, input, &random)
        violations += compareFrequencies(expected, samples: samples, input: "\(input)") {
            kernel.sample(input, using: &random)
        }
    }
    return violations
}

/// Checks a kernel with real outputs: the same stream gives the same sample, the density integrates to 1 over `range`
/// (composite Simpson with `panels` parts; the range must hold all but a negligible mass), and samples follow it.
///
/// The last by Kolmogorov and Smirnov's distance: sqrt(samples) D <= 3.3, which a right kernel passes but for
/// 2 exp(-2 * 3.3^2) = 7e-10.
public func checkKernel<K: DensityKernel>(
    _ kernel: K, inputs: [K.Input], range: ClosedRange<Double>, panels: Int = 4_000, samples: Int = 20_000,
    tolerance: Double = 1e-6, using random: inout Random
) -> [LawViolation] where K.Output == Double {
    var violations: [LawViolation] = []
    let width = (range.upperBound - range.lowerBound) / Double(panels)
    for input in inputs {
        func density(_ x: Double) -> Double { exp(kernel.logDensity(of: x, given: input)) }
        var cumulative = [0.0]
        for panel in 0..<panels {
            let left = range.lowerBound + Double(panel) * width
            let area = (density(left) + 4 * density(left + width / 2) + density(left + width)) * width / 6
            cumulative.append(cumulative[panel] + area)
        }
        let total = cumulative[panels]
        if !(abs(total - 1) <= tolerance) {
            violations.append(LawViolation("the density integrates to 1", "input \(input): it integrates to \(total)"))
        }
        violations += checkRepeatable(kernel, input, &random)
        let draws = (0..<samples).map { _ in kernel.sample(input, using: &random) }.sorted()
        var distance = 0.0
        for (index, x) in draws.enumerated() {
            let position = min(max((x - range.lowerBound) / width, 0), Double(panels))
            let panel = min(Int(position), panels - 1)
            let part = position - Double(panel)
            let value = cumulative[panel] + part * (cumulative[panel + 1] - cumulative[panel])
            let (below, above) = (Double(index) / Double(samples), Double(index + 1) / Double(samples))
            distance = max(distance, abs(value - below), abs(value - above))
        }
        if !(distance * Double(samples).squareRoot() <= 3.3) {
            violations.append(LawViolation("samples follow the density", "input \(input): distance \(distance)"))
        }
    }
    return violations
}

/// Checks a parametric kernel at its own samples: the gradient agrees with central differences of the log-density, and
/// parameters go in as they come out.
public func checkGradient<K: ParametricKernel>(
    _ kernel: K, inputs: [K.Input], draws: Int = 5, tolerance: Double = 1e-5, using random: inout Random
) -> [LawViolation] {
    var violations: [LawViolation] = []
    let parameters = kernel.parameters
    if parameters.count != kernel.parameterCount {
        return [
            LawViolation("parameterCount counts the parameters", "\(kernel.parameterCount), not \(parameters.count)")
        ]
    }
    let shifted = parameters.enumerated().map { $1 + 0.01 * Double($0 + 1) }
    if kernel.with(parameters: shifted).parameters != shifted {
        violations.append(LawViolation("parameters go in as they come out", "\(shifted)"))
    }
    for input in inputs {
        for _ in 0..<draws {
            let output = kernel.sample(input, using: &random)
            // Gradients add, from an offset on, and leave the rest alone.
            var gradient = [Double](repeating: 1, count: parameters.count + 2)
            kernel.addGradient(of: output, given: input, scale: 2, to: &gradient, at: 1)
            if gradient[0] != 1 || gradient[gradient.count - 1] != 1 {
                violations.append(LawViolation("a gradient stays in its place", "input \(input)"))
            }
            for index in parameters.indices {
                let step = 1e-5 * max(1, abs(parameters[index]))
                var (up, down) = (parameters, parameters)
                up[index] += step
                down[index] -= step
                let difference =
                    (kernel.with(parameters: up).logDensity(of: output, given: input)
                        - kernel.with(parameters: down).logDensity(of: output, given: input)) / (2 * step)
                let value = (gradient[index + 1] - 1) / 2
                if !(abs(value - difference) <= tolerance * max(1, abs(difference))) {
                    violations.append(
                        LawViolation(
                            "the gradient is the derivative of the log-density",
                            "input \(input), output \(output), parameter \(index): \(value), not \(difference)"))
                }
            }
        }
    }
    return violations
}

/// Checks that `>>>` is associative and has the identity as its unit: stream by stream, hence in distribution.
public func checkComposition<A: Kernel, B: Kernel, C: Kernel>(
    _ a: A, _ b: B, _ c: C, inputs: [A.Input], draws: Int = 20, using random: inout Random
) -> [LawViolation] where A.Output == B.Input, B.Output == C.Input, C.Output: Equatable {
    var violations: [LawViolation] = []
    for input in inputs {
        for _ in 0..<draws {
            let stream = random.fork()
            func draw<K: Kernel>(_ kernel: K) -> C.Output where K.Input == A.Input, K.Output == C.Output {
                var copy = stream
                return kernel.sample(input, using: &copy)
            }
            let left = draw((a >>> b) >>> c)
            if left != draw(a >>> (b >>> c)) {
                violations.append(LawViolation("composition is associative", "input \(input)"))
            }
            if left != draw(IdentityKernel<A.Input>() >>> a >>> b >>> c >>> IdentityKernel<C.Output>()) {
                violations.append(LawViolation("the identity is the unit of composition", "input \(input)"))
            }
        }
    }
    return violations
}

/// Whether the same stream gives the same sample.
private func checkRepeatable<K: Kernel>(_ kernel: K, _ input: K.Input, _ random: inout Random) -> [LawViolation]
where K.Output: Equatable {
    var one = random.fork()
    var two = one
    for _ in 0..<20 where kernel.sample(input, using: &one) != kernel.sample(input, using: &two) {
        return [LawViolation("the same stream gives the same sample", "input \(input)")]
    }
    return []
}
