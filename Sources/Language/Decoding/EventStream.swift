/// A stream of events that a task writes; ending the reading cancels the task.
enum EventStream {
    static func of(
        _ write: @escaping @Sendable (_ yield: @escaping @Sendable (GenerationEvent) -> Void) async throws -> Void
    ) -> AsyncThrowingStream<GenerationEvent, any Error> {
        AsyncThrowingStream { continuation in
            let task = Task {
                do {
                    try await write { continuation.yield($0) }
                    continuation.finish()
                } catch {
                    continuation.finish(throwing: error)
                }
            }
            continuation.onTermination = { _ in task.cancel() }
        }
    }
}
