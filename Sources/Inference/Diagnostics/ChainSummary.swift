internal import Foundation
internal import NumericalMethods

/// What a set of chains says of one number, and whether to believe it.
public struct ParameterSummary: Sendable, Equatable {
    /// The mean.
    public let mean: Double
    /// The standard deviation.
    public let standardDeviation: Double
    /// The 5 %, 50 % and 95 % quantiles.
    public let quantiles: [Double]
    /// The standard error of the mean.
    public let standardError: Double
    /// Effective sample sizes.
    public let bulkSampleSize: Double
    public let tailSampleSize: Double
    /// R̂; NaN for chains that never move.
    public let scaleReduction: Double

    /// A summary of `chains`, `[chains][draws]`.
    ///
    /// - Throws: `InferenceError.empty`, `.wrongShape`, `.nonFinite` naming chain and draw.
    public init(_ chains: [[Double]]) throws(InferenceError) {
        let matrix = try ChainMatrix(chains)
        let moments = matrix.moments
        let size = EffectiveSampleSize(matrix)
        mean = moments.mean
        standardDeviation = moments.standardDeviation
        quantiles = [0.05, 0.5, 0.95].map { matrix.quantile($0) }
        standardError = matrix.isConstant ? 0 : moments.standardDeviation / size.mean.squareRoot()
        bulkSampleSize = size.bulk
        tailSampleSize = size.tail
        scaleReduction = PotentialScaleReduction(split: matrix.split()).value
    }
}

/// The summaries of all coordinates, with what to warn of.
public struct ChainSummary: Sendable, Equatable {
    /// One a coordinate.
    public let parameters: [ParameterSummary]
    /// Trajectories that diverged.
    public let divergences: Int
    /// The least E-BFMI of the chains; nil where the kernel tells no energy.
    public let missingInformation: Double?

    /// The summary of `draws`, coordinates side by side on all cores.
    ///
    /// - Throws: `InferenceError.wrongShape` for under 4 draws, `.nonFinite`.
    public init(_ draws: ChainDraws) throws(InferenceError) {
        parameters = try Parallel.map(count: draws.dimension) { index throws(InferenceError) in
            try ParameterSummary(draws.coordinate(index))
        }
        divergences = draws.infos.count { $0.isDivergent }
        let fractions =
            draws.infos.allSatisfy(\.energy.isFinite)
            ? try EnergyDiagnostics.missingInformation(draws.energies).filter { !$0.isNaN } : []
        missingInformation = fractions.min()
    }

    /// The largest R̂; NaN if any coordinate never moves.
    public var worstScaleReduction: Double {
        parameters.reduce(1) { $1.scaleReduction.isNaN || $0.isNaN ? .nan : max($0, $1.scaleReduction) }
    }

    /// The least bulk effective sample size.
    public var leastBulkSampleSize: Double { parameters.map(\.bulkSampleSize).min() ?? 0 }

    /// The least tail effective sample size.
    public var leastTailSampleSize: Double { parameters.map(\.tailSampleSize).min() ?? 0 }

    /// What speaks against trusting the draws, a sentence each; empty where nothing does.
    public var warnings: [String] {
        var found: [String] = []
        if let index = parameters.firstIndex(where: { !($0.scaleReduction <= 1.01) }) {
            found.append(
                "Coordinate \(index) has an R-hat of \(parameters[index].scaleReduction), above 1.01: the chains have not met. Run them longer."
            )
        }
        let least = min(leastBulkSampleSize, leastTailSampleSize)
        if least < 400 {
            found.append("The least effective sample size is \(Int(least)), below 400. Draw more.")
        }
        if divergences > 0 {
            found.append(
                "\(divergences) trajectories diverged: a region is too narrow for the step size. Raise the target acceptance or change the parameters."
            )
        }
        if let missingInformation, missingInformation < 0.3 {
            found.append(
                "E-BFMI is \(missingInformation), below 0.3: momenta move the energy too little. Change the parameters."
            )
        }
        return found
    }
}
