import Cascades
import Deferral

/// The items of a log that policies may be judged on: where one was learned from this very log, those it never saw.
struct JudgedItems {
    /// The log of those items.
    let log: OutcomeLog
    /// What to say of the choice.
    let note: String

    /// The items of `log` for judging `files`.
    /// - Parameter all: judge on all items whatever they were used for.
    init(_ log: OutcomeLog, for files: [PolicyFile], all: Bool) throws {
        var heldOut: Set<Int>?
        for file in files {
            guard let learned = LearnedItems(file.provenance), let items = try learned.heldOut(of: log) else {
                continue
            }
            heldOut = heldOut.map { $0.intersection(items) } ?? Set(items)
        }
        guard let heldOut else {
            self.log = log
            note = "\(log.count) items"
            return
        }
        if all {
            self.log = log
            note =
                "\(log.count) items, of which \(log.count - heldOut.count) were learned from: the figures flatter the policy"
        } else if heldOut.count < 2 {
            throw Failure(
                .data,
                "the policies were learned from this log and no item was held out from all of them. Use --all-items, or another log."
            )
        } else {
            self.log = log.subset(heldOut.sorted())
            note = "\(heldOut.count) items that were held out when the policy was learned from this log"
        }
    }
}
