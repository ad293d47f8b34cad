/// How an Ito chain's parts scale with its step η, and the rate at which its law is proven to near that of its diffusion.
///
/// - Source: Ustimenko and Beznosikov, 2024, Ito diffusion approximation of universal Ito chains, arXiv 2310.06081, main
///   theorem.
public struct ItoOrders: Sendable, Hashable {
    /// α: the error of the drift is O(η^α); infinite where there is none.
    public var driftError: Double
    /// β: the squared error of the dispersion is O(η^β), at most 1 counts.
    public var dispersionError: Double
    /// γ: the noise of a step is of size η^((1 + γ)/2); 0 for Langevin methods, 1 for stochastic gradient descent.
    public var noise: Double
    /// Whether the noise is Gaussian given the state.
    public var isGaussian: Bool

    /// These orders.
    public init(driftError: Double = .infinity, dispersionError: Double = 1, noise: Double, isGaussian: Bool) {
        self.driftError = driftError
        self.dispersionError = dispersionError
        self.noise = noise
        self.isGaussian = isGaussian
    }

    /// θ = min(α, ((γ + 1)(1 + χ) + (γ + β)(1 − χ)) / 4), with χ = 1 for Gaussian noise, else 0.
    public var theta: Double {
        let chance = isGaussian ? 2 * (noise + 1) : noise + 1 + noise + min(dispersionError, 1)
        return min(driftError, chance / 4)
    }

    /// The exponent of η in the bound on W₂ at a fixed time: min(θ, θ/2 + γ/4).
    public var provenExponent: Double { min(theta, theta / 2 + noise / 4) }
}
