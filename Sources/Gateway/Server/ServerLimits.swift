/// What a client may send, and how long it may take.
struct ServerLimits: Sendable, Hashable {
    var bodyBytes = 16 << 20
    /// Of the bodies of all requests that are held at once.
    var heldBytes = 256 << 20
    /// Of all header fields together, and of each.
    var headerBytes = 32 << 10
    var headerCount = 100
    /// From a request's head to its end.
    var requestSeconds = 30.0
    /// That a client may take none of what is written to it.
    var writeSeconds = 30.0
    /// Of silence on a connection.
    var idleSeconds = 75.0
    /// That running requests have when the gateway is told to stop.
    var drainSeconds = 30.0
    /// Connections at once.
    var connections = 10_000
}
