public import Cascades
import Foundation
import NumericalMethods

/// How likely a model finds each of several labels.
public struct LabelLaw: Sendable {
    /// The labels.
    public internal(set) var labels: [String]
    /// `ln` of their probabilities, which add up to 1, `[labels]`.
    public internal(set) var logProbabilities: [Double]
    /// `ln` of the probability that the model gives to all labels together.
    public internal(set) var labelMass: Double
    /// What it took to find out.
    public internal(set) var cost: Cost

    /// The first of the likeliest labels.
    public var likeliest: Int {
        var best = 0
        for index in labels.indices where logProbabilities[index] > logProbabilities[best] { best = index }
        return best
    }

    /// The law `P(l)^(1/temperature)`, made to add up to 1.
    func tempered(_ temperature: Double) -> LabelLaw {
        guard temperature != 1 else { return self }
        var law = self
        let logs = logProbabilities.map { $0 / temperature }
        let total = logSumExp(logs)
        law.logProbabilities = logs.map { $0 - total }
        return law
    }

    /// Label `index` as an answer.
    func answer(_ index: Int, cost: Cost? = nil) throws -> Answer<String> {
        let evidence = try Evidence.classProbabilities(logProbabilities.map { exp($0) })
        return Answer(
            labels[index],
            evidence: Evidence(
                names: Evidence.classProbabilityNames + ["labelMass"], values: evidence.values + [labelMass]),
            cost: cost ?? self.cost, logScore: logProbabilities[index])
    }
}
