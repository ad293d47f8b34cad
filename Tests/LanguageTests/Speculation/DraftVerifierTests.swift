import Foundation
import Probability
import Testing

@testable import Language

@Suite("Selecting among drafts") struct DraftVerifierTests {
    static func distribution(_ count: Int, _ random: inout Random) -> TokenDistribution {
        let sharpness = [0.3, 1, 3][random.integer(below: 3)]
        var weights = (0..<count).map { _ in random.bernoulli(0.15) ? 0 : exp(sharpness * random.normal()) }
        if weights.allSatisfy({ $0 == 0 }) { weights[0] = 1 }
        let total = weights.reduce(0, +)
        if random.bernoulli(0.3) {
            let kept = weights.indices.filter { weights[$0] > 0 }
            return TokenDistribution(support: kept.map(Token.init), weights: kept.map { weights[$0] }, total: total)
        }
        return TokenDistribution(support: nil, weights: weights, total: total)
    }

    /// The best acceptance of identical drafts, by all sets of tokens.
    static func bound(_ p: TokenDistribution, _ q: TokenDistribution, _ count: Int, _ vocabulary: Int) -> Double {
        (0..<1 << vocabulary).reduce(1) { best, set in
            var (inP, inQ) = (0.0, 0.0)
            for token in 0..<vocabulary where set >> token & 1 == 1 {
                inP += p.probability(of: Token(token))
                inQ += q.probability(of: Token(token))
            }
            return min(best, inP + 1 - pow(inQ, Double(count)))
        }
    }

    @Test(arguments: SelectionRule.allCases)
    func hasTheTargetsLawForEveryLawOfDrafts(rule: SelectionRule) throws {
        var random = Random(seed: 10)
        var checked = 0
        for _ in 0..<150 {
            let vocabulary = 2 + random.integer(below: 5)
            let target = Self.distribution(vocabulary, &random)
            let draft = random.bernoulli(0.1) ? target : Self.distribution(vocabulary, &random)
            let other = Self.distribution(vocabulary, &random)
            for count in 1...4 {
                for drafts in [
                    DraftLaw.identical(draft, count: count), .withoutReplacement(draft, count: count),
                    .independent(Array([draft, other, target, draft].prefix(count))),
                    .independent([draft, other], sources: (0..<count).map { $0 % 2 }),
                    .withoutReplacement([draft, other], sources: (0..<count).map { $0 % 2 }),
                ] {
                    do {
                        try rule.check(
                            count: count, models: drafts.isOfOneSource ? 1 : 2,
                            isWithoutReplacement: drafts.isWithoutReplacement, vocabularyCount: vocabulary)
                    } catch {
                        // What is refused before the first token is refused at a place, too.
                        #expect(throws: LanguageError.self) { try rule.verifier(target: target, drafts: drafts) }
                        continue
                    }
                    // A floor so high that most tokens are treated together must not change the law.
                    for floor in [0, 0.1, 0.4] {
                        let verifier = try rule.verifier(target: target, drafts: drafts, floor: floor)
                        let law = EnumeratedLaw(verifier, drafts, size: vocabulary)
                        let accepted = law.accepted
                        #expect(law.distance(to: target) < 1e-12, "\(rule) \(drafts) for \(target), floor \(floor)")
                        #expect(accepted < 1 + 1e-12)
                        if let expected = verifier.expectedAcceptance {
                            #expect(abs(accepted - expected) < 1e-12)
                        }
                        checked += 1
                    }
                }
            }
        }
        #expect(checked > (rule == .sequential ? 1500 : 3000))
    }

