import Foundation
import Probability
import Testing

@testable import Language

/// Sampling by the definitions, sorted and summed without any care for speed.
enum SlowSampling {
    static func softmax(_ scores: [Double]) -> [Double] {
        let largest = scores.max() ?? 0
        let weights = scores.map { exp($0 - largest) }
        let total = weights.reduce(0, +)
        return weights.map { $0 / total }
    }

    /// The probabilities of all tokens; nil where a cut falls so close to a boundary that rounding decides.
    static func law(_ logits: [Float], _ parameters: SamplingParameters, history: [Token] = []) -> [Double]? {
        var scores = logits.map(Double.init)
        for (token, bias) in parameters.bias where scores.indices.contains(Int(token)) { scores[Int(token)] += bias }
        let recent = Array(history.suffix(parameters.penaltyWindow))
        for token in Set(recent) where scores.indices.contains(Int(token)) {
            let index = Int(token)
            scores[index] =
                scores[index] > 0
                ? scores[index] / parameters.repetitionPenalty : scores[index] * parameters.repetitionPenalty
            scores[index] -= Double(recent.count { $0 == token }) * parameters.frequencyPenalty
            scores[index] -= parameters.presencePenalty
        }
        var kept = Array(scores.indices).sorted { (scores[$1], $0) < (scores[$0], $1) }
        // The likeliest token of all, whatever the cuts say.
        if parameters.temperature == 0 { return scores.indices.map { $0 == kept[0] ? 1 : 0 } }
        if let count = parameters.topK { kept = Array(kept.prefix(count)) }
        func cut(_ order: [Int], _ share: Double) -> [Int]? {
            let p = softmax(order.map { scores[$0] })
            var sum = 0.0
            for (place, value) in p.enumerated() {
                sum += value
                if abs(sum - share) < 1e-9 { return nil }
                if sum >= share { return Array(order.prefix(place + 1)) }
            }
            return order
        }
        if parameters.typicalP < 1 {
            let p = softmax(kept.map { scores[$0] })
            let entropy = p.reduce(0) { $0 - ($1 > 0 ? $1 * log($1) : 0) }
            let distance = Dictionary(uniqueKeysWithValues: zip(kept, p).map { ($0, abs(-log($1) - entropy)) })
            let order = kept.sorted { (distance[$0]!, $0) < (distance[$1]!, $1) }
            for (a, b) in zip(order, order.dropFirst()) where abs(distance[a]! - distance[b]!) < 1e-9 { return nil }
            guard let part = cut(order, parameters.typicalP) else { return nil }
            kept = kept.filter { part.contains($0) }
        }
        if parameters.topP < 1 {
            guard let part = cut(kept, parameters.topP) else { return nil }
            kept = part
        }
        if parameters.minP > 0 {
            let largest = kept.map { scores[$0] }.max()!
            if kept.contains(where: { abs(scores[$0] - largest - log(parameters.minP)) < 1e-9 }) { return nil }
            kept = kept.filter { scores[$0] >= largest + log(parameters.minP) }
        }
        let p = softmax(kept.map { scores[$0] / parameters.temperature })
        var law = [Double](repeating: 0, count: logits.count)
        for (place, index) in kept.enumerated() { law[index] = p[place] }
        return law
    }
}

@Suite("A distribution of tokens") struct TokenDistributionTests {
    private func dense(_ distribution: TokenDistribution, _ count: Int) -> [Double] {
        (0..<Token(count)).map { distribution.probability(of: $0) }
    }

    @Test func isWhatTheDefinitionsSayForEveryCombinationOfParameters() throws {
        var random = Random(seed: 1)
        var compared = 0
        for round in 0..<3000 {
            var parameters = SamplingParameters()
            if random.bernoulli(0.5) { parameters.temperature = [0, 0.3, 0.7, 1.5, 3][random.integer(below: 5)] }
            if random.bernoulli(0.3) { parameters.topK = 1 + random.integer(below: 12) }
            if random.bernoulli(0.3) { parameters.typicalP = 0.05 + 0.95 * random.uniform() }
            if random.bernoulli(0.3) { parameters.topP = 0.05 + 0.95 * random.uniform() }
            if random.bernoulli(0.3) { parameters.minP = random.uniform() }
            if random.bernoulli(0.2) { parameters.repetitionPenalty = 0.5 + random.uniform() }
            if random.bernoulli(0.2) { parameters.frequencyPenalty = random.normal() }
            if random.bernoulli(0.2) { parameters.presencePenalty = random.normal() }
            if random.bernoulli(0.2) {
                parameters.bias = [0: random.normal(), Token(1 + random.integer(below: 3)): -.infinity, 900_000: 1]
            }
            let count = [1, 2, 3, 8, 50, 300][round % 6]
            if count == 1 { parameters.bias = [:] }
            parameters.penaltyWindow = random.integer(below: 6)
            let scale = [0.1, 1, 5][random.integer(below: 3)]
            let logits = (0..<count).map { _ in Float(scale * random.normal()) }
            let history = (0..<8).map { _ in Token(random.integer(below: count)) }
            guard let law = SlowSampling.law(logits, parameters, history: history) else { continue }
            if law.allSatisfy({ !$0.isFinite }) { continue }
            let distribution = try TokenDistribution(logits: logits, parameters: parameters, history: history)
            let probabilities = dense(distribution, count)
            for token in 0..<count {
                #expect(abs(probabilities[token] - law[token]) < 1e-12, "\(parameters), \(logits.prefix(8))")
            }
            #expect(abs(distribution.logProbabilities.reduce(0) { $0 + exp($1) } - 1) < 1e-12)
            compared += 1
        }
        #expect(compared > 2500)
    }

