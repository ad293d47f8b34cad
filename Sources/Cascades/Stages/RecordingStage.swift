public import Probability
import Synchronization

/// A stage that keeps what it was asked and what it answered.
public struct RecordingStage<Base: Stage>: Stage {
    /// One question and what came of it.
    public struct Record: Sendable {
        /// What was asked.
        public let input: Base.Input
        /// What came of it.
        public let result: Result<Run<Base.Output>, StageFailure>
    }

    /// The stage that answers.
    public let base: Base
    private let store = Store()

    /// `base`, recorded. Copies of this value share their records.
    public init(_ base: Base) { self.base = base }

    /// What was asked so far, in the order in which the answers came.
    public var records: [Record] { store.records.withLock { $0 } }

    public var name: String { base.name }
    public var evidenceNames: [String] { base.evidenceNames }

    public func answer(_ input: Base.Input) async throws -> Answer<Base.Output> {
        do {
            let answer = try await base.answer(input)
            store.add(Record(input: input, result: .success(Run(answer))))
            return answer
        } catch {
            store.add(Record(input: input, result: .failure(StageFailure(error))))
            throw error
        }
    }

    public func run(_ input: Base.Input, using random: inout Random) async throws -> Run<Base.Output> {
        do {
            let run = try await base.run(input, using: &random)
            store.add(Record(input: input, result: .success(run)))
            return run
        } catch {
            store.add(Record(input: input, result: .failure(StageFailure(error))))
            throw error
        }
    }

    private final class Store: Sendable {
        let records = Mutex<[Record]>([])
        func add(_ record: Record) { records.withLock { $0.append(record) } }
    }
}

extension StageFailure: Error {}

extension Stage {
    /// This stage, recorded.
    public func recorded() -> RecordingStage<Self> { RecordingStage(self) }
}
