internal import Foundation

/// The stakes of a bet that the mean loss is below a risk: what is staked on item i depends on the items before it alone.
///
/// Against risk R the capital after i items is K_i(R) = ∏ (1 − ν_j (L_j − R)), with ν_i = min(1, √(2 log(1 / δ) / (n σ̂²)))
/// from the running variance before i. Were the mean loss above R, K would be a supermartingale, and by Ville's inequality
/// rise to 1 / δ with probability at most δ.
///
/// - Source: Waudby-Smith and Ramdas, 2024; Bates et al., 2021, proposition 5.
struct Betting {
    let losses: [Double]
    /// ν, `[items]`.
    let stakes: [Double]

    init(losses: [Double], error: Double) {
        self.losses = losses
        let n = Double(losses.count)
        let target = 2 * -log(error) / n
        var stakes: [Double] = []
        stakes.reserveCapacity(losses.count)
        var sum = 0.5
        var squares = 0.25
        for (i, loss) in losses.enumerated() {
            let seen = Double(i) + 1
            // After `i` items; before the first, mean 1/2 and variance 1/4.
            stakes.append(min(1, (target / (squares / seen)).squareRoot()))
            sum += loss
            let mean = sum / (seen + 1)
            squares += (loss - mean) * (loss - mean)
        }
        self.stakes = stakes
    }

    /// The largest log-capital that the bet against `risk` ever had, at least 0 (before the first item).
    func logCapital(against risk: Double) -> Double {
        var sum = 0.0
        var largest = 0.0
        var product = 1.0
        var peak = 1.0
        for i in losses.indices {
            product *= 1 - stakes[i] * (losses[i] - risk)
            if product > peak { peak = product }
            // A logarithm now and then: factors in [0, 2] take long to reach the ends of a double.
            if product > 1e100 || product < 1e-100 {
                largest = max(largest, sum + log(peak))
                sum += log(product)
                product = 1
                peak = 1
            }
        }
        return max(largest, sum + log(peak))
    }
}