    @Test func cutsLargeVocabulariesAsSmallOnes() throws {
        var random = Random(seed: 2)
        for (index, change) in [(0, 40), (1, 3000), (2, 0), (3, 0), (4, 0)] {
            var parameters = SamplingParameters()
            switch index {
            case 0, 1: parameters.topK = change
            case 2: parameters.topP = 0.9
            case 3: parameters.typicalP = 0.9
            default: parameters.minP = 0.01
            }
            for scale in [0.01, 2.0, 4.0] {
                let logits = (0..<20_000).map { _ in Float(scale * random.normal()) }
                guard let law = SlowSampling.law(logits, parameters) else { continue }
                let distribution = try TokenDistribution(logits: logits, parameters: parameters)
                let probabilities = dense(distribution, logits.count)
                let difference = zip(probabilities, law).reduce(0) { max($0, abs($1.0 - $1.1)) }
                #expect(difference < 1e-12, "\(parameters.topK ?? 0) \(index) \(scale)")
            }
        }
    }

    @Test func equalLogitsAreCutInTheOrderOfTheirTokens() throws {
        var parameters = SamplingParameters()
        parameters.topK = 3
        let logits: [Float] = [1, 2, 1, 1, 2, 1, 1, 1, 1, 1, 1, 1]
        #expect(try TokenDistribution(logits: logits, parameters: parameters).tokens == [0, 1, 4])
        parameters.topK = nil
        parameters.topP = 0.3
        #expect(try TokenDistribution(logits: logits, parameters: parameters).tokens == [1, 4])
        #expect(try TokenDistribution(logits: logits, parameters: .greedy).tokens == [1])
    }

    @Test func onlyAllowedTokensComeAndTheyKeepTheirOdds() throws {
        let logits: [Float] = [0, 1, 2, 3]
        let mask = TokenMask([1, 3], vocabularyCount: 4)
        let distribution = try TokenDistribution(logits: logits, parameters: SamplingParameters(), allowed: mask)
        #expect(distribution.tokens == [1, 3])
        #expect(abs(distribution.logProbability(of: 3) - distribution.logProbability(of: 1) - 2) < 1e-12)
        #expect(distribution.probability(of: 0) == 0 && distribution.logProbability(of: 2) == -.infinity)
        #expect(distribution.mode == 3)
    }

    @Test func nothingLeftIsAnError() {
        let none = TokenMask(vocabularyCount: 3)
        var forbidding = SamplingParameters()
        forbidding.bias = [0: -.infinity, 1: -.infinity, 2: -.infinity]
        for (logits, parameters, mask) in [
            ([0, 0, 0], SamplingParameters(), none), ([0, 0, 0], forbidding, nil),
            ([0, .nan, 0], SamplingParameters(), nil), ([0, .infinity, 0], .greedy, nil),
            ([], SamplingParameters(), nil),
        ] as [([Float], SamplingParameters, TokenMask?)] {
            do {
                _ = try TokenDistribution(logits: logits, parameters: parameters, allowed: mask)
                Issue.record("a distribution from \(logits)")
            } catch {
                guard case .noTokenLeft = error else {
                    Issue.record("\(error)")
                    continue
                }
            }
        }
    }

