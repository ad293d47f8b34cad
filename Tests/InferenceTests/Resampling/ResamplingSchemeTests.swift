import Foundation
import NumericalMethods
import Probability
import Testing

@testable import Inference

@Suite("Resampling") struct ResamplingSchemeTests {
    static let weights = [0.0, 0.31, 0.02, 1.7, 0.5, 0.0, 0.9, 1e-9, 0.44, 2.3, 0.11, 0.6, 0.0]

    /// Offspring numbers over many draws: `[draws][particles]`.
    func offspring(_ scheme: ResamplingScheme, _ weights: [Double], count: Int, draws: Int) throws -> [[Int]] {
        var random = Random(seed: 17)
        return try (0..<draws).map { _ in
            ResamplingScheme.offspring(
                of: weights.count, ancestors: try scheme.ancestors(count: count, weights: weights, using: &random))
        }
    }

    @Test(arguments: ResamplingScheme.allCases) func `the mean number of offspring is the share of the weight`(
        _ scheme: ResamplingScheme
    ) throws {
        // Up to 65 z-tests in all at 6 standard errors: false alarm below 1.3e-7 together.
        let draws = 40_000
        for count in [5, 13, 40] {
            let numbers = try offspring(scheme, Self.weights, count: count, draws: draws)
            let total = Self.weights.reduce(0, +)
            for particle in Self.weights.indices {
                let expected = Double(count) * Self.weights[particle] / total
                let sample = numbers.map { Double($0[particle]) }
                let mean = sample.reduce(0, +) / Double(draws)
                let variance = sample.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(draws - 1)
                // A number that never varies must be exact; 1e-6 allows for the weight of 1e-9.
                #expect(abs(mean - expected) <= 6 * (variance / Double(draws)).squareRoot() + 1e-6)
            }
        }
    }

    @Test(arguments: ResamplingScheme.allCases) func `draws are ascending, complete, and never of weight zero`(
        _ scheme: ResamplingScheme
    ) throws {
        var random = Random(seed: 3)
        for size in [1, 2, 3, 100, 4096, 4097, 20_000] {
            var weights = [Double](repeating: 0, count: size)
            for index in weights.indices where index % 3 == 0 { weights[index] = random.exponential() }
            // A long run of zeros at the end, over a border of blocks.
            for index in weights.indices where index > size - size / 3 { weights[index] = 0 }
            for count in [1, 7, size, 3 * size] {
                let ancestors = try scheme.ancestors(count: count, weights: weights, using: &random)
                #expect(ancestors.count == count)
                #expect(zip(ancestors, ancestors.dropFirst()).allSatisfy { $0 <= $1 })
                #expect(ancestors.allSatisfy { weights[Int($0)] > 0 })
            }
        }
    }

    @Test(arguments: [ResamplingScheme.systematic, .residual, .ssp, .stratified])
    func `schemes with strata or whole parts keep close to the expected numbers`(_ scheme: ResamplingScheme) throws {
        let total = Self.weights.reduce(0, +)
        for numbers in try offspring(scheme, Self.weights, count: 30, draws: 500) {
            for (number, weight) in zip(numbers, Self.weights) {
                let expected = 30 * weight / total
                switch scheme {
                case .systematic, .ssp: #expect(abs(Double(number) - expected) < 1)
                case .stratified: #expect(abs(Double(number) - expected) < 2)
                default: #expect(Double(number) >= expected.rounded(.down))
                }
            }
        }
    }

    @Test(arguments: [ResamplingScheme.systematic, .ssp, .residual]) func `equal weights give each one child`(
        _ scheme: ResamplingScheme
    ) throws {
        var random = Random(seed: 5)
        for size in [1, 2, 64, 5000] {
            let weights = [Double](repeating: 0.37, count: size)
            let ancestors = try scheme.ancestors(count: size, weights: weights, using: &random)
            #expect(ancestors == (0..<size).map { Int32($0) })
        }
    }

