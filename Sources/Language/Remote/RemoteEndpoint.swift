import Foundation

/// How long an endpoint is waited for, in seconds.
public struct EndpointTimeouts: Sendable, Hashable {
    /// For a connection.
    public var connection = 10.0
    /// From sending a request to the first byte of its reply: a long prompt is read in this time.
    public var firstByte = 120.0
    /// From one piece of a reply to the next.
    public var nextBytes = 60.0
    /// For a request with all its attempts and pauses.
    public var whole = 900.0

    /// Times for models that answer while a person waits.
    public init() {}
}

/// An OpenAI-compatible endpoint: where it is, how it is to be treated.
///
///     var endpoint = RemoteEndpoint("https://api.openai.com/v1", key: .environment("OPENAI_API_KEY"))
///     endpoint.timeouts.firstByte = 30
public struct RemoteEndpoint: Sendable, Hashable {
    /// What it understands beyond OpenAI's interface.
    public enum Dialect: String, Sendable, Hashable, Codable, CaseIterable {
        /// Nothing.
        case openAI = "openai"
        /// llama.cpp's server: all sampling parameters, grammars, and JSON schemas for plain text, too.
        case llamaServer = "llama-server"
    }

    /// Its address, up to where `/chat/completions` goes on.
    public var address: String
    /// Where its key is.
    public var key: EndpointKey
    /// The header that the key goes into: after "Bearer" in `Authorization`, alone in any other.
    public var keyHeader = "Authorization"
    /// Further headers of every request.
    public var headers: [String: String] = [:]
    /// How long it is waited for.
    public var timeouts = EndpointTimeouts()
    /// How requests are sent again.
    public var retries = RetryPolicy()
    /// The most requests at a time; those beyond wait their turn here.
    public var concurrency = 8
    /// What it understands.
    public var dialect = Dialect.openAI

    /// An endpoint.
    public init(_ address: String, key: EndpointKey = .none) {
        self.address = address
        self.key = key
    }

    /// Checks the address.
    /// - Throws: ``LanguageError/improperParameter(name:value:expected:)``.
    public func check() throws(LanguageError) { _ = try base() }

    /// The address as errors may show it, and as requests go on from it.
    /// - Throws: ``LanguageError/improperParameter(name:value:expected:)`` for what is no address, or holds a name or key.
    func base() throws(LanguageError) -> String {
        func improper(_ value: String, _ expected: String) -> LanguageError {
            .improperParameter(name: "endpoint", value: value, expected: expected)
        }
        guard let parts = URLComponents(string: address), let host = parts.host, !host.isEmpty,
            parts.scheme == "https" || parts.scheme == "http"
        else { throw improper(address, "an address such as https://api.openai.com/v1") }
        guard parts.user == nil, parts.password == nil, parts.query == nil, parts.fragment == nil else {
            // What stands there may be a secret, so it is not shown.
            throw improper(
                "\(parts.scheme ?? "")://\(host)...",
                "no user, query or fragment in the address; the key has its own place")
        }
        return address.hasSuffix("/") ? String(address.dropLast()) : address
    }

    /// Whether a key would be sent where others can read it on the way.
    var isOpen: Bool {
        guard let parts = URLComponents(string: address), parts.scheme == "http" else { return false }
        return !["localhost", "127.0.0.1", "::1", "[::1]"].contains(parts.host ?? "")
    }
}
