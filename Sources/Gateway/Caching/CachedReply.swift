import NIOCore

/// An answer that may be given again.
struct CachedReply: Sendable {
    /// What it is evicted by: `ans_` and the digits of the request that it was the answer to.
    var id: String
    var key: CacheKey
    /// The stage that gave it, and the version of the policy that decided.
    var stage: String?
    var version: String?
    var contentType: String
    var bytes: ByteBuffer
    /// What it cost, in dollars: what is saved when it is given again.
    var money: Double
    /// When it was given, in seconds since 1970.
    var created: Double
    /// Its question, where it may answer others that mean the same.
    var meaning: Meaning?

    /// What a question means, as an embedding has it.
    struct Meaning: Sendable {
        /// The request without the question.
        var frame: CacheKey
        /// The question.
        var text: String
        /// Of length 1.
        var vector: [Float]
    }

    /// The id of the answer to the request `id`.
    static func id(of request: String) -> String { "ans_" + request.dropFirst("req_".count) }

    /// About how many bytes it takes.
    var size: Int {
        var size = 400 + key.size + bytes.readableBytes
        if let meaning { size += meaning.frame.size + meaning.text.utf8.count + 4 * meaning.vector.count }
        return size
    }
}
