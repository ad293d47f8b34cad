import Cascades
import Foundation
import Probability

/// The stages of named programs over one model, with the examples that show the model what is meant.
struct ProgramParts: Sendable {
    let model: any LanguageModel
    let settings: NamedProgram.Settings

    /// Whether several runs are made of it, which then must draw from the model's own law.
    private func sampling(_ runsOften: Bool) -> SamplingParameters {
        runsOften ? SamplingParameters() : settings.sampling
    }

    /// Examples of question, thought and answer.
    static let thoughts: [[Field]] = [
        ("Tom has 3 apples and buys 4 more. How many apples does he have?", "3 + 4 = 7.", "7"),
        ("Which planet is the largest?", "Jupiter is larger than all other planets.", "Jupiter"),
        ("A bus has 12 people and 5 get off. How many people are left?", "12 - 5 = 7.", "7"),
        ("There are 4 boxes with 6 pens each. How many pens are there?", "4 * 6 = 24.", "24"),
        ("What is the opposite of hot?", "What is not hot but has a low temperature is cold.", "cold"),
    ].map { [Field(FieldName.question, $0.0), Field(FieldName.thought, $0.1), Field(FieldName.answer, $0.2)] }

    private static let works: [[Field]] = [
        ("What is 7 + 5 + 3?", ["7 + 5 = 12", "12 + 3 = 15"], "15"),
        ("Ann has 9 pens. She gets 6 and loses 4. How many pens has she?", ["9 + 6 = 15", "15 - 4 = 11"], "11"),
        ("What is 3 * 4 - 2?", ["3 * 4 = 12", "12 - 2 = 10"], "10"),
        ("What is 8 + 9?", ["8 + 9 = 17"], "17"),
    ].map { question, lines, answer in
        [Field(FieldName.question, question)] + (lines + ["done"]).map { Field(FieldName.work, $0) }
            + [Field(FieldName.answer, answer)]
    }

    private static let calculations: [[Field]] = [
        ("Tom has 3 apples and buys 4 more. How many apples does he have?", "3 + 4"),
        ("There are 14 boxes with 6 pens each. How many pens are there?", "14 * 6"),
        ("What is the sum of 5, 8 and 13?", "sum([5, 8, 13])"),
        ("What is 91 minus 25?", "91 - 25"),
        ("What is the largest of 4, 17 and 9?", "max([4, 17, 9])"),
        ("48 sweets are shared by 6 children. How many does each get?", "48 / 6"),
    ].map { [Field(FieldName.question, $0.0), Field(FieldName.calculation, $0.1)] }

    private static let verdicts: [[Field]] = [
        ("What is 3 + 4?", "7", "yes"), ("What is 9 + 6?", "13", "no"),
        ("Which planet is the largest?", "Jupiter", "yes"),
        ("What is the opposite of hot?", "warm", "no"),
    ].map { [Field(FieldName.question, $0.0), Field(FieldName.answer, $0.1), Field(FieldName.verdict, $0.2)] }

    private static let partLists: [[Field]] = [
        (
            "Ann has 3 red pens and 4 blue pens. She gives 2 away. How many pens are left?",
            "How many pens has she at first?; How many are left?"
        ),
        (
            "Tom is 5. His sister is twice as old. How old are both together?",
            "How old is his sister?; How old are both together?"
        ),
    ].map { [Field(FieldName.question, $0.0), Field("Parts", $0.1)] }

    private static let partAnswers: [[Field]] = [
        [
            Field(FieldName.question, "Ann has 3 red pens and 4 blue pens. She gives 2 away. How many pens are left?"),
            Field(FieldName.part, "How many pens has she at first?"), Field(FieldName.result, "3 + 4 = 7"),
            Field(FieldName.part, "How many are left?"), Field(FieldName.result, "7 - 2 = 5"),
            Field(FieldName.answer, "5"),
        ],
        [
            Field(FieldName.question, "Tom is 5. His sister is twice as old. How old are both together?"),
            Field(FieldName.part, "How old is his sister?"), Field(FieldName.result, "2 * 5 = 10"),
            Field(FieldName.part, "How old are both together?"), Field(FieldName.result, "5 + 10 = 15"),
            Field(FieldName.answer, "15"),
        ],
    ]

