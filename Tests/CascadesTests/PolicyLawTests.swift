import Cascades
import CascadesTesting
import Probability
import Testing

@Suite struct `laws of policies` {
    let schema = LogSchema(
        context: ["length"],
        stages: ["a", "b", "c"].map { StageSchema(name: $0, evidence: ["margin"]) })

    func laws(_ policy: some Policy, monotoneCoin: Bool = false) -> Set<String> {
        var random = Random(seed: 1)
        return Set(
            checkPolicy(
                policy, schema: schema, items: 50, groups: [nil, "x"], monotoneCoin: monotoneCoin, using: &random
            )
            .map(\.law))
    }

    @Test func `well-behaved policies hold them`() {
        #expect(laws(LadderPolicy(threshold: 0.3, stages: 3)) == [])
        #expect(laws(LadderPolicy(threshold: 0.3, stages: 3, abstains: true)) == [])
        #expect(laws(VotePolicy(voters: [0, 2])) == [])
        #expect(laws(CoinPolicy(p: 0.4), monotoneCoin: true) == [])
    }

    @Test(arguments: [
        (Wrong.peeks, "only evidence of asked stages is read"),
        (.neverEnds, "no stage is asked twice"),
        (.overreaches, "asks within its reach"),
        (.answersUnasked, "answers come from asked stages"),
        (.combinesUnasked, "answers come from asked stages"),
        (.asksNothing, "a move names a stage"),
        (.asksUnknown, "asks stages of the schema"),
        (.forgets, "a policy survives JSON"),
    ])
    func `a wrong policy is rejected`(wrong: Wrong, law: String) {
        #expect(laws(WrongPolicy(wrong: wrong)).contains(law))
    }

    @Test func `a policy with chance of its own is rejected`() {
        #expect(laws(WrongPolicy(wrong: .rolls)).contains("the same state gives the same move"))
    }

    @Test func `a coin that is not monotone is rejected when asked for`() {
        #expect(laws(WrongPolicy(wrong: .stripes)) == [])
        #expect(laws(WrongPolicy(wrong: .stripes), monotoneCoin: true) == ["a rising coin leaves a course once"])
    }

    enum Wrong: Codable, Sendable {
        case peeks, neverEnds, overreaches, answersUnasked, combinesUnasked, asksNothing, asksUnknown, forgets, rolls
        case stripes
    }

    struct WrongPolicy: Policy {
        static let kind = "test-wrong"
        var wrong: Wrong
        // Not written to JSON: a policy that forgets.
        var memory = 1
        enum CodingKeys: CodingKey { case wrong }
        func next(_ state: PolicyState) -> Move {
            let first = state.asked.isEmpty
            switch wrong {
            case .peeks: return first ? .ask(state.signals[2] > 0 ? 1 : 0) : .stop(answer: state.asked.first ?? 0)
            case .neverEnds: return .ask(0)
            case .overreaches: return first ? .ask(2) : .stop(answer: 2)
            case .answersUnasked: return first ? .ask(0) : .stop(answer: 1)
            case .combinesUnasked: return first ? .ask(0) : .combine([0, 1])
            case .asksNothing: return .ask(StageSet())
            case .asksUnknown: return .ask(7)
            case .forgets: return first ? .ask(memory) : .stop(answer: memory)
            case .rolls: return first ? .ask(Int.random(in: 0...1)) : .stop(answer: state.asked.first ?? 0)
            case .stripes: return first ? .ask(Int(state.coin * 8) % 2) : .stop(answer: state.asked.first ?? 0)
            }
        }
        func formula(_ schema: LogSchema) -> String { "wrong" }
        var reach: StageSet { [0, 1] }
        init(wrong: Wrong) {
            self.wrong = wrong
            if wrong == .forgets { memory = 0 }
        }
    }
}
