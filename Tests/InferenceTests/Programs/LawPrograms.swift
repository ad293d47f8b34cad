import Cascades
import Foundation
import Inference
import Probability

/// A small program whose exact posterior is known by enumeration.
struct LawProgram: Sendable, CustomStringConvertible {
    var name: String
    var program: Program<Int, Int>
    var input = 0
    var bound = RejectionSampling.Bound.noTermAboveZero
    var enumeration = ProgramEnumeration()
    /// Runs of likelihood weighting in each replicate.
    var samples = 200
    var description: String { name }

    init(
        _ name: String, input: Int = 0, bound: RejectionSampling.Bound = .noTermAboveZero,
        enumeration: ProgramEnumeration = ProgramEnumeration(), samples: Int = 200,
        _ body: @escaping @Sendable (Scope, Int) throws -> Int
    ) {
        self.name = name
        program = Program(body)
        self.input = input
        self.bound = bound
        self.enumeration = enumeration
        self.samples = samples
    }

    /// The same program as one that may ask.
    var asynchronous: Program<Int, Int> {
        let program = program
        return Program { scope, input in try await scope.call("inner", program, input) }
    }

    static let all: [LawProgram] = [
        LawProgram("branching") { scope, _ in
            if try scope.flip("left", 0.3) {
                let x = try scope.sample("x", Categorical(weights: [1, 2, 3]))
                try scope.observe("seen", Bernoulli(probability: [0.9, 0.5, 0.1][x]), 1)
                return x
            }
            let y = try scope.sample("y", Categorical(weights: [1, 1]))
            let z = try scope.sample("z", Categorical(weights: y == 0 ? [1, 3] : [3, 1]))
            try scope.observe("seen", Bernoulli(probability: 0.2 + 0.3 * Double(z)), 1)
            return 3 + 2 * y + z
        },
        LawProgram("a loop of dice", input: 4) { scope, count in
            var sum = 0
            for throwing in 0..<count {
                sum += try scope.sample(.at("die", throwing), Categorical(weights: [1, 1, 1, 1])) + 1
                try scope.factor(.at("small", throwing), logWeight: -0.1 * Double(sum))
            }
            return sum
        },
        LawProgram("nested programs") { scope, _ in
            let part = Program<Double, Int> { scope, p in
                var count = 0
                for flip in 0..<2 { count += try scope.flip(.at("flip", flip), p) ? 1 : 0 }
                try scope.observe("check", Bernoulli(probability: 0.25 + 0.25 * Double(count)), 1)
                return count
            }
            let first = try scope.call(.at("part", 0), part, 0.4)
            let second = try scope.call(.at("part", 1), part, 0.2 + 0.3 * Double(first))
            return 3 * first + second
        },
        LawProgram("hidden Markov", input: 6) { scope, steps in
            let readings = [0, 1, 1, 2, 0, 2, 2, 1]
            let move = try CategoricalKernel(transitions: [[2, 0, -1], [0, 2, 0], [-1, 0, 2]])
            var state = 1
            for t in 0..<steps {
                state = try scope.sample(.at("state", t), move, state)
                let weights = (0..<3).map { $0 == state ? 4.0 : 1.0 }
                try scope.observe(.at("reading", t), Categorical(weights: weights), readings[t])
            }
            return state
        },
        LawProgram("a noisy verifier") { scope, _ in
            for attempt in 0..<3 {
                let guess = try scope.sample(.at("guess", attempt), Categorical(weights: [5, 3, 1, 1]))
                let passes = try scope.flip(.at("passes", attempt), guess == 2 ? 0.9 : 0.15)
                if passes {
                    try scope.observe("judge", Bernoulli(probability: guess == 2 ? 0.8 : 0.3), 1)
                    return 4 * attempt + guess
                }
            }
            try scope.factor("gave up", logWeight: -1.5)
            return 12
        },
        LawProgram("rejection that almost never passes", samples: 4000) { scope, _ in
            // Passes with probability 0.0018.
            var first = 0
            for flip in 0..<6 {
                let up = try scope.flip(.at("flip", flip), 0.35)
                if flip < 3, try scope.flip(.at("colour", flip), 0.4) { first += 1 << flip }
                try scope.require(.at("up", flip), up)
            }
            return first
        },
        LawProgram(
            "a geometric loop, cut off", enumeration: ProgramEnumeration(logProbabilityBound: -34)
        ) { scope, _ in
            var count = 0
            while try scope.flip(.at("on", count), 0.5) { count += 1 }
            try scope.factor("near two", logWeight: -0.5 * Double((count - 2) * (count - 2)))
            return count
        },
        LawProgram("a mixture whose size is unknown") { scope, _ in
            let data = [0, 2, 2, 1]
            let size = try scope.sample("size", Categorical(weights: [3, 2, 1])) + 1
            var peaks: [Int] = []
            for part in 0..<size {
                try peaks.append(scope.sample(.at("peak", part), Categorical(weights: [1, 1, 1])))
            }
            for (item, value) in data.enumerated() {
                try scope.nested(.at("item", item)) {
                    let part = try scope.sample("part", Categorical(weights: [Double](repeating: 1, count: size)))
                    let weights = (0..<3).map { $0 == peaks[part] ? 8.0 : 1.0 }
                    try scope.observe("value", Categorical(weights: weights), value)
                }
            }
            return size * 10 + peaks[0]
        },
        LawProgram("spins with factors above zero", bound: .total(4 * 0.7)) { scope, _ in
            var before = 0
            var up = 0
            for site in 0..<5 {
                let spin = try scope.flip(.at("spin", site), 0.4) ? 1 : -1
                if site > 0 { try scope.factor(.at("bond", site), logWeight: 0.7 * Double(spin * before)) }
                before = spin
                up += spin > 0 ? 1 : 0
            }
            return up
        },
        LawProgram("a coin on a grid of biases", input: 5) { scope, heads in
            let bias = try scope.sample("bias", Categorical(weights: [1, 2, 3, 2, 1]))
            let coin = try Bernoulli(probability: 0.1 + 0.2 * Double(bias))
            for flip in 0..<7 { try scope.observe(.at("flip", flip), coin, flip < heads ? 1 : 0) }
            return bias
        },
        LawProgram("recursion: leaves of a random tree") { scope, _ in
            func leaves(_ depth: Int) throws -> Int {
                guard depth > 0, try scope.flip("splits", 0.55) else { return 1 }
                return try scope.nested("left") { try leaves(depth - 1) }
                    + scope.nested("right") { try leaves(depth - 1) }
            }
            let count = try leaves(3)
            try scope.observe("weighed", Binomial(trials: 8, probability: 0.5), count)
            return count
        },
        LawProgram("deferral in kernels") { scope, _ in
            let truth = try scope.sample("truth", Categorical(weights: [1, 1, 2]))
            let small = try scope.sample("small", Categorical(weights: (0..<3).map { $0 == truth ? 2 : 1 }))
            let margin = try scope.sample("margin", Categorical(weights: small == truth ? [1, 3] : [2, 1]))
            var answer = small
            if margin == 0 {
                answer = try scope.sample("large", Categorical(weights: (0..<3).map { $0 == truth ? 9 : 1 }))
            }
            try scope.observe("liked", Bernoulli(probability: answer == truth ? 0.9 : 0.2), 1)
            return 3 * truth + answer
        },
        LawProgram("choices without a density") { scope, _ in
            let pair = try scope.sample("pair", SkewedPair(), 3)
            let next = try scope.sample("next", SkewedPair(), pair + 1)
            try scope.observe("seen", Bernoulli(probability: 1 / Double(1 + pair + next)), 1)
            return 10 * pair + next
        },
        LawProgram("a density above one", bound: .total(-log(0.2 * (2 * Double.pi).squareRoot()))) { scope, _ in
            let level = try scope.sample("level", Binomial(trials: 4, probability: 0.4))
            try scope.observe("reading", Normal(mean: Double(level) / 4, standardDeviation: 0.2), 0.6)
            return level
        },
        LawProgram("another type at the same address") { scope, _ in
            var result = 0
            if try scope.flip("numbers", 0.5) {
                result = try scope.sample("x", Categorical(weights: [1, 2, 1]))
            } else {
                result = try scope.sample("x", ToneKernel(), ()) == .high ? 4 : 3
            }
            try scope.observe("seen", Bernoulli(probability: 0.15 * Double(1 + result)), 1)
            return result
        },
    ]
}

/// Two dependent choices, added up; knows no density.
struct SkewedPair: ChoiceKernel {
    typealias Input = Int
    typealias Output = Int
    func choose<Source: ChoiceSource>(_ input: Int, using source: inout Source) throws(WeightError) -> Int {
        let first = try source.choose(logWeights: [0, 0.5])
        return first + (try source.choose(logWeights: (0..<max(2, input)).map { -0.4 * Double($0 * (1 + first)) }))
    }
}

enum Tone: Sendable { case low, high }

struct ToneKernel: ChoiceKernel, DensityKernel {
    typealias Input = Void
    typealias Output = Tone
    func choose<Source: ChoiceSource>(_ input: Void, using source: inout Source) throws(WeightError) -> Tone {
        try source.choose(logWeights: [log(0.25), log(0.75)]) == 0 ? .low : .high
    }
    func logDensity(of output: Tone, given input: Void) -> Double { log(output == .low ? 0.25 : 0.75) }
}
