import Cascades
import NIOCore

/// A stage's answer that the gateway has whole: it can be given, dropped, or compared.
struct HeldAnswer: Sendable {
    var status: Int
    /// The interface that it is said in.
    var api: WireAPI
    var contentType: String?
    var headers: [(name: String, value: String)] = []
    /// The answer as the client is to get it.
    var bytes: ByteBuffer
    /// Whether it is a stream's events.
    var isStream: Bool
    var cost: Cost
}

/// An answer that has begun: what of it may go to the client at once, and what is still to come.
struct BegunAnswer: Sendable {
    /// The interface that it is said in.
    var api: WireAPI
    var contentType: String?
    var headers: [(name: String, value: String)] = []
    /// What came so far, as the client is to get it.
    var bytes: ByteBuffer
    var source: any ByteSource
    @Boxed var scanner: AnswerScanner
    var isOver = false

    /// Takes the next bytes of it, or its end.
    @inline(never) mutating func take(_ piece: ByteBuffer?) {
        var all = ByteBuffer()
        swap(&all, &bytes)
        if let piece {
            scanner.stream(piece, into: &all)
        } else {
            scanner.end(into: &all)
            isOver = true
        }
        bytes = all
    }
}
