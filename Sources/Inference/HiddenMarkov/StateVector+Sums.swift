extension SIMD8<Double> {
    /// The sum of all lanes, by halves.
    @inline(__always)
    var laneSum: Double {
        let four = lowHalf + highHalf
        let two = four.lowHalf + four.highHalf
        return two.x + two.y
    }

    /// The largest lane; lanes must not be NaN.
    @inline(__always)
    var laneMaximum: Double {
        let four = lowHalf.replacing(with: highHalf, where: highHalf .> lowHalf)
        let two = four.lowHalf.replacing(with: four.highHalf, where: four.highHalf .> four.lowHalf)
        return two.y > two.x ? two.y : two.x
    }

    /// Packs one number for each state; lanes past the last hold `padding`.
    static func packed(_ values: some Sequence<Double>, vectors: Int, padding: Double = 0) -> [SIMD8<Double>] {
        var result = [SIMD8<Double>](repeating: SIMD8(repeating: padding), count: vectors)
        for (state, value) in values.enumerated() { result[state / 8][state % 8] = value }
        return result
    }
}

extension Array where Element == SIMD8<Double> {
    /// The lane of `state` in row `row` of `[rows, vectors]`.
    func lane(_ state: Int, row: Int, vectors: Int) -> Double { self[row * vectors + state / 8][state % 8] }
}
