/// One graph of variables with what was observed of it: what a general field labels.
public struct FieldInstance: Sendable, Equatable {
    /// Variables that a template scores together, with the features observed there.
    public struct Clique: Sendable, Equatable {
        /// The template's number.
        public var template: Int
        /// The variables, in the template's order.
        public var variables: [Int]
        /// The numbers of the features that are there.
        public var features: [Int]
        /// Their weights, one a feature.
        public var values: [Double]

        /// A clique; features weigh 1 unless `values` says otherwise.
        public init(template: Int, variables: [Int], features: [Int] = [0], values: [Double]? = nil) {
            self.template = template
            self.variables = variables
            self.features = features
            self.values = values ?? [Double](repeating: 1, count: features.count)
        }
    }

    /// How many values each variable has.
    public var cardinalities: [Int]
    /// The cliques.
    public var cliques: [Clique]
    /// The variables' values where they are known; training needs them.
    public var labels: [Int]?

    /// An instance.
    public init(cardinalities: [Int], cliques: [Clique], labels: [Int]? = nil) {
        self.cardinalities = cardinalities
        self.cliques = cliques
        self.labels = labels
    }

    /// Throws where cliques, features or labels don't fit the templates; `place` names the instance.
    func check(_ templates: [CliqueTemplate], place: String) throws(InferenceError) {
        guard !cardinalities.isEmpty else { throw .empty(what: place) }
        for (number, clique) in cliques.enumerated() {
            let here = "clique \(number) of \(place)"
            guard templates.indices.contains(clique.template) else {
                throw .improperParameter(
                    name: "the template of \(here)", value: "\(clique.template)",
                    expected: "in 0 ..< \(templates.count)")
            }
            let template = templates[clique.template]
            let isSound =
                clique.variables.allSatisfy { cardinalities.indices.contains($0) }
                && clique.variables.map { cardinalities[$0] } == template.cardinalities
                && Set(clique.variables).count == clique.variables.count
            guard isSound else {
                throw .wrongShape(
                    what: "\(here) (template '\(template.name)')", found: "variables \(clique.variables)",
                    expected: "different variables with \(template.cardinalities) values")
            }
            guard clique.features.count == clique.values.count,
                clique.features.allSatisfy({ $0 >= 0 && $0 < template.featureCount })
            else {
                throw .wrongShape(
                    what: "the features of \(here)", found: "\(clique.features) with \(clique.values.count) weights",
                    expected: "numbers in 0 ..< \(template.featureCount), a weight each")
            }
            if let value = clique.values.first(where: { !$0.isFinite }) {
                throw .nonFinite(what: "the weight of a feature", place: here, value: value)
            }
        }
        if let labels {
            guard labels.count == cardinalities.count,
                zip(labels, cardinalities).allSatisfy({ $0 >= 0 && $0 < $1 })
            else {
                throw .wrongShape(
                    what: "the labels of \(place)", found: "\(labels.count)",
                    expected: "\(cardinalities.count), each below its variable's number of values")
            }
        }
    }

    /// The number of the choice that `labels` is to a clique.
    func choice(_ clique: Clique, _ labels: [Int]) -> Int {
        var index = 0
        for variable in clique.variables { index = index * cardinalities[variable] + labels[variable] }
        return index
    }
}
