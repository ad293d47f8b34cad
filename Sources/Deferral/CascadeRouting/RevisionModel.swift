import Cascades
import Foundation
import NumericalMethods

/// How far the estimate of each stage's quality still moves when that stage answers: a normal law with one shared factor.
///
///     revision_k = loading_k f + own_k e_k,        f, e_k ~ N(0, 1) independent
///
/// Fitted to out-of-fold estimates: the estimate of stage k once k has answered less the estimate before anything has.
/// Stages give away the same difficulty of an item, so revisions go together; one factor holds most of that.
public struct RevisionModel: Sendable, Hashable, Codable {
    /// Standard deviation of each stage's own part, `[stages]`.
    public let own: [Double]
    /// Loading on the shared factor, `[stages]`.
    public let loadings: [Double]

    /// A model.
    public init(own: [Double], loadings: [Double]) {
        self.own = own
        self.loadings = loadings
    }

    /// The standard deviation of stage `stage`'s revision.
    public func deviation(of stage: Int) -> Double {
        (own[stage] * own[stage] + loadings[stage] * loadings[stage]).squareRoot()
    }

    /// The same with all revisions `factor` times as large.
    func scaled(by factor: Double) -> RevisionModel {
        RevisionModel(own: own.map { factor * $0 }, loadings: loadings.map { factor * $0 })
    }

    /// Fits one factor to `revisions`, `[items, stages]`, by iterated principal factors on their second moments.
    init(revisions: Matrix) {
        let stages = revisions.columns
        var moments = Matrix(rows: stages, columns: stages)
        for item in 0..<revisions.rows {
            for a in 0..<stages {
                for b in 0...a { moments[a, b] += revisions[item, a] * revisions[item, b] }
            }
        }
        for a in 0..<stages {
            for b in 0...a {
                moments[a, b] /= Double(max(revisions.rows, 1))
                moments[b, a] = moments[a, b]
            }
        }
        self.init(moments: moments)
    }

    /// The one-factor model nearest to the second moments `moments`, `[stages, stages]`.
    init(moments: Matrix) {
        let stages = moments.rows
        var loadings = [Double](repeating: 0, count: stages)
        var communality = (0..<stages).map { 0.5 * moments[$0, $0] }
        if stages > 1 {
            for _ in 0..<50 {
                // The leading eigenvector of the moments with communalities on the diagonal, by power iteration.
                var vector = (0..<stages).map { max(communality[$0], 1e-300).squareRoot() + 1e-12 }
                var value = 0.0
                for _ in 0..<30 {
                    var next = [Double](repeating: 0, count: stages)
                    for a in 0..<stages {
                        for b in 0..<stages { next[a] += (a == b ? communality[a] : moments[a, b]) * vector[b] }
                    }
                    value = next.reduce(0) { $0 + $1 * $1 }.squareRoot()
                    if value == 0 { break }
                    vector = next.map { $0 / value }
                }
                guard value > 0 else { break }
                for stage in 0..<stages {
                    let bound = moments[stage, stage].squareRoot()
                    loadings[stage] = min(max(value.squareRoot() * vector[stage], -bound), bound)
                    communality[stage] = loadings[stage] * loadings[stage]
                }
            }
        }
        own = (0..<stages).map { max(0, moments[$0, $0] - loadings[$0] * loadings[$0]).squareRoot() }
        self.loadings = loadings
    }

    /// The arrays as the search wants them; loadings are nil where there is no shared factor.
    func withPointers<Result>(_ body: (UnsafePointer<Double>, UnsafePointer<Double>?) -> Result) -> Result {
        own.withUnsafeBufferPointer { own in
            loadings.withUnsafeBufferPointer { loadings in
                body(own.baseAddress!, loadings.contains { $0 != 0 } ? loadings.baseAddress : nil)
            }
        }
    }
}
