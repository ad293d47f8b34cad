/// What a policy says to do next.
public enum Move: Sendable, Hashable {
    /// Ask these stages: one, or several at once (their costs add, the latency is the slowest one's).
    case ask(StageSet)
    /// Give the answer of this stage, which has been asked.
    case stop(answer: Int)
    /// Give the answer on which most of these stages agree; ties go to the last of them in schema order.
    case combine(StageSet)
    /// Give no answer.
    case abstain

    /// Ask one stage.
    @inlinable public static func ask(_ stage: Int) -> Move { .ask(StageSet(stage)) }
}
