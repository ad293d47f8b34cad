import Cascades
import Foundation
import Language
import Probability
import Reports

/// An agent that remembers over many episodes of recurring tasks (paper 205).
struct LongTermMemory: Experiment {
    let id = "long-term-memory"
    let paper = Paper(
        number: 205, title: "Long Term Memory: The Foundation of AI Self-Evolution", source: "Jiang et al., 2024")
    let summary = """
        People ask again and again for what they like, in changing words; the agent chooses one of four colours, is told \
        whether it was right, and remembers. Half way some of them change their minds. Compared with an agent that remembers \
        nothing, one for which recency counts nothing, and one whose memory is smaller than what there is to know.
        """
    let claims = [
        Claim(
            "improves",
            "With memory, right answers are more frequent in the last third before the change than in the first."),
        Claim("beats-none", "And more frequent over all episodes than without memory."),
        Claim("bounded", "No memory ever holds more episodes than its capacity."),
        Claim("small", "With room for half of what there is to know, memory still beats none."),
        Claim(
            "recency", "After the change, right answers are more frequent where recency counts than where it does not."),
    ]
    private static let colours = ["red", "green", "blue", "yellow"]
    private static let people = [
        "Ada", "Ben", "Cleo", "Dan", "Eva", "Finn", "Gina", "Hugo", "Iris", "Jack", "Kate", "Leo",
    ]
    private static let forms = [
        "Which colour does {} like?", "What is the favourite colour of {}?", "Tell me the colour that {} prefers.",
    ]

    /// A kind of agent.
    private struct Kind {
        var name: String
        var capacity: Int
        var limit = 8
        var recency = 1.0
    }

