import Foundation
import NumericalMethods

/// A table by formula, the same here and in the script that gave the peers' numbers:
/// x[i, j] = (j + 1) sin(1.3 i + 2.1 j + 0.7 i j).
func waveTable(rows: Int, columns: Int) -> Matrix {
    var table = Matrix(rows: rows, columns: columns)
    for i in 0..<rows {
        for j in 0..<columns {
            table[i, j] = Double(j + 1) * sin(1.3 * Double(i) + 2.1 * Double(j) + 0.7 * Double(i * j))
        }
    }
    return table
}

/// Weights by formula: 1 + cos(i) / 2.
func waveWeights(_ rows: Int) -> [Double] { (0..<rows).map { 1 + 0.5 * cos(Double($0)) } }

/// The largest absolute difference of two lists of one length.
func largestDifference(_ a: [Double], _ b: [Double]) -> Double {
    guard a.count == b.count else { return .infinity }
    return zip(a, b).reduce(0) { $1.0.isNaN || $1.1.isNaN ? .infinity : max($0, abs($1.0 - $1.1)) }
}

/// One row of a table, as the models read it.
func withRow<Result>(_ table: Matrix, _ row: Int, _ body: (UnsafeBufferPointer<Double>) -> Result) -> Result {
    table.storage.withUnsafeBufferPointer {
        body(UnsafeBufferPointer(rebasing: $0[row * table.columns..<(row + 1) * table.columns]))
    }
}

/// A small generator for tests, apart from the learners' own (Marsaglia, 2003, xorshift).
struct TestRandom {
    var state: UInt64
    init(_ seed: UInt64) { state = seed &* 0x9E37_79B9_7F4A_7C15 | 1 }
    mutating func uniform() -> Double {
        state ^= state << 13
        state ^= state >> 7
        state ^= state << 17
        return Double(state >> 11) * 0x1p-53
    }
    mutating func normal() -> Double { sqrt(-2 * log(1 - uniform())) * cos(2 * .pi * uniform()) }
    mutating func normalTable(rows: Int, columns: Int) -> Matrix {
        Matrix(rows: rows, columns: columns, storage: (0..<rows * columns).map { _ in normal() })
    }
}

/// What an expression threw, as a `LearnerError`.
func learnerError(_ body: () throws -> Void) -> LearnerError? {
    do { try body() } catch { return error as? LearnerError }
    return nil
}

/// What a model is after it was stored as JSON and read back.
func stored<Value: Codable>(_ value: Value) throws -> Value {
    try JSONDecoder().decode(Value.self, from: JSONEncoder().encode(value))
}

/// The seconds that an expression takes.
func seconds(_ body: () throws -> Void) rethrows -> Double {
    let start = ContinuousClock.now
    try body()
    let elapsed = ContinuousClock.now - start
    return Double(elapsed.components.seconds) + Double(elapsed.components.attoseconds) * 1e-18
}
