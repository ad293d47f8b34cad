/// How a regressor is fitted.
public enum EstimatorKind: String, Codable, Sendable, CaseIterable {
    /// The mean of each target, by group where there are groups.
    case groupMeans = "group-means"
    /// Linear, squared error, squared penalty chosen by cross-validation.
    case ridge
    /// Logistic, for qualities between 0 and 1.
    case logistic
    /// Boosted trees.
    case boostedTrees = "boosted-trees"
    /// Means over nearest neighbours, tuned by leaving one out.
    case nearestNeighbours = "nearest-neighbours"
    /// Linear of low rank, by matrix factorisation.
    case matrixFactorisation = "matrix-factorisation"
    /// Means by cluster.
    case clusters

    /// What it is, in a few words.
    public var summary: String {
        switch self {
        case .groupMeans: "group means"
        case .ridge: "ridge regression"
        case .logistic: "logistic regression"
        case .boostedTrees: "boosted trees"
        case .nearestNeighbours: "nearest neighbours"
        case .matrixFactorisation: "matrix factorisation"
        case .clusters: "cluster means"
        }
    }

    /// Fits a regressor of this kind to `rows`.
    func fit(_ rows: TrainingRows) throws -> Regressor {
        if rows.width == 0 || rows.count == 0 { return .constant(Self.means(rows)) }
        switch self {
        case .groupMeans: return .constant(Self.means(rows))
        case .ridge: return .linear(try RidgeFit.fit(rows).model)
        case .logistic: return .linear(try LogisticFit.fit(rows))
        case .boostedTrees: return .trees(try TreeModel(rows))
        case .nearestNeighbours: return .neighbours(NeighbourModel(rows))
        case .matrixFactorisation: return .linear(try FactorFit.fit(rows))
        case .clusters: return .clusters(ClusterModel(rows))
        }
    }

    /// Whether targets like these can be fitted.
    func suits(_ targets: [Double]) -> Bool { self != .logistic || LogisticFit.suits(targets) }

    /// The mean of each target; 0 where there is none.
    static func means(_ rows: TrainingRows) -> [Double] {
        (0..<rows.outputs).map { output in
            var (sum, count) = (0.0, 0.0)
            for index in 0..<rows.count {
                let target = rows.targets[index * rows.outputs + output]
                if target.isNaN { continue }
                sum += target
                count += 1
            }
            return count > 0 ? sum / count : 0
        }
    }
}