    @Test func drawsFollowTheProbabilities() throws {
        var random = Random(seed: 3)
        let logits = (0..<200).map { _ in Float(1.5 * random.normal()) }
        let distribution = try TokenDistribution(logits: logits, parameters: SamplingParameters())
        let draws = 200_000
        var counts = [Double](repeating: 0, count: 200)
        for _ in 0..<draws { counts[Int(distribution.sample(using: &random))] += 1 }
        var square = 0.0
        for token in 0..<200 {
            let expected = Double(draws) * distribution.probability(of: Token(token))
            square += (counts[token] - expected) * (counts[token] - expected) / expected
        }
        // Chi-square with 199 degrees of freedom: 346 is exceeded with probability below 1e-9.
        #expect(square < 346)
        // The same seed draws the same tokens; a token without probability never comes.
        var (first, second) = (Random(seed: 9), Random(seed: 9))
        for _ in 0..<50 {
            #expect(distribution.sample(using: &first) == distribution.sample(using: &second))
        }
        let gaps = try TokenDistribution(weights: [0, 1, 0, 0, 1e-300, 0])
        for _ in 0..<1000 { #expect(gaps.sample(using: &random) == 1) }
    }

    @Test func mirostatFollowsItsDefinition() throws {
        var parameters = SamplingParameters()
        parameters.mirostat = Mirostat(target: 1.2, rate: 0.3)
        parameters.temperature = 0.8
        var sampler = try TokenSampler(parameters)
        var random = Random(seed: 4)
        var limit = 2.4
        var seen = 0.0
        for step in 0..<4000 {
            let logits = (0..<40).map { _ in Float(2 * random.normal()) }
            let law = SlowSampling.softmax(logits.map { Double($0) / 0.8 })
            let next = try sampler.next(logits: logits)
            // Exactly the tokens that surprise by no more than the limit, or else the likeliest.
            let allowed = (0..<40).filter { -log(law[$0]) <= limit }
            let tokens = allowed.isEmpty ? [law.indices.max { law[$0] < law[$1] }!] : allowed
            #expect(next.distribution.tokens.map(Int.init) == tokens)
            let token = next.distribution.sample(using: &random)
            sampler.accept(token, from: next)
            limit -= 0.3 * (-log(law[Int(token)]) - 1.2)
            #expect(abs(limit - sampler.surpriseLimit!) < 1e-9)
            if step >= 100 { seen += -log(law[Int(token)]) / 3900 }
        }
        // The limit is bounded, so that the mean surprise meets the target.
        #expect(abs(seen - 1.2) < 0.02)
    }

    @Test func whatIsLeftAboveAnotherDistributionIsTheSameInEveryForm() throws {
        var random = Random(seed: 5)
        for _ in 0..<200 {
            let count = 1 + random.integer(below: 40)
            func weights() -> [Double] { (0..<count).map { _ in random.bernoulli(0.4) ? 0 : random.uniform() } + [0.1] }
            let (a, b) = (weights(), weights())
            let factor = 2 * random.uniform()
            func sparse(_ weights: [Double]) -> TokenDistribution {
                let kept = weights.indices.filter { weights[$0] > 0 }
                return TokenDistribution(
                    support: kept.map(Token.init), weights: kept.map { weights[$0] }, total: weights.reduce(0, +))
            }
            let (sumA, sumB) = (a.reduce(0, +), b.reduce(0, +))
            let part = zip(a, b).map { max(0, $0 / sumA - factor * $1 / sumB) }
            let total = part.reduce(0, +)
            for p in [try TokenDistribution(weights: a), sparse(a)] {
                for q in [try TokenDistribution(weights: b), sparse(b)] {
                    var rest = TokenRemainder(of: p, sources: [q])
                    rest.factors = [factor]
                    #expect(abs(rest.total - total) < 1e-14)
                    guard let result = rest.distribution else {
                        #expect(total < 1e-15)
                        continue
                    }
                    for token in part.indices {
                        #expect(abs(result.probability(of: Token(token)) * total - part[token]) < 1e-14)
                    }
                }
            }
        }
    }

    @Test func whatARowSaysAsAWholeIsTheSameByEitherWay() throws {
        var random = Random(seed: 7)
        for size in [1, 2, 64, 65, 3000] {
            for repeats in [false, true] {
                var row = (0..<size).map { _ in Float(3 * random.normal()) }
                // Two that are the largest.
                if repeats, size > 1 { row[size - 1] = row.max()! }
                let (ours, other) = (
                    try #require(try LogitLaw(row[...], isSummarised: true).summary), LogitSummary(row)
                )
                #expect(ours.largest == other.largest && abs(ours.margin - other.margin) < 1e-12)
                #expect(abs(ours.entropy - other.entropy) < 1e-12)
            }
        }
    }

    @Test func tokensNearAFloorAreAllThatWeighAsMuch() throws {
        var random = Random(seed: 8)
        let row = (0..<2000).map { _ in Float(3 * random.normal()) }
        for mask in [nil, TokenMask((0..<2000).filter { $0 % 3 == 0 }, vocabularyCount: 2000)] {
            let law = try LogitLaw(row[...], temperature: 0.8, mask: mask)
            let weights = law.weights
            for floor in [0, 1e-6, 1e-3, 0.1, 2] {
                let tokens = law.tokens(near: floor)
                let heavy = (0..<Token(2000)).filter { weights[Int($0)] >= floor && weights[Int($0)] > 0 }
                #expect(Set(tokens).isSuperset(of: heavy) && tokens == tokens.sorted())
                for (token, weight) in zip(tokens, law.weights(of: tokens)) {
                    #expect(weight == weights[Int(token)] && weight == law.weight(of: token))
                }
            }
        }
    }
}
