import Cascades
import Deferral
import Foundation
import Storage

/// A version of a virtual model's policy, and what it does just now.
struct PolicyVersion: Sendable {
    /// What headers and records call it; unique among the model's versions.
    var name: String
    /// Its number in the store, or among those that are kept in memory.
    var number: Int?
    var file: PolicyFile
    var state: PolicyRecord.State
    /// The share of requests that a canary decides.
    var share = 0.0
    /// The number of the version whose place it took.
    var previous: Int?

    /// The version in `record`.
    /// - Throws: `DeferralError` where its content is no policy.
    init(_ record: PolicyRecord) throws {
        name = "v\(record.version)"
        number = record.version
        file = try PolicyFile.read(
            Data(record.content.utf8), path: "version \(record.version) of \(record.model)")
        state = record.state
        share = record.share
        previous = record.previous
    }

    init(name: String, number: Int? = nil, file: PolicyFile, state: PolicyRecord.State, share: Double = 0) {
        self.name = name
        self.number = number
        self.file = file
        self.state = state
        self.share = share
    }
}
