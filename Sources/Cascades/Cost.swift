/// What asking a stage takes: money, tokens, time and work. Costs add up.
public struct Cost: Sendable, Hashable, Codable {
    /// US dollars.
    public var money: Double
    /// Tokens read.
    public var tokensIn: Double
    /// Tokens written.
    public var tokensOut: Double
    /// Seconds of latency.
    public var seconds: Double
    /// Multiply-adds.
    public var operations: Double

    /// A cost; what is left out is zero.
    public init(
        money: Double = 0, tokensIn: Double = 0, tokensOut: Double = 0, seconds: Double = 0, operations: Double = 0
    ) {
        self.money = money
        self.tokensIn = tokensIn
        self.tokensOut = tokensOut
        self.seconds = seconds
        self.operations = operations
    }

    /// No cost.
    public static let zero = Cost()

    /// One after the other: everything adds.
    public static func + (left: Cost, right: Cost) -> Cost {
        Cost(
            money: left.money + right.money, tokensIn: left.tokensIn + right.tokensIn,
            tokensOut: left.tokensOut + right.tokensOut, seconds: left.seconds + right.seconds,
            operations: left.operations + right.operations)
    }

    /// Adds `right` as something done afterwards.
    public static func += (left: inout Cost, right: Cost) { left = left + right }

    /// Both at once: all adds but the latency, which is the slower one's.
    public func alongside(_ other: Cost) -> Cost {
        var both = self + other
        both.seconds = max(seconds, other.seconds)
        return both
    }
}

/// How much one unit of money, latency and work counts in the objective; any weighted sum can be minimised.
///
///     scalar cost = money * m + seconds * s + operations * o
public struct CostWeights: Sendable, Hashable, Codable {
    /// Weight of a dollar.
    public var money: Double
    /// Weight of a second of latency.
    public var seconds: Double
    /// Weight of a multiply-add.
    public var operations: Double

    /// Weights; what is left out counts nothing.
    public init(money: Double = 0, seconds: Double = 0, operations: Double = 0) {
        self.money = money
        self.seconds = seconds
        self.operations = operations
    }

    /// The weighted sum.
    @inlinable
    public func scalar(_ cost: Cost) -> Double {
        money * cost.money + seconds * cost.seconds + operations * cost.operations
    }
}

/// What a model's tokens and calls cost, in US dollars.
public struct PriceList: Sendable, Hashable, Codable {
    /// Dollars for a million tokens read.
    public var perMillionTokensIn: Double
    /// Dollars for a million tokens written.
    public var perMillionTokensOut: Double
    /// Dollars for a call, whatever its length.
    public var perCall: Double
    /// Dollars for a second.
    public var perSecond: Double

    /// A price list; what is left out is free.
    public init(
        perMillionTokensIn: Double = 0, perMillionTokensOut: Double = 0, perCall: Double = 0, perSecond: Double = 0
    ) {
        self.perMillionTokensIn = perMillionTokensIn
        self.perMillionTokensOut = perMillionTokensOut
        self.perCall = perCall
        self.perSecond = perSecond
    }

    /// `cost` with its money replaced by what this list asks for its tokens and seconds.
    public func priced(_ cost: Cost) -> Cost {
        var priced = cost
        priced.money =
            perCall + (perMillionTokensIn * cost.tokensIn + perMillionTokensOut * cost.tokensOut) / 1e6
            + perSecond * cost.seconds
        return priced
    }
}
