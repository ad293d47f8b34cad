import Cascades
import Deferral

extension FrontierTables {
    /// The whole frontier, its figures and its savings as JSON.
    var json: JSONValue {
        [
            "family": .string(name), "items": .integer(frontier.itemCount),
            "reference": .string(stages[frontier.reference]),
            "points": .array(
                zip(frontier.points, frontier.askedShares).map { point, asked in
                    [
                        // No JSON number is infinite: the price at which only cost counts is null.
                        "price": .number(point.price), "cost": .number(point.cost), "quality": .number(point.quality),
                        "asked": JSONValue(asked, stages: stages),
                    ]
                }),
            "areas": .array(
                frontier.figures.map {
                    [
                        "id": .string($0.kind.rawValue), "name": .string($0.name), "source": .string($0.source),
                        "value": JSONValue($0.value), "stagesMixed": .number($0.mixtures),
                        "difference": JSONValue($0.difference),
                    ]
                }),
            "equalQuality": .array(Self.shares.map { json(frontier.equalQuality(share: $0)) }),
        ]
    }

    private func json(_ equal: EqualQuality) -> JSONValue {
        [
            "share": .number(equal.share), "quality": .number(equal.quality), "cost": JSONValue(equal.cost),
            "referenceCost": .number(equal.referenceCost), "stagesMixedCost": .number(equal.mixtureCost),
            "savedOfReference": equal.savedOfReference.map { JSONValue($0) } ?? .null,
            "savedOfStagesMixed": equal.savedOfMixture.map { JSONValue($0) } ?? .null,
            "asked": JSONValue(equal.asked, stages: stages),
        ]
    }
}
