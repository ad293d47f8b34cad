/// A stretch of time that the page shows, up to now.
enum TrafficWindow: String, CaseIterable, Sendable {
    case hour, day, week, month

    /// Its length in minutes.
    var minutes: Int {
        switch self {
        case .hour: 60
        case .day: 24 * 60
        case .week: 7 * 24 * 60
        case .month: 30 * 24 * 60
        }
    }

    /// How many minutes a point of its charts stands for.
    var stretch: Int {
        switch self {
        case .hour: 1
        case .day: 15
        case .week: 120
        case .month: 360
        }
    }

    /// The minute that its first point begins with, when the time is `now` in seconds since 1970.
    func first(at now: Double) -> Int {
        let minute = Int(bounding: now / 60)
        return (minute - minutes + stretch) / stretch * stretch
    }
}
