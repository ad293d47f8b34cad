/// The energy Bayesian fraction of missing information of each chain: Σ (Eₜ − Eₜ₋₁)² / n over the variance of E.
///
/// A fresh momentum should move the energy about as far as the target spreads it; below 0.3 it does not, and the chain
/// crawls through the tails.
///
/// - Source: M. Betancourt, "Diagnosing suboptimal cotangent disintegrations in Hamiltonian Monte Carlo", 2016.
public enum EnergyDiagnostics {
    /// E-BFMI of each chain of `energies`, `[chains][draws]`; NaN for a chain whose energy never changes.
    ///
    /// - Throws: `InferenceError.empty`, `.wrongShape`, `.nonFinite` naming chain and draw.
    public static func missingInformation(_ energies: [[Double]]) throws(InferenceError) -> [Double] {
        let matrix = try ChainMatrix(energies)
        let n = Double(matrix.draws)
        return energies.map { chain in
            let mean = chain.reduce(0, +) / n
            let variance = chain.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / (n - 1)
            let moves = zip(chain, chain.dropFirst()).reduce(0) { $0 + ($1.1 - $1.0) * ($1.1 - $1.0) }
            return variance > 0 ? moves / (n - 1) / variance : .nan
        }
    }
}
