import Foundation
import NumericalMethods
import Probability
import Testing

@testable import Inference

@Suite struct `the logistic posterior` {
    private func posterior(rows: Int) throws -> (LogisticPosterior, Matrix, [Double]) {
        var random = Random(seed: 9)
        let x = Matrix(rows: rows, columns: 5, storage: (0..<rows * 5).map { _ in random.normal() })
        let y = (0..<rows).map { _ in random.uniform() < 0.4 ? 1.0 : 0 }
        return (try LogisticPosterior(features: x, outcomes: y, priorScale: 2), x, y)
    }

    @Test(arguments: [1, 127, 128, 300]) func `equals the plain sum, whatever the block`(rows: Int) throws {
        let (posterior, x, y) = try posterior(rows: rows)
        let b = [0.3, -1, 2, 0.1, -0.4]
        let (value, gradient) = try posterior.valueAndGradient(at: b)
        var expected = -0.5 * b.reduce(0) { $0 + $1 * $1 } / 4
        var slope = b.map { -$0 / 4 }
        for row in 0..<rows {
            let margin = zip(x.row(row), b).reduce(0) { $0 + $1.0 * $1.1 }
            expected += y[row] * margin - softplus(margin)
            for i in 0..<5 { slope[i] += (y[row] - sigmoid(margin)) * x[row, i] }
        }
        #expect(abs(value - expected) < 1e-10 * abs(expected))
        for i in 0..<5 { #expect(abs(gradient[i] - slope[i]) < 1e-10 * Double(rows)) }
        // All items once make the whole gradient.
        var sum = [Double](repeating: 0, count: 5)
        var span = sum.mutableSpan
        let items = Array(0..<rows)
        posterior.addGradient(ofItems: items.span, itemScale: 1, priorScale: 1, at: b.span, to: &span)
        for i in 0..<5 { #expect(abs(sum[i] - slope[i]) < 1e-10 * Double(rows)) }
    }

    @Test func `stays finite far out`() throws {
        let (posterior, _, _) = try posterior(rows: 50)
        let (value, gradient) = try posterior.valueAndGradient(at: [1000, -1000, 1000, 0, 0])
        #expect(value.isFinite && value < -1000 && gradient.allSatisfy(\.isFinite))
    }

    @Test func `refuses data that don't fit, naming the place`() {
        #expect(throws: InferenceError.empty(what: "the features")) {
            try LogisticPosterior(features: Matrix(rows: 0, columns: 2), outcomes: [], priorScale: 1)
        }
        #expect(throws: InferenceError.wrongShape(what: "the outcomes", found: "[1]", expected: "[2], one a row")) {
            try LogisticPosterior(features: Matrix(rows: 2, columns: 2), outcomes: [1], priorScale: 1)
        }
        #expect(
            throws: InferenceError.improperParameter(name: "the outcome of row 1", value: "0.5", expected: "0 or 1")
        ) {
            try LogisticPosterior(features: Matrix(rows: 2, columns: 1), outcomes: [1, 0.5], priorScale: 1)
        }
        #expect(
            throws: InferenceError.nonFinite(what: "a feature", place: "row 1, column 0", value: .infinity)
        ) { try LogisticPosterior(features: Matrix(rows: [[1], [.infinity]]), outcomes: [1, 0], priorScale: 1) }
        #expect(throws: InferenceError.self) {
            try LogisticPosterior(features: Matrix(rows: 1, columns: 1), outcomes: [1], priorScale: 0)
        }
    }
}
