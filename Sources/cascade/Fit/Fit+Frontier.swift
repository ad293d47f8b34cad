import Deferral
import Probability

extension Fit {
    /// The whole frontier of a row's family, measured on the held-out items; nil for a baseline.
    func frontier(of row: SearchResult.Row) throws -> FrontierTables? {
        guard let path = row.path else { return nil }
        return FrontierTables(
            name: row.name,
            frontier: try MeasuredFrontier(
                of: path, on: result.heldOut, reference: result.reference, confidence: search.confidence,
                replicates: search.replicates, random: Random(seed: search.seed)),
            stages: stages, unit: unit)
    }

    /// The family whose frontier is shown: the chosen one, or the best that didn't gain.
    var shownFamily: String { result.hasGain ? result.chosen : result.reason.best ?? result.chosen }

    /// Its frontier.
    var shownFrontier: FrontierTables? {
        get throws { try result.rows.first { $0.name == shownFamily }.flatMap { try frontier(of: $0) } }
    }
}
