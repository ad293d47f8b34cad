import Cascades
import Foundation
import Probability
import Testing

@testable import Language

@Suite("Adaptive weighted rejection sampling") struct RejectionSamplingTests {
    /// Over every path: each token's probability, and the mean of the estimate where it comes.
    static func enumerate(
        _ law: LogitLaw, _ allowed: Set<Token>
    ) throws -> (tokens: [Token: Double], shares: [Token: Double], squares: Double) {
        var enumerator = Enumerator()
        var tokens: [Token: Double] = [:]
        var shares: [Token: Double] = [:]
        var squares = 0.0
        repeat {
            let drawn = try RejectionSampling(law, using: &enumerator) { allowed.contains($0) }
            let probability = exp(enumerator.logProbability)
            if let token = drawn.token {
                tokens[token, default: 0] += probability
                shares[token, default: 0] += probability * exp(drawn.logShare)
                squares += probability * exp(2 * drawn.logShare)
            } else {
                #expect(allowed.allSatisfy { law.weight(of: $0) == 0 })
            }
        } while enumerator.advance()
        return (tokens, shares, squares)
    }

    @Test func theTokenHasTheRestrictedLawAndTheShareIsUnbiasedWhateverTheToken() throws {
        var random = Random(seed: 60)
        var forms = (peaked: 0, flat: 0)
        for round in 0..<60 {
            let count = 2 + random.integer(below: 4)
            let scale = [0.4, 1, 2.5][round % 3]
            var logits = (0..<count).map { _ in Float(scale * random.normal()) }
            if random.bernoulli(0.2) { logits[random.integer(below: count)] = -.infinity }
            if random.bernoulli(0.2) { logits[0] = logits[1] }
            guard let law = try? LogitLaw(logits[...]) else { continue }
            if law.total <= 2 { forms.peaked += 1 } else { forms.flat += 1 }
            for set in 0..<1 << count {
                let allowed = Set((0..<Token(count)).filter { set >> Int($0) & 1 == 1 })
                let share = allowed.reduce(0) { $0 + law.weight(of: $1) } / law.total
                let found = try Self.enumerate(law, allowed)
                for token in 0..<Token(count) {
                    let own = allowed.contains(token) ? law.weight(of: token) / law.total : 0
                    #expect(abs(found.tokens[token, default: 0] - (share > 0 ? own / share : 0)) < 2e-7)
                    // The pool is summed up in single precision.
                    #expect(abs(found.shares[token, default: 0] - own) < 2e-7, "\(logits) \(allowed)")
                }
            }
        }
        #expect(forms.peaked > 10 && forms.flat > 10)
    }

    @Test func theEstimateVariesLittle() throws {
        // The bound of the text: the relative variance is below ln(1/Z) for flat laws.
        let law = try LogitLaw([Float](repeating: 0, count: 6)[...])
        for size in 1...6 {
            let share = Double(size) / 6
            let found = try Self.enumerate(law, Set(0..<Token(size)))
            let relative = found.squares / (share * share) - 1
            #expect(relative <= max(1e-9, -log(share)), "\(size): \(relative)")
        }
    }

    @Test func onlyDrawnTokensAreAskedAbout() throws {
        var random = Random(seed: 61)
        let logits = (0..<49_152).map { _ in Float(2 * random.normal()) }
        let law = try LogitLaw(logits[...])
        var checks = 0
        var shares: [Double] = []
        for _ in 0..<400 {
            // A half of the vocabulary.
            let drawn = try RejectionSampling(law, using: &random) { $0 & 1 == 0 }
            #expect(try #require(drawn.token) & 1 == 0)
            checks += drawn.checks
            shares.append(exp(drawn.logShare))
        }
        // Two successes at probability 1/2 take four questions on average, with deviation 2.
        #expect(checks < 400 * 5)
        let mean = shares.reduce(0, +) / 400
        let exact = stride(from: 0, to: Token(49_152), by: 2).reduce(0) { $0 + law.weight(of: $1) } / law.total
        let error = (shares.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 399 / 400).squareRoot()
        // Five standard errors: once in two million runs.
        #expect(abs(mean - exact) < 5 * error)
    }

    @Test func nothingAllowedIsNoTokenAfterAllWereAsked() throws {
        var random = Random(seed: 62)
        let law = try LogitLaw([Float](repeating: 0.5, count: 200)[...])
        let drawn = try RejectionSampling(law, using: &random) { _ in false }
        #expect(drawn.token == nil && drawn.logShare == -.infinity && drawn.checks == 200)
    }
}
