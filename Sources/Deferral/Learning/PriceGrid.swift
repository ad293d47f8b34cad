import Cascades
import Foundation

/// The prices at which a path of policies is looked at first.
public enum PriceGrid {
    /// 0, then prices in equal ratios from where hardly any cost is spared to where only the cheapest stage is left,
    /// then infinity.
    public static func coarse(for log: CostedLog, count: Int = 14) -> [Double] {
        let quality = log.meanQuality.filter { !$0.isNaN }
        var low = Double.infinity
        var high = -Double.infinity
        for value in log.log.quality where !value.isNaN {
            low = min(low, value)
            high = max(high, value)
        }
        let spread = max(high - low, .leastNormalMagnitude)
        let costs = log.meanCost.filter { $0 > 0 }.sorted()
        guard quality.count > 1, let cheapest = costs.first, let dearest = costs.last else { return [0, .infinity] }
        let first = 1e-3 * spread / dearest
        let last = 2 * spread / cheapest
        let ratio = last / first
        let prices: [Double] = (0..<count).map { first * pow(ratio, Double($0) / Double(count - 1)) }
        return [0] + prices + [.infinity]
    }

    /// `count` prices between two neighbours of a grid.
    static func between(_ low: Double, _ high: Double, count: Int) -> [Double] {
        (1...count).map { step -> Double in
            let share = Double(step) / Double(count + 1)
            if high == .infinity { return low * pow(10.0, 2 * share) }
            if low == 0 { return high * pow(0.01, 1 - share) }
            return low * pow(high / low, share)
        }
    }
}