    func run(_ context: ExperimentContext) async throws -> Findings {
        let (people, episodes, seeds) = context.scaled(quick: (2, 12, 2), full: (8, 160, 8))
        let model = try ExperimentModels.load(as: .q4Zero)
        let chooser = RememberedAnswers(MemoryAgent.choosing(model))
        // What there is to know: who likes what, in each wording.
        let facts = people * Self.forms.count
        let kinds = [
            Kind(name: "memory", capacity: 8 * facts), Kind(name: "no memory", capacity: 1, limit: 0),
            Kind(name: "memory without recency", capacity: 8 * facts, recency: 0),
            Kind(name: "small memory", capacity: facts / 2),
        ]
        var right: [String: [[Double]]] = [:]
        var excess = Int.min
        for seed in 0..<UInt64(seeds) {
            for kind in kinds {
                // The same people, questions and order for all kinds.
                var random = Random(seed: context.seed).split(seed)
                var weighting = EpisodicMemory.Weighting()
                weighting.recency = kind.recency
                // An episode is old when all people have been asked a few times since.
                weighting.retention = Double(6 * people)
                let memory = MemoryFile(EpisodicMemory(capacity: kind.capacity, weighting: weighting))
                let agent = MemoryAgent(memory, limit: kind.limit, answerer: chooser)
                let names = random.sample(people, outOf: Self.people.count).map { Self.people[$0] }
                var likes = names.map { _ in Self.colours[random.integer(below: 4)] }
                var outcomes: [Double] = []
                for episode in 0..<episodes {
                    if episode == episodes / 2 {
                        for place in 0..<(people + 1) / 2 {
                            likes[place] = Self.colours.filter { $0 != likes[place] }[random.integer(below: 3)]
                        }
                    }
                    let person = random.integer(below: people)
                    let question = Self.forms[random.integer(below: Self.forms.count)]
                        .replacing("{}", with: names[person])
                    let answer = try await agent.stage.answer(
                        RecalledQuestion(question, candidates: Self.colours)
                    ).output
                    let outcome = answer == likes[person] ? 1.0 : 0
                    try agent.learn(question, answer: answer, outcome: outcome)
                    outcomes.append(outcome)
                    excess = max(excess, memory.memory.episodes.count - kind.capacity)
                }
                right[kind.name, default: []].append(outcomes)
            }
        }
        var findings = Findings(
            data:
                "\(seeds) sequences of \(episodes) questions by \(people) people in \(Self.forms.count) wordings, four answers to choose from; SmolLM2-135M-Instruct (Q4_0)"
        )
        let half = episodes / 2
        let phases = [
            ("first third", 0..<half / 3), ("last third", half - half / 3..<half),
            ("after the change", half..<episodes),
            ("all", 0..<episodes),
        ]
        func means(_ kind: String, _ range: Range<Int>) -> [Double] {
            right[kind]!.map { $0[range].reduce(0, +) / Double(range.count) }
        }
        var table = TextTable(columns: [TextTable.Column("agent")] + phases.map { TextTable.Column($0.0) })
        for kind in kinds {
            let cells = phases.map { phase in
                let mean = Comparison(means(kind.name, phase.1))
                findings.measure(
                    "right answers, \(kind.name), \(phase.0)", mean.mean, standardError: mean.standardError)
                return TableCell.text(String(format: "%.3f ± %.3f", mean.mean, mean.standardError))
            }
            table.add([.text(kind.name)] + cells)
        }
        table.notes = ["Shares of right answers, mean and standard error over sequences; chance is 0.25."]
        findings.tables.append(("Right answers over episodes", table))
        let blocks = context.scaled(quick: 4, full: 16)
        findings.charts.append(
            (
                "Right answers over episodes",
                Chart(
                    "Learning from episodes", x: Axis("episodes"), y: Axis("right answers"),
                    series: kinds.map { kind in
                        Series(
                            kind.name,
                            points: (0..<blocks).map { block in
                                let range = block * episodes / blocks..<(block + 1) * episodes / blocks
                                let own = means(kind.name, range)
                                return ChartPoint(
                                    Double(range.upperBound), own.reduce(0, +) / Double(own.count))
                            })
                    })
            ))
        func compare(_ claim: String, _ a: [Double], _ b: [Double], _ what: String) {
            let gain = Comparison(a, over: b)
            findings.decide(claim, difference: gain.mean, standardError: gain.standardError, what)
        }
        compare(
            "improves", means("memory", phases[1].1), means("memory", phases[0].1),
            "right answers with memory, last third before the change less first")
        compare(
            "beats-none", means("memory", 0..<episodes), means("no memory", 0..<episodes),
            "right answers, with memory less without")
        findings.decide("bounded", excess <= 0, "the largest number of episodes less the capacity is \(excess)")
        compare(
            "small", means("small memory", 0..<episodes), means("no memory", 0..<episodes),
            "right answers, small memory less none")
        compare(
            "recency", means("memory", half..<episodes), means("memory without recency", half..<episodes),
            "right answers after the change, with recency less without")
        findings.notes = [
            "The paper's agents are large models on GAIA; here what is learned is what people like, which no model can know beforehand.",
            "The agent learns whether it was right, never what would have been: it finds out by trial.",
        ]
        return findings
    }
}

/// Answers that were given before to the same question with the same recollections: the model is asked once.
private actor AnswerTable {
    private var answers: [[String]: String] = [:]
    func answer(_ key: [String], _ compute: @Sendable () async throws -> String) async throws -> String {
        if let known = answers[key] { return known }
        let answer = try await compute()
        answers[key] = answer
        return answer
    }
}

/// A chooser that remembers what it chose: its answers depend on the texts alone.
private struct RememberedAnswers: Stage {
    let base: RememberingChooser
    private let table = AnswerTable()
    var name: String { base.name }
    var evidenceNames: [String] { [] }

    init(_ base: RememberingChooser) { self.base = base }

    func answer(_ asked: RecalledQuestion) async throws -> Answer<String> {
        let transfer = base.transfer
        let key =
            [asked.question]
            + asked.recollections.flatMap { recollection in
                [
                    recollection.episode.situation, recollection.episode.action,
                    recollection.relevance < transfer
                        ? ""
                        : recollection.episode.outcome > 0.5
                            ? "well" : recollection.episode.outcome < 0.5 ? "badly" : "so",
                ]
            }
        return Answer(try await table.answer(key) { try await self.base.answer(asked).output })
    }
}
