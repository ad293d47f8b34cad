import Foundation
import NumericalMethods

/// A matrix of irregular numbers between -1 and 1, the same for the same `seed`.
func irregular(_ rows: Int, _ columns: Int, seed: Int = 1) -> Matrix {
    Matrix(rows: rows, columns: columns, storage: (0..<rows * columns).map { sin(Double(($0 + 1) * ($0 + 7 * seed))) })
}

/// The product by three loops: what every product is compared with.
func naiveProduct(_ a: Matrix, _ b: Matrix) -> Matrix {
    var c = Matrix(rows: a.rows, columns: b.columns)
    for i in 0..<a.rows { for j in 0..<b.columns { for k in 0..<a.columns { c[i, j] += a[i, k] * b[k, j] } } }
    return c
}

func naiveTranspose(_ a: Matrix) -> Matrix {
    var t = Matrix(rows: a.columns, columns: a.rows)
    for i in 0..<a.rows { for j in 0..<a.columns { t[j, i] = a[i, j] } }
    return t
}

/// The largest difference of two elements; infinite if the shapes differ or a NaN is found.
func distance(_ a: Matrix, _ b: Matrix) -> Double {
    a.rows == b.rows && a.columns == b.columns ? distance(a.storage, b.storage) : .infinity
}

func distance(_ a: [Double], _ b: [Double]) -> Double {
    guard a.count == b.count else { return .infinity }
    return zip(a, b).reduce(0) { $1.0 == $1.0 && $1.1 == $1.1 ? max($0, abs($1.0 - $1.1)) : .infinity }
}
