/// Draws of several chains, with what each step told.
public struct ChainDraws: Sendable, Equatable {
    /// The number of chains.
    public let chains: Int
    /// Draws of each chain.
    public let draws: Int
    /// The number of coordinates.
    public let dimension: Int
    /// The positions, `[chains, draws, dimension]`.
    public let values: [Double]
    /// What the steps told, `[chains, draws]`.
    public let infos: [StepInfo]

    init(chains: Int, draws: Int, dimension: Int, values: [Double], infos: [StepInfo]) {
        self.chains = chains
        self.draws = draws
        self.dimension = dimension
        self.values = values
        self.infos = infos
    }

    /// Draw `draw` of chain `chain`, `[dimension]`.
    public subscript(chain: Int, draw: Int) -> ArraySlice<Double> {
        let start = (chain * draws + draw) * dimension
        return values[start..<start + dimension]
    }

    /// Coordinate `index` of all chains, `[chains][draws]`.
    public func coordinate(_ index: Int) -> [[Double]] {
        precondition(index >= 0 && index < dimension, "the draws have \(dimension) coordinates")
        return (0..<chains).map { chain in
            (0..<draws).map { values[(chain * draws + $0) * dimension + index] }
        }
    }

    /// A number computed from each draw, `[chains][draws]`.
    public func map(_ transform: (ArraySlice<Double>) -> Double) -> [[Double]] {
        (0..<chains).map { chain in (0..<draws).map { transform(self[chain, $0]) } }
    }

    /// The energies, `[chains][draws]`.
    public var energies: [[Double]] {
        (0..<chains).map { chain in infos[chain * draws..<(chain + 1) * draws].map(\.energy) }
    }

    /// The mean acceptance of all steps.
    public var meanAcceptance: Double {
        infos.isEmpty ? 0 : infos.reduce(0) { $0 + $1.acceptance } / Double(infos.count)
    }

    /// How often the density was asked.
    public var evaluations: Int { infos.reduce(0) { $0 + $1.evaluations } }

    /// Where trajectories diverged.
    public var divergences: [Divergence] {
        infos.indices.filter { infos[$0].isDivergent }.map { index in
            let (chain, draw) = index.quotientAndRemainder(dividingBy: draws)
            return Divergence(chain: chain, draw: draw, position: Array(self[chain, draw]))
        }
    }
}

/// A draw whose trajectory diverged: near it lies a region that the sampler can't follow, so that means may be biased.
///
/// A smaller step size (a higher target acceptance) or a parameterisation without the funnel helps.
public struct Divergence: Sendable, Equatable, CustomStringConvertible {
    /// The chain.
    public var chain: Int
    /// The draw.
    public var draw: Int
    /// Where the chain stayed or moved to in that step, `[dimension]`.
    public var position: [Double]

    /// A sentence for people.
    public var description: String {
        "Chain \(chain) diverged at draw \(draw). Raise the target acceptance, or change the parameters so that no part is much narrower than the rest."
    }
}
