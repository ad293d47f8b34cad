internal import Foundation
internal import Probability

/// Distributions given as rows of numbers.
enum ProbabilityRow {
    /// The row, made to sum to 1 to the last digits.
    ///
    /// - Throws: ``InferenceError`` naming `name` unless all are at least 0 and sum to 1 within 1e-8.
    static func normalised(_ row: [Double], name: String) throws(InferenceError) -> [Double] {
        for (index, value) in row.enumerated() {
            guard value.isFinite else { throw .nonFinite(what: name, place: "element \(index)", value: value) }
            guard value >= 0 else {
                throw .improperParameter(name: "\(name), element \(index)", value: "\(value)", expected: "at least 0")
            }
        }
        let total = row.reduce(0, +)
        guard abs(total - 1) <= 1e-8 else {
            throw .improperParameter(
                name: name, value: "a row of sum \(total)", expected: "probabilities that sum to 1")
        }
        return row.map { $0 / total }
    }

    /// An index, with the probabilities `values[start ..< start + count]`, by inversion from one uniform number.
    static func draw(_ values: [Double], _ start: Int, _ count: Int, using random: inout Random) -> Int {
        var target = random.uniform()
        var last = 0
        for index in 0..<count where values[start + index] > 0 {
            target -= values[start + index]
            last = index
            if target < 0 { break }
        }
        return last
    }
}