    @Test func theOptimumIsTheBoundOverAllSetsOfTokensAndThatOfTheLinearProgram() throws {
        var random = Random(seed: 11)
        for _ in 0..<300 {
            let vocabulary = 2 + random.integer(below: 5)
            let target = Self.distribution(vocabulary, &random)
            let draft = Self.distribution(vocabulary, &random)
            for count in 1...4 {
                let drafts = DraftLaw.identical(draft, count: count)
                let bound = Self.bound(target, draft, count, vocabulary)
                let verifier = try SelectionRule.optimal.verifier(target: target, drafts: drafts, floor: 0)
                let accepted = EnumeratedLaw(verifier, drafts, size: vocabulary).accepted
                #expect(abs(accepted - bound) < 1e-12, "\(target) \(draft) \(count)")
                guard count > 1 else { continue }
                let twoStep = try #require(verifier as? TwoStepVerifier)
                #expect(abs(try #require(twoStep.expectedAcceptance) - bound) < 1e-12)
                #expect(try #require(twoStep.lossBound) < 1e-12)
                let program = try #require(TransportVerifier(target: target, drafts: drafts))
                #expect(abs(try #require(program.expectedAcceptance) - bound) < 1e-12)
                for rule in SelectionRule.allCases where rule != .optimal {
                    let other = try rule.verifier(target: target, drafts: drafts, floor: 0)
                    #expect(EnumeratedLaw(other, drafts, size: vocabulary).accepted < bound + 1e-12)
                }
            }
        }
    }

    @Test func importanceWeightsThatAreTunedComeNearTheOptimum() throws {
        var random = Random(seed: 13)
        var losses = (plain: 0.0, tuned: 0.0, truncated: 0.0)
        for _ in 0..<300 {
            let vocabulary = 2 + random.integer(below: 12)
            let target = Self.distribution(vocabulary, &random)
            let draft = Self.distribution(vocabulary, &random)
            let candidates = DraftCandidates(target: target, drafts: [draft], floor: 0, limit: .max)
            func accepted(_ tournament: ImportanceTournament) -> Double {
                zip(candidates.target, tournament.law).reduce(0) { $0 + min($1.0, $1.1) }
            }
            let bound = SharedQuantiles(candidates, count: 2).bound
            let plain = accepted(ImportanceTournament(candidates, draftRows: [0, 0], tuned: 0))
            let tuned = accepted(ImportanceTournament(candidates, draftRows: [0, 0]))
            let truncated = accepted(ImportanceTournament(candidates, draftRows: [0, 0], tuned: 4))
            #expect(tuned > plain - 1e-9 && tuned < bound + 1e-12 && truncated < bound + 1e-12)
            losses.plain += bound - plain
            losses.tuned += bound - tuned
            losses.truncated += bound - truncated
            // The law is that of the choices themselves, added up over all pairs of drafts.
            var law = [Double](repeating: 0, count: candidates.target.count)
            let tournament = ImportanceTournament(candidates, draftRows: [0, 0])
            for a in law.indices {
                for b in law.indices {
                    let shares = tournament.probabilities([a, b])
                    law[a] += candidates.drafts[0][a] * candidates.drafts[0][b] * shares[0]
                    law[b] += candidates.drafts[0][a] * candidates.drafts[0][b] * shares[1]
                }
            }
            #expect(zip(law, tournament.law).allSatisfy { abs($0 - $1) < 1e-13 })
        }
        // Eight steps leave a few hundredths to a tenth of the plain weights' loss, by how far apart the laws are.
        #expect(losses.tuned < 0.15 * losses.plain, "\(losses)")
        #expect(losses.truncated < losses.plain, "\(losses)")
    }

    @Test func twoIdenticalDraftsOfTwoTokensAgreeWithTheClosedForm() throws {
        // With tokens a, b: accepted = 1 where q(a)^2 <= p(a) and q(b)^2 <= p(b), else what the larger square leaves.
        for step in 1..<40 {
            for other in 1..<40 {
                let (p, q) = (Double(step) / 40, Double(other) / 40)
                let target = try TokenDistribution(weights: [p, 1 - p])
                let drafts = DraftLaw.identical(try TokenDistribution(weights: [q, 1 - q]), count: 2)
                let verifier = try SelectionRule.optimal.verifier(target: target, drafts: drafts, floor: 0)
                let closed = 1 - max(0, q * q - p, (1 - q) * (1 - q) - (1 - p))
                #expect(abs(EnumeratedLaw(verifier, drafts, size: 2).accepted - closed) < 1e-13)
            }
        }
    }

