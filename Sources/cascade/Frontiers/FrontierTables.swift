import Cascades
import Deferral
import Reports

/// A measured frontier as tables: its published figures, what it takes to be as good as the reference, its corners.
struct FrontierTables {
    /// What the frontier is of: a family's name.
    let name: String
    let frontier: MeasuredFrontier
    /// The names of the stages.
    let stages: [String]
    let unit: CostUnit

    /// The shares of the reference's quality at which savings are shown.
    static let shares = [1, 0.98, 0.95]

    private var reference: String { stages[frontier.reference] }
    /// The stages from the cheapest to the dearest.
    private var order: [Int] {
        stages.indices.sorted { (frontier.stages[$0].cost, $0) < (frontier.stages[$1].cost, $1) }
    }

    /// The areas, each by its definition.
    var areas: TextTable {
        var table = TextTable(columns: [
            "area under the frontier", .init(name), .init("stages mixed"), .init("difference"), .init("defined by"),
        ])
        for figure in frontier.figures { table.add(Self.cells(figure)) }
        return table
    }

    /// The cells of one figure: name, value, that of mixtures, their difference, source.
    static func cells(_ figure: FrontierFigure) -> [TableCell] {
        [
            .text(figure.name), cell(figure, figure.value),
            figure.isShare ? .percent(figure.mixtures) : .number(figure.mixtures), cell(figure, figure.difference),
            .text(figure.source),
        ]
    }

    /// An interval in the unit of a figure.
    static func cell(_ figure: FrontierFigure, _ interval: MeanInterval) -> TableCell {
        figure.isShare
            ? .percentInterval(interval.estimate, low: interval.lower, high: interval.upper)
            : TableCell(interval, like: figure.value.estimate)
    }

    /// Calls and cost at equal quality.
    var savings: TextTable {
        var table = TextTable(columns: [
            "at equal quality", .init("cost", unit: unit.short), .init("less than \(reference)"),
            .init("less than stages mixed"), "asked",
        ])
        for share in Self.shares {
            let equal = frontier.equalQuality(share: share)
            table.add([
                .text(share == 1 ? "as good" : "\(NumberWords.percent(share)) as good"),
                .number(equal.cost.estimate * unit.scale), Self.percent(equal.savedOfReference),
                Self.percent(equal.savedOfMixture), .text(asked(equal.asked)),
            ])
        }
        return table
    }

    /// The corners of the frontier, the cheapest first; at most `limit`, evenly spread.
    func corners(limit: Int) -> TextTable {
        var table = TextTable(columns: [
            .init("price"), .init("cost", unit: unit.short), .init("of \(reference)"), .init("quality"), "asked",
        ])
        let places = frontier.points.enumerated().map { place, point in
            FrontierPoint(price: Double(place), cost: point.cost, quality: point.quality)
        }
        let corners = Frontier(hullOf: places).points
        let shown =
            corners.count <= limit
            ? corners : (0..<limit).map { corners[$0 * (corners.count - 1) / (limit - 1)] }
        for corner in shown {
            let place = Int(corner.price)
            table.add([
                .number(frontier.points[place].price), .number(corner.cost * unit.scale),
                .percent(corner.cost / frontier.stages[frontier.reference].cost), .number(corner.quality),
                .text(asked(frontier.askedShares[place])),
            ])
        }
        return table
    }

    /// Which stages are asked how often, those never asked left out.
    private func asked(_ shares: [Double]) -> String {
        guard !shares.isEmpty else { return NumberText.missing }
        return order.filter { shares[$0] >= 0.005 }
            .map { "\(stages[$0]) \(NumberText.percent(shares[$0], decimals: 0))" }.joined(separator: ", ")
    }

    static func percent(_ interval: MeanInterval?) -> TableCell {
        interval.map { .percentInterval($0.estimate, low: $0.lower, high: $0.upper, decimals: 0) } ?? .missing
    }

    /// Prints the figures and the savings.
    func print() {
        let areas = areas
        if !areas.rows.isEmpty { Output.table(areas) }
        Output.table(savings)
        Output.wrapped(Self.note, indent: 2)
    }

    /// The tables in words for people who see them for the first time.
    static let note =
        "Stages mixed: the best random mixtures of single stages. For equal quality a policy, too, may be mixed with single stages."
}
