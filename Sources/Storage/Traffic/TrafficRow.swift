import Cascades

/// What went one way in one stretch of time: sums that shares, cost and saving are worked out from.
///
/// The store keeps a row for each minute and way, written in the transaction of the requests that it counts: a page
/// that shows a month reads thousands of rows, not all requests.
public struct TrafficRow: Sendable, Hashable {
    /// A stretch of time and a way through a virtual model.
    public struct Place: Sendable, Hashable {
        /// When the stretch began, in minutes since 1970.
        public var minute: Int
        /// The virtual model.
        public var model: String
        /// The version of its policy, or nil where it has none.
        public var policyVersion: Int?
        /// The stage whose answer was given, by its name in the policy's schema; nil where none was.
        public var stage: String?
        /// How the requests ended.
        public var status: Status

        /// A way in the minute `minute`.
        public init(minute: Int, model: String, policyVersion: Int?, stage: String?, status: Status) {
            self.minute = minute
            self.model = model
            self.policyVersion = policyVersion
            self.stage = stage
            self.status = status
        }
    }

    /// How requests ended, whatever the error's name.
    public enum Status: String, Sendable, Hashable, CaseIterable {
        case answered, abstained, failed
    }

    /// When and by which way.
    public var place: Place
    /// How many requests.
    public var requests = 0
    /// How many of them asked more than one stage.
    public var deferred = 0
    /// What all stages took, in US dollars.
    public var money = 0.0
    /// The sum of the requests' seconds.
    public var seconds = 0.0
    /// What the answers took that were given: dollars, tokens read, tokens written. Of those that were given again out of a
    /// cache, which no stage gave, the dollars that they took at first.
    public var answerMoney = 0.0
    public var answerTokensIn = 0.0
    public var answerTokensOut = 0.0

    /// Nothing yet at `place`.
    public init(_ place: Place) { self.place = place }

    /// Adds what `other` counted, of another stretch of time or another gateway.
    public static func += (left: inout TrafficRow, right: TrafficRow) {
        left.requests += right.requests
        left.deferred += right.deferred
        left.money += right.money
        left.seconds += right.seconds
        left.answerMoney += right.answerMoney
        left.answerTokensIn += right.answerTokensIn
        left.answerTokensOut += right.answerTokensOut
    }
}

/// Rows by their places, as requests come.
public struct TrafficTally: Sendable {
    /// The rows.
    public private(set) var rows: [TrafficRow.Place: TrafficRow] = [:]

    /// None yet.
    public init() {}

    /// Adds `row` to what its place has.
    public mutating func add(_ row: TrafficRow) { rows[row.place, default: TrafficRow(row.place)] += row }

    /// Counts `record`.
    public mutating func add(_ record: RequestRecord) {
        let stages = record.trace.schema.stages
        let answered = record.answered.flatMap { stages.indices.contains($0) ? $0 : nil }
        let status: TrafficRow.Status =
            switch record.status {
            case .answered: .answered
            case .abstained: .abstained
            case .failed: .failed
            }
        var row = TrafficRow(
            TrafficRow.Place(
                minute: Int((record.time / 60).rounded(.down)), model: record.model,
                policyVersion: record.policyVersion, stage: answered.map { stages[$0].name }, status: status))
        row.requests = 1
        row.deferred = record.serving?.isDeferred ?? (record.trace.choices.count > 1) ? 1 : 0
        row.money = Self.known(record.cost.money)
        row.seconds = Self.known(record.serving?.elapsed ?? record.cost.seconds)
        if let cost = record.trace.choices.last(where: { $0.stage == answered })?.cost {
            row.answerMoney = Self.known(cost.money)
            row.answerTokensIn = Self.known(cost.tokensIn)
            row.answerTokensOut = Self.known(cost.tokensOut)
        } else if let serving = record.serving {
            row.answerMoney = Self.known(serving.repeatedMoney)
        }
        add(row)
    }

    /// Forgets what is not of `minutes`.
    public mutating func keep(_ minutes: ClosedRange<Int>) { rows = rows.filter { minutes.contains($0.key.minute) } }

    /// What is not known counts nothing.
    private static func known(_ value: Double) -> Double { value.isFinite ? value : 0 }
}
