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
                ] {
                    // A floor so high that most tokens are treated together must not change the law.
                    for floor in [0, 0.1, 0.4] {
                        guard let verifier = try? rule.verifier(target: target, drafts: drafts, floor: floor) else {
                            continue
                        }
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
                #expect(twoStep.lossBound < 1e-12)
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
            #expect(loss > -1e-12 && loss <= verifier.lossBound + 1e-12)
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
        #expect(law.count == distribution.tokens.count)
        for _ in 0..<100 {
            let tokens = law.sample(using: &random)
            #expect(Set(tokens) == Set(distribution.tokens) && tokens.count == law.count)
        }
    }

    @Test func drawnTokensFollowTheTargetOnALargeVocabulary() throws {
        var random = Random(seed: 15)
        let size = 5000
        let logits = (0..<size).map { _ in Float(2.5 * random.normal()) }
        let target = try TokenDistribution(logits: logits, parameters: SamplingParameters())
        let draft = try TokenDistribution(
            logits: logits.map { $0 * 0.8 + Float(0.7 * random.normal()) }, parameters: SamplingParameters())
        // Twenty bins of about equal probability, by token number.
        var bins = [Int](repeating: 0, count: size)
        var sum = 0.0
        for token in 0..<size {
            bins[token] = min(19, Int(sum * 20))
            sum += target.probability(of: Token(token))
        }
        var expected = [Double](repeating: 0, count: 20)
        for token in 0..<size { expected[bins[token]] += target.probability(of: Token(token)) }
        for rule in SelectionRule.allCases {
            for count in [1, 3] {
                let drafts = DraftLaw.identical(draft, count: count)
                var verifier = try rule.verifier(target: target, drafts: drafts)
                let draws = 20_000
                var counts = [Double](repeating: 0, count: 20)
                for _ in 0..<draws {
                    let token = verifier.verify(drafts.sample(using: &random), using: &random).token
                    counts[bins[Int(token)]] += 1
                }
                var square = 0.0
                for (seen, share) in zip(counts, expected) where share > 0 {
                    square += (seen - Double(draws) * share) * (seen - Double(draws) * share) / (Double(draws) * share)
                }
                // Chi-square with 19 degrees of freedom: 85 is exceeded with probability below 1e-9; 8 tests.
                #expect(square < 85, "\(rule) \(count)")
            }
        }
    }

    @Test func lawsThatARuleCantTakeAreRefused() throws {
        let target = try TokenDistribution(weights: [Double](repeating: 1, count: 4000))
        for (rule, drafts) in [
            (SelectionRule.sequential, DraftLaw.independent([target, target])),
            (.importanceSampling, .withoutReplacement(target, count: 2)),
            (.optimal, .withoutReplacement(target, count: 2)), (.importanceSampling, .independent([target, target])),
        ] {
            #expect(throws: LanguageError.self) { try rule.verifier(target: target, drafts: drafts) }
        }
    }
}
