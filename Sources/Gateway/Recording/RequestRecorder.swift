/// Where records go. `record` returns at once and never fails: what can't be kept is counted.
protocol RequestRecorder: Sendable {
    /// Whether it has a use for the texts of answers; reading them takes time.
    var readsTexts: Bool { get }
    /// Whether it has a use for the texts of requests.
    var keepsTexts: Bool { get }

    func record(_ record: RequestRecord)
}

/// Keeps nothing: a gateway without a store counts requests in its metrics only.
struct NoRecorder: RequestRecorder {
    var readsTexts: Bool { false }
    var keepsTexts: Bool { false }

    func record(_ record: RequestRecord) {}
}
