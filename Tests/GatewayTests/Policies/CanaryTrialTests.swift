import Probability
import Testing

@testable import Gateway

@Suite(.timeLimit(.minutes(5))) struct `trials of canaries` {
    /// How the trial of a canary of quality `canary` ends against `active`, after at most `limit` judged requests.
    private func verdict(
        _ canary: Double, _ active: Double, keep: Double = 0.95, share: Double = 0.5, limit: Int, seed: UInt64
    ) -> (verdict: CanaryTrial.Verdict, requests: Int) {
        var random = Random(seed: seed)
        var trial = CanaryTrial(LearningSettings.Trial(keep: keep))
        for request in 0..<limit {
            let isCanary = random.uniform() < share
            let quality: Double = random.bernoulli(isCanary ? canary : active) ? 1 : 0
            trial.note(quality, isCanary: isCanary, share: share)
            if trial.verdict != .open { return (trial.verdict, request + 1) }
        }
        return (.open, limit)
    }

    @Test(arguments: [0.1, 0.5])
    func `errors are as rare as was promised`(_ share: Double) {
        // At the edge, where both bets are at their worst: 5 of 100 each on average at most.
        let verdicts = (0..<100).map { verdict(0.76, 0.8, share: share, limit: 3000, seed: $0).verdict }
        #expect(verdicts.count { $0 == .worse } <= 12)
        #expect(verdicts.count { $0 == .keeps } <= 12)
    }

    @Test func `a bad canary is taken back, a good one is kept`() {
        for seed in 0..<10 {
            let bad = verdict(0.5, 0.9, limit: 4000, seed: UInt64(seed))
            #expect(bad.verdict == .worse && bad.requests < 400)
            let good = verdict(0.9, 0.9, keep: 0.9, limit: 20_000, seed: UInt64(seed))
            #expect(good.verdict == .keeps)
            #expect(good.requests >= 30)
        }
    }

    @Test func `where both answer alike, explored requests tell it soon`() {
        var random = Random(seed: 3)
        var trial = CanaryTrial(LearningSettings.Trial(keep: 0.95))
        var requests = 0
        while trial.verdict == .open, requests < 5000 {
            // Nine in ten answers are the same one.
            let agree = random.bernoulli(0.9)
            let active: Double = random.bernoulli(0.9) ? 1 : 0
            let canary: Double = agree ? active : random.bernoulli(0.9) ? 1 : 0
            trial.note(canary: canary, active: active, agree: agree, bound: 1)
            requests += 1
        }
        #expect(trial.verdict == .keeps && requests < 1500, "\(requests) requests")
        #expect(trial.compared == requests && trial.agreed > 0)
    }

    @Test func `qualities beyond 0 and 1 and shares without a choice do no harm`() {
        var trial = CanaryTrial(LearningSettings.Trial())
        for _ in 0..<1000 {
            trial.note(7, isCanary: true, share: 0.3)
            trial.note(-3, isCanary: false, share: 0.3)
            trial.note(0, isCanary: true, share: 1)
        }
        #expect(trial.harm.eValue >= 0 && trial.success.eValue >= 0)
        #expect(trial.canary.count == 1000 && trial.verdict == .keeps)
    }
}
