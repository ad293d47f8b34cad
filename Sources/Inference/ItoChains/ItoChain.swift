public import Probability

/// A Markov chain that looks like a discretised stochastic differential equation:
///
///     X_{k+1} = X_k + η (b(X_k) + δ_k) + η^((1+γ)/2) (σ(X_k) + Δ_k) ε_k(X_k)
///
/// with noise ε of mean 0 and covariance I that may depend on the state and need not be Gaussian, and errors δ, Δ of
/// drift and dispersion. At time k η its law is near that of dZ = b(Z) dt + η^(γ/2) σ(Z) dW. Langevin samplers,
/// stochastic gradient descent and boosting are of this form.
///
/// - Source: Ustimenko and Beznosikov, 2024, arXiv 2310.06081.
public protocol ItoChain: Sendable {
    /// b and σ.
    associatedtype Limit: Diffusion

    /// How the parts scale with η.
    var orders: ItoOrders { get }
    /// b and σ as a diffusion; its noise is still to be scaled by η^(γ/2).
    var limit: Limit { get }
    /// Numbers of scratch that a step takes.
    var workspaceCount: Int { get }

    /// Moves `state`, `[dimension]`, by one step of size `stepSize`.
    func step(
        _ state: UnsafeMutablePointer<Double>, stepSize: Double, work: UnsafeMutablePointer<Double>,
        using random: inout Random)
}
