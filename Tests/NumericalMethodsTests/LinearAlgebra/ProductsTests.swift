import Foundation
import NumericalMethods
import Testing

@Suite(.serialized) struct `matrix products` {
    @Test(arguments: [(1, 1, 1), (3, 4, 5), (7, 1, 9), (65, 33, 40), (300, 150, 120), (0, 3, 2), (3, 0, 2)])
    func `agree with three loops, transposed or not`(shape: (Int, Int, Int)) {
        let (rows, inner, columns) = shape
        let a = irregular(rows, inner)
        let b = irregular(inner, columns, seed: 2)
        let expected = naiveProduct(a, b)
        #expect(distance(a * b, expected) < 1e-12)
        #expect(distance(naiveTranspose(a).multiplied(by: b, transposingSelf: true), expected) < 1e-12)
        #expect(distance(a.multiplied(by: naiveTranspose(b), transposingOther: true), expected) < 1e-12)
        #expect(
            distance(
                naiveTranspose(a).multiplied(by: naiveTranspose(b), transposingSelf: true, transposingOther: true),
                expected) < 1e-12)
        #expect(a.transposed == naiveTranspose(a))
    }

    @Test func `with vectors agree with loops`() {
        let a = irregular(23, 17)
        let x = irregular(17, 1, seed: 3)
        let y = irregular(23, 1, seed: 4)
        #expect(distance(a * x.storage, naiveProduct(a, x).storage) < 1e-13)
        #expect(
            distance(a.multiplied(by: y.storage, transposingSelf: true), naiveProduct(naiveTranspose(a), y).storage)
                < 1e-13)
    }

    @Test func `in single precision agree with double`() {
        let a = irregular(40, 30)
        let b = irregular(30, 20, seed: 2)
        let af = a.storage.map(Float.init)
        let bf = b.storage.map(Float.init)
        var c = [Float](repeating: 1, count: 800)
        var span = c.mutableSpan
        BLAS.gemm(rows: 40, columns: 20, inner: 30, alpha: 2, af.span, bf.span, beta: 3, into: &span)
        #expect(distance(c.map(Double.init), (a * b).storage.map { 2 * $0 + 3 }) < 1e-4)
    }

    @Test func `give the same bits on any number of threads`() {
        let before = Parallel.threads
        defer { Parallel.threads = before }
        let a = irregular(700, 90)
        let b = irregular(90, 110, seed: 2)
        let weights = (0..<700).map { 1 + 0.5 * cos(Double($0)) }
        let results = [1, 2, 7].map { threads in
            Parallel.threads = threads
            return [a * b, a.gram(), a.gram(weights: weights)]
        }
        #expect(results[0] == results[1] && results[0] == results[2])
    }

    @Test func `of columns with weights agree with loops`() {
        for (rows, columns) in [(1, 1), (5, 3), (2_000, 7), (700, 40)] {
            let x = irregular(rows, columns)
            let weights = (0..<rows).map { 1 + sin(Double($0)) }
            var weighted = x
            for i in 0..<rows { for j in 0..<columns { weighted[i, j] *= weights[i] } }
            let y = irregular(rows, 1, seed: 5)
            #expect(distance(x.gram(weights: weights), naiveProduct(naiveTranspose(x), weighted)) < 1e-11)
            #expect(distance(x.gram(), naiveProduct(naiveTranspose(x), x)) < 1e-11)
            #expect(
                distance(
                    x.moments(with: y.storage, weights: weights), naiveProduct(naiveTranspose(weighted), y).storage)
                    < 1e-11)
        }
        #expect(Matrix(rows: 0, columns: 3).gram() == Matrix(rows: 3, columns: 3))
    }

    @Test func `with empty inner dimension are zero`() {
        #expect(Matrix(rows: 2, columns: 0) * Matrix(rows: 0, columns: 3) == Matrix(rows: 2, columns: 3))
        #expect(Matrix(rows: 2, columns: 0) * [] == [0, 0])
    }
}
