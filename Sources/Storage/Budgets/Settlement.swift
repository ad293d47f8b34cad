/// Spending that is known and goes into the ledger in the same transaction as the record of its request.
public struct Settlement: Sendable, Hashable {
    /// Where it goes.
    public struct Place: Sendable, Hashable, Comparable {
        /// The key that spent.
        public var key: String
        /// The limit's name (``Limit/account``).
        public var account: String
        /// When the limit's window began, in seconds since 1970.
        public var window: Int64
        /// The gateway whose lease it was spent from.
        public var holder: String

        /// The order in which rows are written: the same for all, so that no two writers wait for each other.
        public static func < (left: Place, right: Place) -> Bool {
            (left.key, left.account, left.window, left.holder) < (right.key, right.account, right.window, right.holder)
        }
    }

    /// Where it goes.
    public var place: Place
    /// What was spent.
    public var spent: Int64
    /// How much of it comes out of the lease; the rest was more than had been reserved.
    public var leased: Int64
}
