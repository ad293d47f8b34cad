import Probability

/// The prompts of a task's questions with a number of answered examples before them.
///
///     <prefix><question><answer><separator>...<separator><the question>
///     <question>: <input prefix><input><choice prefix><choice>...<output prefix>
///
/// The examples are others of the same task, drawn without replacement for each question; choices stand in random order.
/// Both come from the seed and the question's number alone.
///
/// - Source: paper 127, section 2.1.
public struct CapabilityPrompts: Sendable {
    /// The task.
    public let task: CapabilityTask
    /// Answered examples before a question.
    public let shots: Int
    /// Chooses the examples and the order of choices.
    public let seed: UInt64

    /// - Throws: ``LanguageError/improperParameter(name:value:expected:)`` where the task has too few examples.
    public init(_ task: CapabilityTask, shots: Int = 0, seed: UInt64 = 0) throws(LanguageError) {
        guard shots >= 0, shots < task.examples.count else {
            throw .improperParameter(
                name: "shots", value: "\(shots)",
                expected: "0 to \(max(0, task.examples.count - 1)), for the examples come from the task's own")
        }
        self.task = task
        self.shots = shots
        self.seed = seed
    }

    /// What the model goes on from at question `index`.
    public func prompt(_ index: Int) -> String {
        var random = Random(seed: seed).split(UInt64(index))
        let others = random.sample(shots, outOf: task.examples.count - 1).map { $0 < index ? $0 : $0 + 1 }
        var text = task.prefix
        for other in others {
            let example = task.examples[other]
            text += question(example, using: &random) + (example.targets.first ?? "") + task.separator
        }
        return text + question(task.examples[index], using: &random)
    }

    private func question(_ example: CapabilityTask.Example, using random: inout Random) -> String {
        var text = task.inputPrefix + example.input
        if task.showsChoices, !example.choices.isEmpty {
            for choice in random.permutation(of: example.choices.count) {
                text += task.choicePrefix + example.choices[choice]
            }
        }
        return text + task.outputPrefix
    }
}
