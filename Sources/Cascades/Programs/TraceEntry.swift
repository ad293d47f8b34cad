/// One choice of a program's run: a draw from a kernel or the answer of a stage.
///
/// Immutable and shared: the traces of particles with the same past hold the same entries.
public class TraceEntry: @unchecked Sendable {  // Immutable: every stored property, here and below, is a let.
    /// Where it was chosen.
    public final let address: Address
    /// Whether a stage answered, or else a kernel drew.
    public final let isAnswer: Bool
    /// What a stage said of its answer, and what it took; nil for draws.
    public final let note: AnswerNote?
    /// `ln p` of the value given what came before, in nats; `NaN` where it is not known.
    @usableFromInline final let score: Double

    @inlinable
    init(address: Address, score: Double, isAnswer: Bool, note: AnswerNote?) {
        self.address = address
        self.score = score
        self.isAnswer = isAnswer
        self.note = note
    }

    /// `ln p` of the value given what came before, in nats, where it is known.
    public final var logScore: Double? { score.isNaN ? nil : score }

    /// What it took.
    public final var cost: Cost { note?.cost ?? .zero }

    /// What was chosen: a kernel's output, a stage's `Run`, or the `StageFailure` of a stage that failed.
    public var value: any Sendable { () }

    /// The value in words: the output, of a stage's run.
    public var valueText: String { "" }

    /// The same choice with another value of the same type; nil where the type is another.
    package func with<Other: Sendable>(value: Other) -> TraceEntry? {
        self is TypedEntry<Other>
            ? TypedEntry(address: address, value: value, score: score, isAnswer: isAnswer, note: note) : nil
    }
}

/// An entry with a value of a known type.
@usableFromInline
final class TypedEntry<Value: Sendable>: TraceEntry, @unchecked Sendable {  // Immutable, as its base is.
    @usableFromInline let typed: Value

    @inlinable
    init(address: Address, value: Value, score: Double, isAnswer: Bool = false, note: AnswerNote? = nil) {
        typed = value
        super.init(address: address, score: score, isAnswer: isAnswer, note: note)
    }

    override var value: any Sendable { typed }

    override var valueText: String { note?.text ?? "\(typed)" }
}

/// What a stage said of its answer, and what it took.
public final class AnswerNote: Sendable {
    /// The stage.
    public let stage: String
    /// What it says of its answer.
    public let evidence: Evidence
    /// What the answer took.
    public let cost: Cost
    /// Whether the stage knows how likely any answer is, this one elsewhere among them.
    public let isFromScoredStage: Bool
    /// The output in words.
    let text: String

    init(stage: String, evidence: Evidence, cost: Cost, isFromScoredStage: Bool = false, text: String) {
        self.stage = stage
        self.evidence = evidence
        self.cost = cost
        self.isFromScoredStage = isFromScoredStage
        self.text = text
    }
}
