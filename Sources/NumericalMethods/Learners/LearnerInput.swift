/// The checks at the door that the learners share.
enum LearnerInput {
    /// Refuses an empty table, an infinite feature, and (unless allowed) weights that are not usable.
    static func check(_ features: Matrix, weights: [Double]? = nil) throws(LearnerError) {
        guard features.rows > 0 else { throw .noRows }
        guard features.columns > 0 else { throw .noFeatures }
        if let found = features.storage.firstIndex(where: { $0.isInfinite }) {
            throw .infiniteFeature(row: found / features.columns, column: found % features.columns)
        }
        guard let weights else { return }
        try check(count: weights.count, of: "the sample weights", expected: features.rows)
        if let found = weights.firstIndex(where: { !($0.isFinite && $0 >= 0) }) { throw .badWeight(row: found) }
        if weights.allSatisfy({ $0 == 0 }) { throw .badWeight(row: nil) }
    }

    /// Refuses a count that differs from the one expected.
    static func check(count: Int, of what: String, expected: Int) throws(LearnerError) {
        guard count == expected else { throw .mismatchedShapes(what: what, expected: expected, found: count) }
    }

    /// Refuses targets that are not finite; `columns` says how many belong to one row.
    static func checkFinite(targets: [Double], columns: Int = 1) throws(LearnerError) {
        if let found = targets.firstIndex(where: { !$0.isFinite }) {
            throw .nonFiniteTarget(row: found / columns, column: found % columns)
        }
    }

    /// The weighted mean of each target, `[rows, targets]`, over the rows that have it (NaN: missing).
    ///
    /// Refuses infinite targets, and a target that no row of positive weight has.
    static func means(ofTargets targets: Matrix, weights: [Double]? = nil) throws(LearnerError) -> [Double] {
        var sums = [Double](repeating: 0, count: targets.columns)
        var masses = sums
        for row in 0..<targets.rows {
            let weight = weights?[row] ?? 1
            for column in 0..<targets.columns {
                let target = targets[row, column]
                if target.isInfinite { throw .nonFiniteTarget(row: row, column: column) }
                if target.isNaN { continue }
                sums[column] += weight * target
                masses[column] += weight
            }
        }
        if let empty = masses.firstIndex(of: 0) { throw .nonFiniteTarget(row: 0, column: empty) }
        return zip(sums, masses).map { $0 / $1 }
    }

    /// Refuses class indices outside 0..<classCount and classes without weight.
    static func check(classes: [Int], classCount: Int, weights: [Double]?) throws(LearnerError) {
        guard classCount >= 2 else { throw .oneClass }
        var present = [Bool](repeating: false, count: classCount)
        for (row, value) in classes.enumerated() {
            guard 0..<classCount ~= value else {
                throw .targetOutOfRange(row: row, value: Double(value), expected: "a class from 0 to \(classCount - 1)")
            }
            if (weights?[row] ?? 1) > 0 { present[value] = true }
        }
        if present.count(where: { $0 }) < 2 { throw .oneClass }
        if let empty = present.firstIndex(of: false) { throw .emptyClass(empty) }
    }

    /// Refuses a setting that does not hold to its range.
    static func check(_ holds: Bool, _ name: String, _ value: Double, _ expected: String) throws(LearnerError) {
        guard holds else { throw .badSetting(name: name, value: value, expected: expected) }
    }
}
