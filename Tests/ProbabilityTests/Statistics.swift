import Foundation

/// Kolmogorov's distance between a sample and a continuous law, times √n; above 2.7 with probability 9e-7 under the law
/// (2 exp(-2 x²), an upper bound).
func kolmogorov(_ sample: [Double], _ cumulative: (Double) -> Double) -> Double {
    let sorted = sample.sorted()
    let n = Double(sorted.count)
    var distance = 0.0
    for (i, x) in sorted.enumerated() {
        let f = cumulative(x)
        distance = max(distance, f - Double(i) / n, Double(i + 1) / n - f)
    }
    return distance * n.squareRoot()
}

/// Mean and standard error of the mean.
func meanAndError(_ values: [Double]) -> (mean: Double, error: Double) {
    let n = Double(values.count)
    let mean = values.reduce(0, +) / n
    let squares = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
    return (mean, (squares / (n - 1) / n).squareRoot())
}