    private static let inferences: [[Field]] = [
        (["Rex is a dog.", "All dogs bark."], "Rex barks."),
        (["The box is in the car.", "The car is in Rome."], "The box is in Rome."),
    ].map { facts, inferred in
        facts.map { Field(SelectionInference.selected, $0) } + [Field(FieldName.inference, inferred)]
    }

    private func form(_ examples: [[Field]]) -> Form {
        Form(examples: examples, chat: settings.chat ?? !model.capabilities.completesText)
    }

    /// The stage that answers in the last field of `form`.
    private func answer(_ form: Form, often: Bool = false) -> any FieldStage {
        if let labels = settings.labels { return form.choice(FieldName.answer, by: model) { _ in labels } }
        return form.written(FieldName.answer, by: model, sampling: sampling(often), maximumTokens: 32)
    }

    /// The same stage, which knows how likely a given answer is where the model does.
    private func scoredAnswer(_ form: Form) -> any FieldStage {
        guard settings.labels == nil, model.capabilities.serve(.scoring) else { return answer(form, often: true) }
        return form.line(FieldName.answer, by: model, maximumTokens: 32)
    }

    /// Whether an answer is right: yes or no.
    private var verdict: any ScoredFieldStage {
        form(Self.verdicts).choice(FieldName.verdict, by: model) { _ in ["yes", "no"] }
    }

    /// A thought and an answer after `examples` of both.
    func chain(_ examples: [[Field]], often: Bool) -> ChainOfThought {
        let form = form(examples)
        return ChainOfThought(
            thought: form.written(FieldName.thought, by: model, sampling: sampling(often)),
            answer: answer(form, often: often))
    }

    /// The program called `name`; of those that are more than a program, the chain of thought in them.
    func program(_ name: NamedProgram) -> QuestionProgram {
        switch name {
        case .scratchpad:
            let form = form(Self.works)
            return Scratchpad(
                work: form.written(FieldName.work, by: model, sampling: sampling(false), maximumTokens: 32),
                answer: answer(form)
            ).program
        case .chainOfThought, .star, .treeSearch: return chain(Self.thoughts, often: false).program
        case .selfConsistency: return chain(Self.thoughts, often: true).program
        case .verifier:
            return VerifiedAnswer(chain(Self.thoughts, often: true).program, verifier: verdict).program
        case .leastToMost:
            let answers = form(Self.partAnswers)
            return LeastToMost(
                parts: form(Self.partLists).written("Parts", by: model, sampling: sampling(false)),
                part: answers.written(FieldName.result, by: model, sampling: sampling(false)), answer: answer(answers)
            ).program
        case .selectionInference:
            return SelectionInference(
                select: form([]).choice(
                    SelectionInference.selected, by: model, among: SelectionInference.candidates),
                infer: form(Self.inferences).written(FieldName.inference, by: model, sampling: sampling(false)),
                answer: answer(form([]))
            ).textProgram
        case .tools:
            return ToolUse(
                call: form(Self.calculations).written(
                    FieldName.calculation, by: model, sampling: sampling(false), maximumTokens: 48)
            ).program
        }
    }

    /// The loop that teaches itself on the settings' problems.
    func reasoner() -> SelfTaughtReasoner {
        var problems = settings.problems
        if problems.isEmpty {
            problems = Self.thoughts.map { SelfTaughtReasoner.Problem($0[0].text, $0[2].text) }
        }
        return SelfTaughtReasoner(
            problems: Array(problems.prefix(16)), sets: 3, thoughts: model.capabilities.serve(.scoring) ? 1 : 2,
            chain: { examples in
                let form = form(examples)
                return ChainOfThought(
                    thought: form.written(FieldName.thought, by: model, maximumTokens: 32),
                    answer: scoredAnswer(form))
            },
            hinted: { examples in
                // The answer comes before the thought that leads to it.
                let told = examples.map { [$0[0], $0[2], $0[1]] }
                return form(told).written(FieldName.thought, by: model, maximumTokens: 32)
            })
    }

    /// Work line by line as something to search, an end being worth what the model says of its answer.
    func space() -> ReasoningSpace {
        let form = form(Self.works)
        let verdict = verdict
        return ReasoningSpace(
            step: form.written(FieldName.work, by: model, maximumTokens: 32),
            answer: answer(form, often: true)
        ) { state in
            let known = [Field(FieldName.question, state.question), Field(FieldName.answer, state.answer ?? "")]
            return exp(try await verdict.scored("yes", given: known).logScore ?? -.infinity)
        }
    }
}
