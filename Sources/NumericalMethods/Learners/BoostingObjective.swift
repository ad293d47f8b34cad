internal import Foundation

/// What boosted trees minimise.
public enum BoostingObjective: Codable, Sendable, Equatable {
    /// Half the squared error of a number.
    case squaredError
    /// The log-loss of two classes; targets are probabilities from 0 to 1.
    case logistic
    /// The cross-entropy of `classes` classes; targets are class indices from 0.
    case softmax(classes: Int)

    /// The number of outputs: one tree a round for each.
    public var outputs: Int {
        if case .softmax(let classes) = self { return classes }
        return 1
    }

    /// Refuses targets outside the loss's range.
    func check(_ targets: [Double], weights: [Double]?) throws(LearnerError) {
        try LearnerInput.checkFinite(targets: targets)
        switch self {
        case .squaredError: break
        case .logistic:
            if let row = targets.firstIndex(where: { !(0...1 ~= $0) }) {
                throw .targetOutOfRange(row: row, value: targets[row], expected: "from 0 to 1")
            }
        case .softmax(let classes):
            for (row, target) in targets.enumerated()
            where !(target >= 0 && target < Double(classes) && target == target.rounded()) {
                throw .targetOutOfRange(row: row, value: target, expected: "a class from 0 to \(classes - 1)")
            }
        }
    }

    /// The best constant margins, `[outputs]`: where boosting starts.
    func baseMargins(_ targets: [Double], weights: [Double]) throws(LearnerError) -> [Double] {
        let total = weights.reduce(0, +)
        let mean = zip(targets, weights).reduce(0) { $0 + $1.0 * $1.1 } / total
        switch self {
        case .squaredError: return [mean]
        case .logistic:
            guard mean > 0 && mean < 1 else { throw .oneClass }
            return [log(mean / (1 - mean))]
        case .softmax(let classes):
            var masses = [Double](repeating: 0, count: classes)
            for (target, weight) in zip(targets, weights) { masses[Int(target)] += weight }
            if masses.count(where: { $0 > 0 }) < 2 { throw .oneClass }
            if let empty = masses.firstIndex(of: 0) { throw .emptyClass(empty) }
            return masses.map { log($0 / total) }
        }
    }

    /// Turns margins into predictions: numbers, the probability of class 1, or all classes' probabilities.
    func transform(_ margins: UnsafeMutableBufferPointer<Double>) {
        switch self {
        case .squaredError: break
        case .logistic: margins[0] = 1 / (1 + exp(-margins[0]))
        case .softmax: softmaxInPlace(margins)
        }
    }

    /// The loss of one row's margins, which become predictions; nats, or half squared units.
    func loss(_ margins: UnsafeMutableBufferPointer<Double>, target: Double) -> Double {
        switch self {
        case .squaredError:
            return (margins[0] - target) * (margins[0] - target) / 2
        case .logistic:
            let z = margins[0]
            transform(margins)
            return max(z, 0) + log1p(exp(-abs(z))) - target * z
        case .softmax:
            let z = margins[Int(target)]
            return softmaxInPlace(margins) - z
        }
    }

    /// The gradient and curvature of one row's loss in output `output`, given its predictions.
    func slope(_ predictions: UnsafeMutableBufferPointer<Double>, output: Int, target: Double) -> (Double, Double) {
        let p = predictions[output]
        switch self {
        case .squaredError: return (p - target, 1)
        case .logistic: return (p - target, p * (1 - p))
        // XGBoost's bound on the curvature of a softmax: twice the diagonal of its Hessian.
        case .softmax: return (p - (Int(target) == output ? 1 : 0), 2 * p * (1 - p))
        }
    }
}