    @Test func whatAFloorLosesIsBounded() throws {
        var random = Random(seed: 12)
        for _ in 0..<300 {
            let vocabulary = 3 + random.integer(below: 5)
            let target = Self.distribution(vocabulary, &random)
            let draft = Self.distribution(vocabulary, &random)
            let drafts = DraftLaw.identical(draft, count: 2)
            let floor = 0.4 * random.uniform()
            let verifier = try #require(
                try SelectionRule.optimal.verifier(target: target, drafts: drafts, floor: floor) as? TwoStepVerifier)
            let accepted = EnumeratedLaw(verifier, drafts, size: vocabulary).accepted
            #expect(abs(accepted - (try #require(verifier.expectedAcceptance))) < 1e-12)
            let loss = Self.bound(target, draft, 2, vocabulary) - accepted
            let most = try #require(verifier.lossBound)
            #expect(loss > -1e-12 && loss <= most + 1e-12)
        }
    }

    @Test func aDraftFromTheTargetItselfIsAlwaysTaken() throws {
        var random = Random(seed: 13)
        let target = Self.distribution(30, &random)
        for rule in SelectionRule.allCases {
            for count in [1, 2, 5] {
                let drafts = DraftLaw.identical(target, count: count)
                // Sequential selection takes no drafts below the floor.
                var verifier = try rule.verifier(
                    target: target, drafts: drafts, floor: rule == .sequential ? 0 : 0.01)
                for _ in 0..<200 {
                    let tokens = drafts.sample(using: &random)
                    if rule == .optimal || rule == .recursiveRejection || rule == .sequential || count == 1 {
                        #expect(verifier.probabilities(of: tokens).refused < 1e-12, "\(rule) \(count)")
                    }
                }
            }
        }
    }

    @Test func laterDraftsWithoutReplacementAreOtherTokens() {
        var random = Random(seed: 14)
        let distribution = Self.distribution(6, &random)
        let law = DraftLaw.withoutReplacement(distribution, count: 9)
        #expect(law.count == 9)
        for _ in 0..<100 {
            let tokens = law.sample(using: &random)
            #expect(Set(tokens) == Set(distribution.tokens) && tokens.count == distribution.tokens.count)
        }
    }

    @Test func theTruncatedProgramLosesNoMoreThanItsBoundAgainstTheLinearProgram() throws {
        var random = Random(seed: 16)
        var largest = (loss: 0.0, bound: 0.0)
        for _ in 0..<400 {
            let vocabulary = 2 + random.integer(below: 5)
            let target = Self.distribution(vocabulary, &random)
            let models = 1 + random.integer(below: 3)
            let distributions = (0..<models).map { _ in Self.distribution(vocabulary, &random) }
            let count = 2 + random.integer(below: 3)
            let drafts = DraftLaw.independent(distributions, sources: (0..<count).map { $0 % models })
            let exact = try #require(TransportVerifier(target: target, drafts: drafts)?.expectedAcceptance)
            for (floor, limit) in [(0, Int.max), (0.1, .max), (0.4, .max), (0.01, 3)] {
                let candidates = DraftCandidates(
                    target: target, drafts: drafts.distributions, floor: floor, limit: limit)
                for steps in [0, 3, 24, 4000] {
                    let priorities = PriorityMixture(
                        candidates, sources: drafts.sources, tolerance: steps > 24 ? 1e-3 : 0x1p-8, steps: steps)
                    let verifier = TwoStepVerifier(
                        target: target, drafts: drafts, candidates: candidates, selection: .priorities(priorities))
                    let law = EnumeratedLaw(verifier, drafts, size: vocabulary)
                    #expect(law.distance(to: target) < 1e-12)
                    #expect(abs(law.accepted - (try #require(verifier.expectedAcceptance))) < 1e-12)
                    // No rule takes more than the bound, and the program's own acceptance is no further below it than said.
                    #expect(priorities.bound > exact - 1e-12)
                    let bound = try #require(verifier.lossBound)
                    #expect(exact - law.accepted <= bound + 1e-12 && law.accepted <= exact + 1e-12)
                    if steps == 4000, floor == 0 {
                        largest.loss = max(largest.loss, exact - law.accepted)
                        largest.bound = max(largest.bound, bound)
                    }
                }
            }
        }
        // With steps enough and every token by itself it is the linear program's acceptance, to the tolerance and the part of the
        // drafts' probability that stands for what the target hardly takes.
        #expect(largest.loss < 1e-3 + 0x1p-9 && largest.bound < 1e-3 + 0x1p-9, "\(largest)")
    }

    @Test func lawsThatAreNotStoredAreThoseThatAre() throws {
        var random = Random(seed: 17)
        for _ in 0..<60 {
            let vocabulary = 2 + random.integer(below: 4)
            func row() -> ArraySlice<Float> { (0..<vocabulary).map { _ in Float(1.5 * random.normal()) }[...] }
            var parameters = SamplingParameters()
            parameters.temperature = [0.7, 1, 1.4][random.integer(below: 3)]
            func law(_ row: ArraySlice<Float>) throws -> TokenDistribution {
                try TokenDistribution(row: row, parameters: parameters, history: [], allowed: nil)
            }
            let (own, first, second) = (row(), row(), row())
            let target = try law(own)
            #expect(target.law != nil)
            let stored = try TokenDistribution(logits: own, parameters: parameters)
            for drafts in [
                DraftLaw.identical(try law(first), count: 3), .independent([try law(first), try law(second)]),
                .withoutReplacement([try law(first), try law(second)], sources: [0, 1, 0]),
            ] {
                for rule in SelectionRule.allCases {
                    guard let verifier = try? rule.verifier(target: target, drafts: drafts) else { continue }
                    // In single precision, as the logits are.
                    #expect(EnumeratedLaw(verifier, drafts, size: vocabulary).distance(to: stored) < 2e-6)
                }
            }
        }
    }

    @Test func whatIsLeftIsAddedUpAndDrawnWithoutStoringIt() throws {
        var random = Random(seed: 18)
        let size = 3000
        let logits = (0..<size).map { _ in Float(2.5 * random.normal()) }
        func law(_ row: [Float]) throws -> TokenDistribution {
            try TokenDistribution(row: row[...], parameters: SamplingParameters(), history: [], allowed: nil)
        }
        let target = try law(logits)
        let others = try (0..<2).map { _ in try law(logits.map { $0 + Float(random.normal()) }) }
        for (factors, listed) in [([0.0, 0], 0), ([1, 0], 0), ([0.5, 0.7], 5), ([30, 30], 2), ([1e9, 0], 0)] {
            var rest = TokenRemainder(of: target, sources: others)
            rest.factors = factors
            for token in 0..<Token(listed) { rest.set(token * 7, to: target.probability(of: token * 7) / 2) }
            guard let stored = rest.distribution else {
                #expect(rest.total == 0)
                // Nothing is left: the target, so that there is a token.
                #expect(rest.sample(using: &random) >= 0)
                continue
            }
            #expect(abs(rest.total - stored.total) < 2e-6)
            var counts = [Double](repeating: 0, count: 16)
            var expected = counts
            var sum = 0.0
            var bins = [Int](repeating: 0, count: size)
            for token in 0..<size {
                bins[token] = min(15, Int(sum * 16))
                sum += stored.probability(of: Token(token))
                expected[bins[token]] += stored.probability(of: Token(token))
            }
            let draws = 20_000
            for _ in 0..<draws { counts[bins[Int(rest.sample(using: &random))]] += 1 }
            var square = 0.0
            for (seen, share) in zip(counts, expected) where share > 0 {
                square += (seen - Double(draws) * share) * (seen - Double(draws) * share) / (Double(draws) * share)
            }
            // Chi-square with at most 15 degrees of freedom: 76 is exceeded with probability below 4e-10.
            #expect(square < 76, "\(factors)")
        }
    }

    @Test func drawnTokensFollowTheTargetOnALargeVocabulary() throws {
        var random = Random(seed: 15)
        let size = 49_152
        let logits = (0..<size).map { _ in Float(2.5 * random.normal()) }
        func law(_ row: [Float]) throws -> TokenDistribution {
            try TokenDistribution(row: row[...], parameters: SamplingParameters(), history: [], allowed: nil)
        }
        let target = try law(logits)
        let models = try (0..<2).map { _ in try law(logits.map { $0 * 0.8 + Float(0.7 * random.normal()) }) }
        // Twenty bins of about equal probability, by token number.
        var bins = [Int](repeating: 0, count: size)
        var expected = [Double](repeating: 0, count: 20)
        var sum = 0.0
        for (token, weight) in target.weights.enumerated() {
            bins[token] = min(19, Int(sum * 20))
            sum += weight / target.total
            expected[bins[token]] += weight / target.total
        }
        var tests = 0
        for rule in SelectionRule.allCases {
            for drafts in [
                DraftLaw.identical(models[0], count: 1), .identical(models[0], count: 3),
                .independent(models, sources: [0, 1, 0]), .withoutReplacement(models[0], count: 3),
                .withoutReplacement(models, sources: [0, 1, 0]),
            ] {
                guard var verifier = try? rule.verifier(target: target, drafts: drafts) else { continue }
                tests += 1
                let draws = drafts.isWithoutReplacement ? 2000 : 20_000
                var counts = [Double](repeating: 0, count: 20)
                var accepted = 0
                for _ in 0..<draws {
                    let verified = verifier.verify(drafts.sample(using: &random), using: &random)
                    counts[bins[Int(verified.token)]] += 1
                    if verified.draft != nil { accepted += 1 }
                }
                var square = 0.0
                for (seen, share) in zip(counts, expected) where share > 0 {
                    square += (seen - Double(draws) * share) * (seen - Double(draws) * share) / (Double(draws) * share)
                }
                // Chi-square with 19 degrees of freedom: 85 is exceeded with probability below 1e-9; 14 tests.
                #expect(square < 85, "\(rule) \(drafts.sources)")
                if let chance = verifier.expectedAcceptance {
                    let spread = (chance * (1 - chance) / Double(draws)).squareRoot()
                    #expect(abs(Double(accepted) / Double(draws) - chance) < 6.5 * spread, "\(rule) \(drafts.sources)")
                }
            }
        }
        // With one draft every rule takes any law; with three as said in SelectionRule.
        #expect(tests == 4 + 4 + 3 + 1 + 1)
    }

    @Test func whatIsLostOverALargeVocabularyIsSaid() throws {
        var random = Random(seed: 19)
        let logits = (0..<49_152).map { Float(-1.6 * log(Double($0 + 1)) + 0.7 * random.normal()) }
        func law(_ row: [Float]) throws -> TokenDistribution {
            try TokenDistribution(row: row[...], parameters: SamplingParameters(), history: [], allowed: nil)
        }
        let target = try law(logits)
        let models = try (0..<2).map { _ in try law(logits.map { $0 + Float(0.6 * random.normal()) }) }
        for count in [2, 4, 8] {
            let drafts = DraftLaw.independent(models, sources: (0..<count).map { $0 % 2 })
            let verifier = try SelectionRule.optimal.verifier(target: target, drafts: drafts)
            let optimal = try #require(verifier as? TwoStepVerifier)
            let (accepted, bound) = (try #require(optimal.expectedAcceptance), try #require(optimal.lossBound))
            #expect(bound < 0.05, "\(count) drafts: \(accepted), bound \(bound)")
            for rule in [SelectionRule.recursiveRejection, .importanceSampling] {
                let other = try #require(try rule.verifier(target: target, drafts: drafts).expectedAcceptance)
                #expect(other < accepted + bound + 1e-6, "\(rule)")
            }
        }
    }

    @Test func lawsThatARuleCantTakeAreRefusedWithThoseThatCan() throws {
        let target = try TokenDistribution(weights: [Double](repeating: 1, count: 4000))
        for (rule, drafts, others) in [
            (
                SelectionRule.sequential, DraftLaw.independent([target, target]),
                "recursiveRejection, importanceSampling, optimal"
            ),
            (.sequential, .withoutReplacement(target, count: 2), "recursiveRejection."),
            (.importanceSampling, .withoutReplacement(target, count: 2), "recursiveRejection."),
            (.optimal, .withoutReplacement(target, count: 2), "recursiveRejection."),
        ] {
            for isUpFront in [false, true] {
                do {
                    if isUpFront {
                        try rule.check(
                            count: drafts.count, models: drafts.distributions.count,
                            isWithoutReplacement: drafts.isWithoutReplacement, vocabularyCount: 4000)
                    } else {
                        _ = try rule.verifier(target: target, drafts: drafts)
                    }
                    Issue.record("\(rule) took \(drafts.sources)")
                } catch {
                    guard case .unsupported(_, let what, let remedy) = error else {
                        Issue.record("\(error)")
                        continue
                    }
                    #expect(what.contains(rule.rawValue) && remedy.contains(others), "\(error)")
                }
            }
        }
    }
}
