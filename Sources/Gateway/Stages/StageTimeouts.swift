/// How long each step of asking an endpoint may take, in seconds.
struct StageTimeouts: Sendable, Hashable {
    var connect = 5.0
    /// From the request to the first byte of the answer.
    var firstByte = 120.0
    /// Between two pieces of an answer.
    var idle = 60.0
    /// In all.
    var total = 600.0
}
