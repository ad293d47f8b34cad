import NIOCore
import Synchronization

/// A fault that is simulated on a stage for one request: with the administrator's key a request names it in
/// `x-cascade-drill`, for example `small=status:503; large=slow:2`.
///
/// | fault | what the request meets |
/// |---|---|
/// | `unreachable` | no connection |
/// | `timeout` | nothing came in time |
/// | `broken` | the connection broke |
/// | `garbage` | an answer that can't be read |
/// | `status:N` | an answer with that status |
/// | `slow:SECONDS` | the true answer, so much later |
/// | `cut` | a stream that breaks after its first piece |
///
/// The stage itself is not told, and neither breaker nor latencies learn from it.
struct Drill: Sendable, Equatable {
    enum Fault: Sendable, Equatable {
        case fails(StageError)
        case slow(Double)
        case cut
    }

    /// By stage.
    var faults: [String: Fault]

    /// Reads the header field's `text`.
    /// - Throws: ``DoorError`` with what is wrong in it.
    init(_ text: String, stages: [String]) throws(DoorError) {
        faults = [:]
        for part in text.split(separator: ";") {
            let words = part.split(separator: "=", maxSplits: 1).map { $0.trimmingSpaces }
            guard words.count == 2 else {
                throw .badRequest("x-cascade-drill: \"\(part)\" is not of the form stage=fault.", code: "bad_drill")
            }
            guard stages.contains(words[0]) else {
                throw .badRequest(
                    "x-cascade-drill: there is no stage \(words[0]). Known: \(stages.joined(separator: ", ")).",
                    code: "bad_drill")
            }
            guard let fault = Self.fault(words[1]) else {
                throw .badRequest(
                    "x-cascade-drill: \(words[1]) is no fault. Known: unreachable, timeout, broken, garbage, status:N, slow:SECONDS, cut.",
                    code: "bad_drill")
            }
            faults[words[0]] = fault
        }
    }

    private static func fault(_ text: String) -> Fault? {
        let words = text.split(separator: ":", maxSplits: 1)
        switch (words.first, words.count > 1 ? Double(words[1]) : nil) {
        case ("unreachable", nil): return .fails(.unreachable(reason: "a drill"))
        case ("timeout", nil): return .fails(.timedOut(step: "the first byte, in a drill,", seconds: 0))
        case ("broken", nil): return .fails(.broken(reason: "a drill"))
        case ("garbage", nil): return .fails(.badReply(reason: "a drill"))
        case ("status", let status?) where (400...599).contains(status):
            return .fails(
                .status(Int(status), body: ByteBuffer(string: "{\"error\":{\"message\":\"a drill\"}}"), retryAfter: nil)
            )
        case ("slow", let seconds?) where (0...600).contains(seconds): return .slow(seconds)
        case ("cut", nil): return .cut
        default: return nil
        }
    }
}

extension Substring {
    /// Without the spaces around it.
    fileprivate var trimmingSpaces: String {
        var text = drop { $0 == " " }
        while text.last == " " { text.removeLast() }
        return String(text)
    }
}

/// A stage on which a fault is simulated.
struct DrilledClient: StageClient {
    let client: any StageClient
    let fault: Drill.Fault

    func send(_ request: StageRequest) async throws(StageError) -> StageReply {
        switch fault {
        case .fails(let error): throw error
        case .slow(let seconds):
            do { try await Task.sleep(for: .seconds(seconds)) } catch { throw .cancelled }
            return try await client.send(request)
        case .cut:
            var reply = try await client.send(request)
            switch reply.body {
            case .whole: throw .broken(reason: "a drill")
            case .stream(let source): reply.body = .stream(CutSource(source))
            }
            return reply
        }
    }
}

/// A stream that breaks after its first piece.
private final class CutSource: ByteSource {
    private let source: any ByteSource
    private let given = Atomic<Bool>(false)

    init(_ source: any ByteSource) { self.source = source }

    func next() async throws(StageError) -> ByteBuffer? {
        if given.exchange(true, ordering: .relaxed) {
            source.cancel()
            throw .broken(reason: "a drill")
        }
        return try await source.next()
    }

    func poke() { source.poke() }
    func cancel() { source.cancel() }
}
