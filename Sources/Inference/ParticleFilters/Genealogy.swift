internal import Foundation

/// The lines of descent of a cloud, followed over a number of resamplings: what one run needs to know the variance of its
/// own log-evidence.
///
/// With the roots i of the particles at some time, and S_i the share of weight that descends from root i, the relative
/// variance gathered since then is estimated by 1 - (N / (N - 1))^k (1 - Σ S_i²) for k rounds of drawing. Followed back to
/// the start, this is unbiased up to the square of the evidence, but over long runs all particles descend from one and
/// it fails; so the share of each resampling is read off after `lag` further ones, as the difference between roots just
/// before it and just after it, which loses what reaches further. A lag of 5 to 20 is usual.
///
/// Exact for multinomial resampling; the other schemes vary less than this says.
///
/// - Source: H. P. Chan, T. L. Lai, 2013; A. Lee, N. Whiteley, "Variance estimation in the particle filter", 2018; the lag
///   follows J. Olsson, R. Douc, "Numerically stable online estimation of variance in particle filters", 2019.
public struct Genealogy: Sendable {
    /// Resamplings that a line is followed for.
    public let lag: Int
    /// Roots of every particle at each followed time, oldest first, and how many rounds of drawing lie in between.
    private var roots: [[Int32]]
    private var rounds: [Int]
    private var settled = 0.0
    private let count: Int

    init(count: Int, lag: Int) {
        self.count = count
        self.lag = lag
        roots = [(0..<count).map { Int32($0) }]
        rounds = [1]
    }

    /// Settles the oldest share while the weights are still those that lead to the resampling.
    mutating func beforeResampling(weights: [Double]) {
        guard roots.count > lag else { return }
        settled += variance(0, weights) - variance(1, weights)
        roots.removeFirst()
        rounds.removeFirst()
    }

    mutating func afterResampling(ancestors: [Int32]) {
        for time in roots.indices {
            let old = roots[time]
            roots[time].withUnsafeMutableBufferPointer { new in
                for index in new.indices { new[index] = old[Int(ancestors[index])] }
            }
            rounds[time] += 1
        }
        roots.append((0..<count).map { Int32($0) })
        rounds.append(1)
    }

    /// Relative variance gathered since followed time `time`.
    private func variance(_ time: Int, _ weights: [Double]) -> Double {
        var shares = [Double](repeating: 0, count: count)
        for (index, root) in roots[time].enumerated() { shares[Int(root)] += weights[index] }
        var squares = 0.0
        for share in shares { squares += share * share }
        let n = Double(count)
        return 1 - pow(n / (n - 1), Double(rounds[time])) * (1 - squares)
    }

    /// The estimate for a cloud with these weights.
    func logEvidenceVariance(weights: [Double]) -> Double { settled + variance(0, weights) }

    /// How many different particles of the oldest followed time still have descendants.
    public var survivingRoots: Int { Set(roots[0]).count }
}

extension ParticleCloud {
    /// An estimate of the variance of ``logEvidence`` over runs like this one; nil unless the filter keeps a genealogy.
    /// A small estimate can come out negative.
    public var logEvidenceVariance: Double? { genealogy?.logEvidenceVariance(weights: weights) }
}
