public import Cascades
public import NumericalMethods
import Probability

/// How wrong the estimates of all stages are together, once a set of stages has answered.
///
///     covariance_ij(A) = r_ij(A) s_i(A) s_j(A)
///
/// The standard deviation s_i depends on whether i is in A and on how many stages are; the correlation r_ij on which of
/// i and j are. Both come from out-of-fold errors, so that a few numbers serve all 2^stages sets.
/// Correlations are shrunk toward 0 by how uncertain they are.
///
/// - Source of the shrinkage: Schäfer and Strimmer 2005, "A Shrinkage Approach to Large-Scale Covariance Matrix
///   Estimation", target D.
public struct ErrorCovariance: Codable, Sendable, Hashable {
    /// How many stages there are.
    public let stages: Int
    /// Standard deviations by whether the stage has answered, how many have, and stage, `[2, stages + 1, stages]`.
    let deviations: [Double]
    /// Correlations by which of the two have answered, `[4, stages, stages]`: the first one counts 1, the second 2.
    let correlations: [Double]

    /// Learns from the out-of-fold errors of `fit` on the log it was fitted to.
    ///
    /// The errors are looked at for all sets of stages where there are few, else for prefixes in order of cost and sets
    /// drawn at random. Pairs of cells that are missing are left out.
    public init(_ fit: CrossFit, on log: CostedLog, sets: [StageSet]? = nil) {
        let stages = log.stageCount
        let sets = sets ?? Self.sets(order: log.stagesByCost)
        var squares = [Double](repeating: 0, count: 2 * (stages + 1) * stages)
        var counts = squares
        var products = [Double](repeating: 0, count: 4 * stages * stages)
        var lefts = products
        var rights = products
        var pairs = products
        var errors = [Double](repeating: .nan, count: stages)
        for set in sets {
            let estimates = fit.estimates(for: log, answered: set)
            for item in 0..<log.count where set.allSatisfy({ log.log.isPresent(item: item, stage: $0) }) {
                for stage in 0..<stages {
                    errors[stage] = log.log.quality(item: item, stage: stage) - estimates[item, stage]
                }
                for i in 0..<stages where !errors[i].isNaN {
                    let cell = ((set.contains(i) ? 1 : 0) * (stages + 1) + set.count) * stages + i
                    squares[cell] += errors[i] * errors[i]
                    counts[cell] += 1
                    for j in 0..<stages where j != i && !errors[j].isNaN {
                        let pair = (((set.contains(i) ? 1 : 0) + (set.contains(j) ? 2 : 0)) * stages + i) * stages + j
                        products[pair] += errors[i] * errors[j]
                        lefts[pair] += errors[i] * errors[i]
                        rights[pair] += errors[j] * errors[j]
                        pairs[pair] += 1
                    }
                }
            }
        }
        self.stages = stages
        var deviations = squares
        for answered in 0...1 {
            for stage in 0..<stages {
                let cells = (0...stages).map { (answered * (stages + 1) + $0) * stages + stage }
                // A count of answers that never came up has the pooled deviation.
                let count = cells.reduce(0) { $0 + counts[$1] }
                let pooled = count > 0 ? cells.reduce(0) { $0 + squares[$1] } / count : 0
                for cell in cells {
                    deviations[cell] = (counts[cell] > 1 ? squares[cell] / counts[cell] : pooled).squareRoot()
                }
            }
        }
        self.deviations = deviations
        var correlations = products
        // The same items come back in every set, so that only they count as independent.
        let items = Double(max(2, log.count))
        for answered in 0..<4 {
            let range = answered * stages * stages..<(answered + 1) * stages * stages
            var (variance, square) = (0.0, 0.0)
            for pair in range {
                let scale = (lefts[pair] * rights[pair]).squareRoot()
                correlations[pair] = pairs[pair] > 1 && scale > 0 ? products[pair] / scale : 0
                let rest = 1 - correlations[pair] * correlations[pair]
                if pairs[pair] > 1 { variance += rest * rest / (items - 1) }
                square += correlations[pair] * correlations[pair]
            }
            let kept = square > 0 ? max(0, 1 - variance / square) : 0
            for pair in range { correlations[pair] *= kept }
        }
        self.correlations = correlations
    }

    /// All sets of up to four stages' worth, else prefixes in order of cost and 16 at random from a fixed seed.
    static func sets(order: [Int]) -> [StageSet] {
        let stages = order.count
        if stages <= 4 { return (0..<UInt64(1) << UInt64(stages)).map { StageSet(bits: $0) } }
        var sets = (0...stages).map { StageSet(order.prefix($0)) }
        var random = Random(seed: 1)
        while sets.count < stages + 17 {
            let set = StageSet((0..<stages).filter { _ in random.uniform() < 0.5 })
            if !sets.contains(set) { sets.append(set) }
        }
        return sets
    }

    /// The covariance of the errors once the stages of `answered` have answered, `[stages, stages]`: positive
    /// semidefinite, with the learned variances on its diagonal.
    ///
    /// Correlations that were estimated pair by pair may contradict each other; they are then taken back together in
    /// steps of a tenth until they don't.
    public func matrix(for answered: StageSet) -> Matrix {
        func mark(_ stage: Int) -> Int { answered.contains(stage) ? 1 : 0 }
        let size = min(answered.count, stages)
        let own = (0..<stages).map { deviations[(mark($0) * (stages + 1) + size) * stages + $0] }
        var correlation = Matrix(rows: stages, columns: stages)
        for tenths in (0...10).reversed() {
            for i in 0..<stages {
                correlation[i, i] = 1
                for j in 0..<i {
                    let value = correlations[((mark(i) + 2 * mark(j)) * stages + i) * stages + j] * Double(tenths) / 10
                    correlation[i, j] = value
                    correlation[j, i] = value
                }
            }
            if (try? Cholesky(correlation)) != nil { break }
        }
        for i in 0..<stages {
            for j in 0..<stages { correlation[i, j] *= own[i] * own[j] }
        }
        return correlation
    }
}
