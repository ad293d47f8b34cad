import Catalog

/// What there is to say of an experiment before it runs.
struct ExperimentText {
    let experiment: any Experiment

    init(_ experiment: any Experiment) { self.experiment = experiment }

    /// The paper in one line.
    var paper: String {
        let number = experiment.paper.number.map { "\($0): " } ?? ""
        return "\(number)\(experiment.paper.title) (\(experiment.paper.source))"
    }

    func print() {
        Output.heading(experiment.id)
        Output.wrapped("Paper \(paper)", indent: 2)
        Output.line()
        Output.wrapped(experiment.summary, indent: 2)
        Output.line()
        Output.heading("Claims")
        for claim in experiment.claims { Output.wrapped("\(claim.id): \(claim.sentence)", indent: 2) }
    }

    var json: JSONValue {
        [
            "id": .string(experiment.id),
            "paper": [
                "number": experiment.paper.number.map { .integer($0) } ?? .null,
                "title": .string(experiment.paper.title),
                "source": .string(experiment.paper.source),
            ],
            "summary": .string(experiment.summary),
            "claims": .array(experiment.claims.map { ["id": .string($0.id), "sentence": .string($0.sentence)] }),
        ]
    }
}
