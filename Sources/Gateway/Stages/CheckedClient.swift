import NIOCore

/// A stage whose whole answers are looked at before they count as answers: what lacks the form of its interface, or is an
/// error with the status of a success, is the stage's failure. It is then tried again, told to the breaker and stood in for
/// like any other.
struct CheckedClient: StageClient {
    let client: any StageClient

    func send(_ request: StageRequest) async throws(StageError) -> StageReply {
        var reply = try await client.send(request)
        if case .whole(let bytes) = reply.body {
            reply.fields = Boxed(wrappedValue: try ReplyFields(whole: bytes, request.api, request.wants))
        }
        return reply
    }
}
