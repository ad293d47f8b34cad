public import NumericalMethods

/// The posterior of a logistic regression's coefficients under independent normal priors of mean 0.
///
/// log p(b) = Σ (yᵢ xᵢᵀb − log(1 + exp(xᵢᵀb))) − ½ |b|² / s². One pass over the data gives value and gradient: rows are
/// taken in blocks that stay in the first cache between the product with the coefficients and the product with the
/// residuals.
public struct LogisticPosterior: MinibatchLogDensity {
    /// The number of coefficients.
    public let dimension: Int
    /// The number of rows.
    public let itemCount: Int
    /// s: the prior's standard deviation.
    public let priorScale: Double
    /// The features in blocks of rows, each block `[columns, rows of the block]`, so that columns are contiguous.
    @usableFromInline let blocks: [Double]
    /// The features row by row, `[rows, columns]`.
    private let rows: [Double]
    /// 0 or 1, `[rows]`.
    private let outcomes: [Double]
    /// Xᵀy: the part of the gradient that never changes, `[columns]`.
    private let score: [Double]

    /// Rows of a block: 25 columns of them fill half of a first cache.
    static let blockRows = 128

    /// The posterior given `features`, `[rows, columns]`, and `outcomes`, `[rows]`, each 0 or 1.
    ///
    /// A column of ones makes an intercept.
    /// - Throws: `InferenceError.empty`, `.wrongShape`, `.nonFinite`, `.improperParameter`.
    public init(features: Matrix, outcomes: [Double], priorScale: Double) throws(InferenceError) {
        guard features.rows >= 1, features.columns >= 1 else { throw .empty(what: "the features") }
        guard outcomes.count == features.rows else {
            throw .wrongShape(
                what: "the outcomes", found: "[\(outcomes.count)]", expected: "[\(features.rows)], one a row")
        }
        if let index = features.storage.firstIndex(where: { !$0.isFinite }) {
            throw .nonFinite(
                what: "a feature", place: "row \(index / features.columns), column \(index % features.columns)",
                value: features.storage[index])
        }
        if let row = outcomes.firstIndex(where: { $0 != 0 && $0 != 1 }) {
            throw .improperParameter(name: "the outcome of row \(row)", value: "\(outcomes[row])", expected: "0 or 1")
        }
        try KernelCheck.positive(priorScale, "priorScale")
        dimension = features.columns
        itemCount = features.rows
        self.priorScale = priorScale
        self.outcomes = outcomes
        rows = features.storage
        var blocks: [Double] = []
        blocks.reserveCapacity(features.storage.count)
        for start in stride(from: 0, to: features.rows, by: Self.blockRows) {
            for column in 0..<features.columns {
                for row in start..<min(start + Self.blockRows, features.rows) { blocks.append(features[row, column]) }
            }
        }
        self.blocks = blocks
        score = features.multiplied(by: outcomes, transposingSelf: true)
    }

    /// The log-density and its gradient.
    public func value(at position: Span<Double>, gradient: inout MutableSpan<Double>) -> Double {
        position.withUnsafeBufferPointer { b in
            gradient.withUnsafeMutableBufferPointer { g in
                withUnsafeTemporaryAllocation(of: Double.self, capacity: 3 * Self.blockRows) { scratch in
                    evaluate(b, g, scratch)
                }
            }
        }
    }

    private func evaluate(
        _ b: UnsafeBufferPointer<Double>, _ g: UnsafeMutableBufferPointer<Double>,
        _ scratch: UnsafeMutableBufferPointer<Double>
    ) -> Double {
        let precision = 1 / (priorScale * priorScale)
        var value = 0.0
        for i in 0..<dimension {
            value += score[i] * b[i] - 0.5 * precision * b[i] * b[i]
            g[i] = score[i] - precision * b[i]
        }
        let size = Self.blockRows
        blocks.withUnsafeBufferPointer { all in
            for start in stride(from: 0, to: itemCount, by: size) {
                let count = min(size, itemCount - start)
                let block = UnsafeBufferPointer(rebasing: all[start * dimension..<(start + count) * dimension])
                let margins = UnsafeMutableBufferPointer(rebasing: scratch[..<count])
                let softplus = UnsafeMutableBufferPointer(rebasing: scratch[size..<size + count])
                let chances = UnsafeMutableBufferPointer(rebasing: scratch[2 * size..<2 * size + count])
                BLAS.gemv(rows: dimension, columns: count, block, transposingA: true, b, into: margins)
                VectorFunctions.softplusAndSigmoid(UnsafeBufferPointer(margins), softplus: softplus, sigmoid: chances)
                var sum = SIMD4<Double>()
                var i = 0
                while i + 4 <= count {
                    sum += UnsafeRawPointer(softplus.baseAddress! + i).loadUnaligned(as: SIMD4<Double>.self)
                    i += 4
                }
                value -= sum.sum()
                while i < count {
                    value -= softplus[i]
                    i += 1
                }
                BLAS.gemv(
                    rows: dimension, columns: count, alpha: -1, block, UnsafeBufferPointer(chances), beta: 1, into: g)
            }
        }
        return value
    }

    /// Adds the gradient of a minibatch.
    public func addGradient(
        ofItems items: Span<Int>, itemScale: Double, priorScale share: Double, at position: Span<Double>,
        to gradient: inout MutableSpan<Double>
    ) {
        let precision = share / (priorScale * priorScale)
        for i in 0..<dimension { gradient[i] -= precision * position[i] }
        rows.withUnsafeBufferPointer { rows in
            for place in items.indices {
                let item = items[place]
                let row = rows.baseAddress! + item * dimension
                var margin = 0.0
                for i in 0..<dimension { margin += row[i] * position[i] }
                let residual = itemScale * (outcomes[item] - sigmoid(margin))
                for i in 0..<dimension { gradient[i] += residual * row[i] }
            }
        }
    }
}
