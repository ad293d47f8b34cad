import Cascades
import NumericalMethods
import Probability

/// What a regressor learns from: rows of features and rows of targets, with the fold each belongs to.
struct TrainingRows: Sendable {
    /// Numbers in a row of features.
    let width: Int
    /// Numbers in a row of targets.
    let outputs: Int
    /// Features, `[rows, width]`; `NaN` is missing.
    var features: [Double] = []
    /// Targets, `[rows, outputs]`; `NaN` is missing.
    var targets: [Double] = []
    /// The item that each row comes from. Rows of one item stay together in cross-validation.
    var items: [Int32] = []
    /// The fold of each row, below ``folds``.
    var fold: [Int32] = []
    /// How many folds there are.
    var folds = 5

    /// How many rows there are.
    var count: Int { items.count }

    /// The fold that settings are judged on: the lowest that has rows, since rows may have been filtered by fold.
    var heldFold: Int32 { fold.min() ?? 0 }

    /// The features as a matrix, `[rows, width]`.
    var featureMatrix: Matrix { Matrix(rows: count, columns: width, storage: features) }

    /// The targets as a matrix, `[rows, outputs]`.
    var targetMatrix: Matrix { Matrix(rows: count, columns: outputs, storage: targets) }

    /// At most `most` of `count` indices, taken evenly.
    static func thinned(_ count: Int, to most: Int) -> [Int] {
        let kept = min(count, most)
        return (0..<kept).map { $0 * count / kept }
    }

    /// The same rows, with targets of 0 where no row has one: nothing is known of a stage that never answered.
    func fillingUnseenTargets() -> TrainingRows {
        var result = self
        for output in 0..<outputs where (0..<count).allSatisfy({ targets[$0 * outputs + output].isNaN }) {
            for index in 0..<count { result.targets[index * outputs + output] = 0 }
        }
        return result
    }

    /// The rows of `log` for `answered`, with the targets that `target` gives for an item and a set.
    ///
    /// Folds are dealt out at random by item. Each item draws from its own stream.
    init(
        _ log: CostedLog, features map: FeatureMap, answered: AnsweredSets, outputs: Int, folds: Int = 5,
        using random: inout Random,
        target: (_ item: Int, _ set: StageSet, _ row: UnsafeMutableBufferPointer<Double>) -> Void
    ) {
        width = map.width
        self.outputs = outputs
        self.folds = max(2, min(folds, log.count))
        let itemFold = Folds.deal(log.count, into: self.folds, using: &random)
        let order = log.stagesByCost
        let stream = random.split(random.next())
        var row = [Double](repeating: 0, count: map.width)
        var goal = [Double](repeating: .nan, count: outputs)
        for item in 0..<log.count {
            var present = StageSet()
            for stage in 0..<log.stageCount where log.log.isPresent(item: item, stage: stage) { present.insert(stage) }
            var own = stream.split(UInt64(item))
            for set in answered.draw(order: order, present: present, using: &own) {
                row.withUnsafeMutableBufferPointer { map.write(log.log, item: item, answered: set, into: $0) }
                goal.withUnsafeMutableBufferPointer { target(item, set, $0) }
                features.append(contentsOf: row)
                targets.append(contentsOf: goal)
                items.append(Int32(item))
                fold.append(itemFold[item])
            }
        }
    }

    /// Rows that are given as they are.
    init(width: Int, outputs: Int, features: [Double], targets: [Double], fold: [Int32], folds: Int) {
        precondition(features.count == fold.count * width && targets.count == fold.count * outputs, "rows of one size")
        self.width = width
        self.outputs = outputs
        self.features = features
        self.targets = targets
        self.fold = fold
        self.folds = folds
        items = (0..<fold.count).map { Int32($0) }
    }

    /// The rows that `isIncluded` by their index.
    func filter(_ isIncluded: (Int) -> Bool) -> TrainingRows {
        var result = TrainingRows(width: width, outputs: outputs, features: [], targets: [], fold: [], folds: folds)
        for index in 0..<count where isIncluded(index) {
            result.features.append(contentsOf: features[index * width..<(index + 1) * width])
            result.targets.append(contentsOf: targets[index * outputs..<(index + 1) * outputs])
            result.items.append(items[index])
            result.fold.append(fold[index])
        }
        return result
    }
}

/// Folds for cross-validation.
enum Folds {
    /// The fold of each of `count` items: sizes differ by one at most, order is random.
    static func deal(_ count: Int, into folds: Int, using random: inout Random) -> [Int32] {
        var order = Array(0..<count)
        random.shuffle(&order)
        var fold = [Int32](repeating: 0, count: count)
        for (place, item) in order.enumerated() { fold[item] = Int32(place % folds) }
        return fold
    }
}
