/// A conditional random field on graphs of any shape, scored by log-linear clique templates with shared weights.
///
/// `log p(y | x) = sum over cliques c of sum_k x_{c,k} w[template of c, k, outcome(y_c)] - log Z(x)`. Trees are exact; graphs
/// with loops go through loopy belief propagation, or ``VariableElimination`` on ``graph(of:)`` where they are narrow.
///
///     let words = try CliqueTemplate("word", cardinalities: [3], features: vocabulary)
///     let steps = try CliqueTemplate("step", cardinalities: [3, 3])
///     let ties = try CliqueTemplate.agreement("same word", values: 3)
///     let field = try FieldTraining(templates: [words, steps, ties]).fit(instances).field
///     let best = try field.mostProbable(of: instance)
///
/// - Source: Sutton and McCallum 2012, sections 2.4 and 4.2.
public struct GeneralField: Sendable, Equatable {
    /// The templates.
    public let templates: [CliqueTemplate]
    /// All weights, template after template, each `[features, outcomes]`.
    public let weights: [Double]
    /// Where each template's weights begin.
    let bases: [Int]

    /// A field with given weights.
    /// - Throws: ``InferenceError`` for another number of weights, or one that is not finite.
    public init(templates: [CliqueTemplate], weights: [Double]) throws(InferenceError) {
        let total = templates.reduce(0) { $0 + $1.weightCount }
        guard weights.count == total else {
            throw .wrongShape(what: "a field's weights", found: "\(weights.count)", expected: "\(total)")
        }
        if let k = weights.firstIndex(where: { !$0.isFinite }) {
            throw .nonFinite(what: "a weight", place: "feature \(k)", value: weights[k])
        }
        self.templates = templates
        self.weights = weights
        bases = Self.bases(templates)
    }

    static func bases(_ templates: [CliqueTemplate]) -> [Int] {
        var base = 0
        return templates.map { template in
            defer { base += template.weightCount }
            return base
        }
    }

    /// The weights of a template, `[features, outcomes]`.
    public func weights(of template: Int) -> ArraySlice<Double> {
        weights[bases[template]..<bases[template] + templates[template].weightCount]
    }

    /// The factor graph of an instance: one factor a clique, its table in nats.
    /// - Throws: ``InferenceError`` where the instance doesn't fit the templates.
    public func graph(of instance: FieldInstance) throws(InferenceError) -> FactorGraph {
        try instance.check(templates, place: "the instance")
        return try CliqueScores(templates, bases, weights).graph(of: instance)
    }

    /// The score of `labels`, not normalised, in nats.
    public func score(of labels: [Int], in instance: FieldInstance) throws(InferenceError) -> Double {
        var labelled = instance
        labelled.labels = labels
        try labelled.check(templates, place: "the instance")
        return CliqueScores(templates, bases, weights).score(labels, labelled)
    }

    /// The marginals and log Z of an instance: exact where its graph is a forest, else approximate.
    public func beliefs(
        of instance: FieldInstance, by propagation: BeliefPropagation = BeliefPropagation()
    ) throws -> Beliefs {
        try propagation.run(on: try graph(of: instance))
    }

    /// The most probable labels: exact where the graph is a forest, else approximate.
    public func mostProbable(
        of instance: FieldInstance, by propagation: BeliefPropagation = BeliefPropagation()
    ) throws -> ProbableAssignment {
        try propagation.mostProbable(on: try graph(of: instance))
    }
}

/// Tables of cliques under given weights, for instances that have been checked.
struct CliqueScores {
    let templates: [CliqueTemplate]
    let bases: [Int]
    let weights: [Double]

    init(_ templates: [CliqueTemplate], _ bases: [Int], _ weights: [Double]) {
        self.templates = templates
        self.bases = bases
        self.weights = weights
    }

    /// The score of each outcome of a clique.
    func outcomes(_ clique: FieldInstance.Clique) -> [Double] {
        let count = templates[clique.template].outcomeCount
        var scores = [Double](repeating: 0, count: count)
        for (feature, value) in zip(clique.features, clique.values) {
            let base = bases[clique.template] + feature * count
            for outcome in 0..<count { scores[outcome] += value * weights[base + outcome] }
        }
        return scores
    }

    func graph(of instance: FieldInstance) throws(InferenceError) -> FactorGraph {
        try FactorGraph(
            cardinalities: instance.cardinalities,
            factors: instance.cliques.map { clique in
                let scores = outcomes(clique)
                return DiscreteFactor(
                    clique.variables,
                    logValues: templates[clique.template].outcomes.map { $0 < 0 ? 0 : scores[$0] })
            })
    }

    func score(_ labels: [Int], _ instance: FieldInstance) -> Double {
        var sum = 0.0
        for clique in instance.cliques {
            let template = templates[clique.template]
            let outcome = template.outcomes[instance.choice(clique, labels)]
            guard outcome >= 0 else { continue }
            for (feature, value) in zip(clique.features, clique.values) {
                sum += value * weights[bases[clique.template] + feature * template.outcomeCount + outcome]
            }
        }
        return sum
    }

    /// Adds `factor` times a clique's features at an outcome to a gradient.
    @inline(__always)
    func add(_ factor: Double, _ clique: FieldInstance.Clique, _ outcome: Int, to gradient: inout [Double]) {
        guard outcome >= 0 else { return }
        let count = templates[clique.template].outcomeCount
        for (feature, value) in zip(clique.features, clique.values) {
            gradient[bases[clique.template] + feature * count + outcome] += factor * value
        }
    }
}
