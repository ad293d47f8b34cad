import Foundation
import Reports
import Storage

/// Keys in words and as JSON.
enum KeyText {
    /// What is told of `key` as JSON.
    static func members(_ key: KeyRecord) -> [(key: String, value: JSONValue)] {
        [
            ("id", .string(key.id)), ("prefix", .string(key.prefix)), ("name", .string(key.name)),
            ("roles", .array(roles(key).map { .string($0) })), ("models", .array(key.models.map { .string($0) })),
            ("limits", .array(key.limits.map { .string($0.description) })), ("created", .string(time(key.created))),
            ("revoked", key.revoked.map { .string(time($0)) } ?? .null),
        ]
    }

    static func roles(_ key: KeyRecord) -> [String] { key.roles.map(\.rawValue).sorted() }

    /// A time in ISO 8601, UTC, to the second.
    static func time(_ seconds: Double) -> String {
        Date(timeIntervalSince1970: seconds).formatted(.iso8601)
    }

    /// An amount in the unit of `limit`: dollars, tokens or requests.
    static func amount(_ amount: Int64, _ limit: Limit) -> Double {
        limit.measure == .money ? Double(amount) / 1e9 : Double(amount)
    }
}
