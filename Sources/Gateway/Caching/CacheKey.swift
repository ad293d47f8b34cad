import Cascades
import NIOCore

/// All that an answer depends on. Two requests are the same when their bytes are: nothing is hashed away.
struct CacheKey: Hashable, Sendable {
    /// Who may be given the answer: a key, or nil for all.
    var scope: String?
    var api: WireAPI
    var model: String
    /// The group of the request, which policies may read.
    var group: String?
    /// Header fields that stages get and that change what they say.
    var fields: [String]
    /// The request, byte by byte; where only its last question may differ, that is left out.
    var body: ByteBuffer

    /// What the answer is called in a store: the hash of all of it.
    var hash: String {
        var sum = SHA256()
        for part in [scope ?? "*", scope == nil ? "all" : "one", api.rawValue, model, group ?? ""] + fields {
            // The length first, so that no two lists of parts are the same bytes.
            sum.update(Array("\(part.utf8.count):\(part)".utf8))
        }
        sum.update(body.readableBytesView)
        return "ans_" + sum.hexadecimal.prefix(40)
    }

    /// About how many bytes it takes.
    var size: Int { 200 + body.readableBytes }

    /// The same request with any other last question; nil where it has none.
    func frame(_ request: RequestFields) -> CacheKey? {
        guard let place = request.lastText, !place.isEmpty else { return nil }
        var rest = ByteBuffer()
        rest.reserveCapacity(body.readableBytes - place.count + 1)
        let start = body.readerIndex
        if let head = body.getSlice(at: start, length: place.lowerBound) { rest.writeImmutableBuffer(head) }
        // No JSON has this byte.
        rest.writeInteger(UInt8(0))
        if let tail = body.getSlice(at: start + place.upperBound, length: body.readableBytes - place.upperBound) {
            rest.writeImmutableBuffer(tail)
        }
        var frame = self
        frame.body = rest
        return frame
    }
}
