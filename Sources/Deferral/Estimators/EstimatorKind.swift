import NumericalMethods

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
        let rows = rows.fillingUnseenTargets()
        switch self {
        case .groupMeans: return .constant(Self.means(rows))
        case .ridge: return .linear(LinearModel(try rows.ridge().predictor))
        case .logistic: return .linear(try LogisticFit.fit(rows))
        case .boostedTrees: return .trees(try TreeModel(rows))
        case .nearestNeighbours: return .neighbours(try rows.nearestNeighbours())
        case .matrixFactorisation: return .linear(LinearModel(try rows.factorisation()))
        case .clusters: return .clusters(try ClusterModel(rows))
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

extension TrainingRows {
    /// Least squares, with the penalty of each target chosen on the folds.
    func ridge() throws -> RidgeModel {
        try RidgeRegression().fit(features: featureMatrix, targets: targetMatrix, folds: fold)
    }

    /// Means over the nearest of up to 4096 rows, taken evenly.
    func nearestNeighbours() throws -> NearestNeighboursModel {
        let kept = Self.thinned(count, to: 4096)
        var targets = targetMatrix.rows(kept)
        // A target that only rows left out have is at its mean.
        for (output, mean) in EstimatorKind.means(self).enumerated() where targets.column(output).allSatisfy(\.isNaN) {
            for row in 0..<kept.count { targets[row, output] = mean }
        }
        return try NearestNeighbours.tuned(features: featureMatrix.rows(kept), targets: targets)
    }

    /// Qualities of low rank whose factors follow from the features: a linear model whose weights have that rank.
    ///
    ///     quality_k = mean_k + v_k · u,   u = U x
    ///
    /// Rank and penalty are chosen on the held-out fold.
    /// - Source: Koren, Bell and Volinsky 2009, "Matrix Factorization Techniques for Recommender Systems"; for routing,
    ///   Ong et al. 2024, "RouteLLM", section 4.
    func factorisation() throws -> LinearPredictor {
        let (table, contexts) = (targetMatrix, featureMatrix)
        let learner = try MatrixFactorisation(iterations: 20, tolerance: 1e-6).tuned(
            table: table, contexts: contexts, heldOut: fold.map { $0 == heldFold }, ranks: Array(1...min(4, outputs)))
        return try learner.fit(table: table, contexts: contexts).predictor!
    }
}
