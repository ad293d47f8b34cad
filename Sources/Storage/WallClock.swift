import Foundation

/// The time of day, for what is written down and for the windows of limits; silence is measured by clocks that never jump.
public enum WallClock {
    /// The time, in seconds since 1970.
    @Sendable public static func now() -> Double { Date().timeIntervalSince1970 }
}
