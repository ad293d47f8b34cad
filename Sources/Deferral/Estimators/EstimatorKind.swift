/// How a regressor is fitted.
public enum EstimatorKind: String, Codable, Sendable, CaseIterable {
    /// The mean of each target, by group where there are groups.
    case groupMeans = "group-means"
    /// Linear, squared error, squared penalty chosen by cross-validation.
    case ridge

    /// What it is, in a few words.
    public var summary: String {
        switch self {
        case .groupMeans: "group means"
        case .ridge: "ridge regression"
        }
    }

    /// Fits a regressor of this kind to `rows`.
    func fit(_ rows: TrainingRows) throws -> Regressor {
        switch self {
        case .groupMeans:
            return .constant(Self.means(rows))
        case .ridge:
            if rows.width == 0 { return .constant(Self.means(rows)) }
            return .linear(try RidgeFit.fit(rows).model)
        }
    }

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
