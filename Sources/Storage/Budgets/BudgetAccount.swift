/// One limit of a key in one window, as one gateway holds it.
///
///     granted = free + reserved + unsettled
///
/// `granted` is what the ledger has outstanding for this gateway, as far as the gateway has heard.
struct BudgetAccount: Sendable {
    /// When the window began, in seconds since 1970.
    let window: Int64
    /// What the gateway may spend, in all.
    private(set) var granted: Int64 = 0
    /// What is reserved for requests under way.
    private(set) var reserved: Int64 = 0
    /// What requests have spent and the ledger does not know yet.
    private(set) var unsettled: Int64 = 0
    /// What may be spent beyond, while the ledger can't be asked.
    private(set) var emergency: Int64 = 0
    /// Whether an allowance for that case was made.
    private(set) var hasEmergency = false
    /// Whether something was reserved since this was last set to false.
    var isInUse = false
    /// More than this is refused until then, on the gateway's clock, without asking the ledger again.
    var refusal: Refusal?

    struct Refusal: Sendable {
        var available: Int64
        var until: Double
        var answer: LeaseAnswer
    }

    init(window: Int64) { self.window = window }

    var free: Int64 { granted - reserved - unsettled }

    /// Whether nothing is under way, so that all that is granted can be given back.
    var isIdle: Bool { reserved == 0 && unsettled == 0 }

    mutating func reserve(_ amount: Int64) {
        reserved += amount
        isInUse = true
    }

    /// A request that had reserved `amount` spent `spent`.
    /// - Returns: how much of it comes out of the lease.
    mutating func settle(reserved amount: Int64, spent: Int64) -> Int64 {
        reserved -= amount
        let leased = min(spent, amount)
        unsettled += leased
        return leased
    }

    /// The ledger knows of `leased` more that was spent out of the lease.
    mutating func acknowledge(_ leased: Int64) {
        unsettled -= leased
        granted -= leased
    }

    mutating func grant(_ amount: Int64) {
        granted += amount
        if amount > 0 { refusal = nil }
    }

    /// Takes what is free out, to be given back.
    mutating func takeFree() -> Int64 {
        let amount = max(0, free)
        granted -= amount
        return amount
    }

    mutating func allowEmergency(_ amount: Int64) {
        hasEmergency = true
        emergency += amount
    }

    /// Takes `amount` from the emergency allowance, if it is there.
    mutating func takeEmergency(_ amount: Int64) -> Bool {
        guard amount <= emergency else { return false }
        emergency -= amount
        return true
    }

    mutating func returnEmergency(_ amount: Int64) { emergency += amount }
}