    @Test func `SSP's numbers are negatively associated and vary less than independent ones`() throws {
        let draws = 40_000
        let paired = try offspring(.ssp, Self.weights, count: 13, draws: draws)
        let independent = try offspring(.multinomial, Self.weights, count: 13, draws: draws)
        for first in Self.weights.indices {
            for second in Self.weights.indices where first < second {
                let products = paired.map { Double($0[first] * $0[second]) }
                let meanProduct = products.reduce(0, +) / Double(draws)
                let error =
                    (products.reduce(0) { $0 + ($1 - meanProduct) * ($1 - meanProduct) }).squareRoot() / Double(draws)
                let total = Self.weights.reduce(0, +)
                let expected = 169 * Self.weights[first] * Self.weights[second] / (total * total)
                // 78 pairs at 6 standard errors: 8e-8 together.
                #expect(meanProduct - expected <= 6 * error + 1e-6)
            }
        }
        // The variance of Σ f(X) for f = ±1 by place, a test function that pairs of neighbours cancel in.
        let spread = { (numbers: [[Int]]) -> Double in
            let sums = numbers.map { numbers in
                numbers.enumerated().reduce(0.0) { $0 + ($1.offset % 2 == 0 ? 1 : -1) * Double($1.element) }
            }
            let mean = sums.reduce(0, +) / Double(draws)
            return sums.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(draws)
        }
        #expect(spread(paired) < 0.5 * spread(independent))
    }

    @Test func `multinomial draws are independent choices`() throws {
        // Var = n p (1 - p) for each particle, within 6 standard errors of a variance, √(2 / draws) and kurtosis allowed.
        let draws = 40_000
        let numbers = try offspring(.multinomial, Self.weights, count: 13, draws: draws)
        let total = Self.weights.reduce(0, +)
        for particle in Self.weights.indices where Self.weights[particle] > 0.1 {
            let p = Self.weights[particle] / total
            let sample = numbers.map { Double($0[particle]) }
            let mean = sample.reduce(0, +) / Double(draws)
            let squares = sample.map { ($0 - mean) * ($0 - mean) }
            let variance = squares.reduce(0, +) / Double(draws)
            let error = (squares.reduce(0) { $0 + ($1 - variance) * ($1 - variance) }).squareRoot() / Double(draws)
            #expect(abs(variance - 13 * p * (1 - p)) < 6 * error)
        }
    }

    @Test(arguments: ResamplingScheme.allCases) func `one heavy particle takes all, whatever the scale`(
        _ scheme: ResamplingScheme
    ) throws {
        var random = Random(seed: 8)
        for scale in [1e-300, 1, 1e300] {
            let ancestors = try scheme.ancestors(count: 50, weights: [0, 0, scale, 0], using: &random)
            #expect(ancestors == [Int32](repeating: 2, count: 50))
        }
        let logs = try scheme.ancestors(count: 9, logWeights: [-.infinity, -1e6, -.infinity], using: &random)
        #expect(logs == [Int32](repeating: 1, count: 9))
    }

    @Test(arguments: ResamplingScheme.allCases) func `results do not depend on the number of threads`(
        _ scheme: ResamplingScheme
    ) throws {
        var source = Random(seed: 21)
        let weights = (0..<50_000).map { _ in source.exponential() }
        let threads = Parallel.threads
        defer { Parallel.threads = threads }
        let results = try [1, 2, 5].map { count in
            Parallel.threads = count
            var random = Random(seed: 4)
            return try scheme.ancestors(count: 50_000, weights: weights, using: &random)
        }
        #expect(results[0] == results[1])
        #expect(results[0] == results[2])
    }

    @Test(arguments: ResamplingScheme.allCases) func `bad weights are refused by name`(_ scheme: ResamplingScheme) {
        var random = Random(seed: 1)
        #expect(throws: InferenceError.empty(what: "the cloud to resample")) {
            try scheme.ancestors(count: 3, weights: [], using: &random)
        }
        #expect(throws: InferenceError.zeroTotalWeight(place: "the cloud to resample")) {
            try scheme.ancestors(count: 3, weights: [0, 0], using: &random)
        }
        #expect(throws: InferenceError.zeroTotalWeight(place: "the cloud to resample")) {
            try scheme.ancestors(count: 3, logWeights: [-.infinity, -.infinity], using: &random)
        }
        for weights in [[1, .nan], [1, .infinity], [1, -0.5], [1, -.infinity]] as [[Double]] {
            #expect(throws: InferenceError.self) { try scheme.ancestors(count: 3, weights: weights, using: &random) }
        }
        #expect(throws: InferenceError.self) { try scheme.ancestors(count: 3, logWeights: [.nan], using: &random) }
        #expect(throws: InferenceError.self) { try scheme.ancestors(count: 0, weights: [1], using: &random) }
    }
}
