import Cascades
import Deferral
import Probability

/// Which items a policy was learned on, so that `evaluate` and `report` can keep to those that were held out.
struct LearnedItems {
    var count: Int
    var fingerprint: String
    var split: LogSplit.Method
    var share: Double
    var seed: UInt64
    /// Whether half of the items held out were used to certify the policy.
    var isCertified: Bool

    init(log: OutcomeLog, split: LogSplit.Method, share: Double, seed: UInt64, isCertified: Bool) {
        self.isCertified = isCertified
        count = log.count
        fingerprint = Self.fingerprint(log)
        self.split = split
        self.share = share
        self.seed = seed
    }

    /// What `provenance` says of it, or nil where it says too little.
    init?(_ provenance: [String: String]) {
        guard let count = provenance["items"].flatMap(Int.init), let fingerprint = provenance["fingerprint"],
            let split = provenance["split"].flatMap(LogSplit.Method.init),
            let share = provenance["held out"].flatMap(Double.init),
            let seed = provenance["seed"].flatMap(UInt64.init)
        else { return nil }
        self.count = count
        isCertified = provenance["confidence"] != nil
        self.fingerprint = fingerprint
        self.split = split
        self.share = share
        self.seed = seed
    }

    /// As a policy file keeps it.
    var provenance: [String: String] {
        [
            "items": String(count), "fingerprint": fingerprint, "split": split.rawValue, "held out": String(share),
            "seed": String(seed),
        ]
    }

    /// The items of `log` that were held out, where it is the log that was learned from; else nil.
    func heldOut(of log: OutcomeLog) throws -> [Int]? {
        guard log.count == count, Self.fingerprint(log) == fingerprint else { return nil }
        // The same streams as PolicySearch splits with.
        var random = Random(seed: seed).split(0)
        var kept = try LogSplit(log, method: split, share: share, using: &random).heldOut
        if isCertified {
            var halves = Random(seed: seed).split(4_000_000)
            halves.shuffle(&kept)
            kept = kept.dropFirst(kept.count / 2).sorted()
        }
        return kept
    }

    /// A number that differs between logs with different ids: FNV-1a, 64 bits, over all ids in order.
    static func fingerprint(_ log: OutcomeLog) -> String {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for id in log.ids {
            for byte in id.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
            hash = (hash ^ 0x0a) &* 0x100_0000_01b3
        }
        return String(hash, radix: 16)
    }
}
