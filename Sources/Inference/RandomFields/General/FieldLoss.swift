internal import Foundation
internal import NumericalMethods

/// What training of a general field makes small, summed over instances, in nats.
public enum FieldLoss: Sendable, Equatable {
    /// `-log p(y | x)`: exact on forests; elsewhere log Z is Bethe's approximation, and the gradient goes with it.
    case likelihood(BeliefPropagation)
    /// `-log p(y | x)` by elimination on graphs with loops too; tables may hold up to `limit` numbers.
    case exactLikelihood(limit: Int)
    /// `-sum_i log p(y_i | all other y, x)`: no inference at all, and convex, but another estimate.
    ///
    /// - Source: Besag 1975; Sutton and McCallum 2012, section 5.4.
    case pseudoLikelihood
}

/// The loss of labelled instances as a function of the weights, with its gradient.
struct FieldObjective {
    let templates: [CliqueTemplate]
    let bases: [Int]
    let instances: [FieldInstance]
    let loss: FieldLoss
    private let weightCount: Int

    init(_ templates: [CliqueTemplate], _ instances: [FieldInstance], _ loss: FieldLoss) throws(InferenceError) {
        guard !instances.isEmpty else { throw .empty(what: "the training data") }
        for (number, instance) in instances.enumerated() {
            try instance.check(templates, place: "instance \(number)")
            guard instance.labels != nil else {
                throw .unsupported(
                    what: "training without labels", place: "instance \(number)", remedy: "Leave it out, or label it.")
            }
        }
        self.templates = templates
        bases = GeneralField.bases(templates)
        self.instances = instances
        self.loss = loss
        weightCount = templates.reduce(0) { $0 + $1.weightCount }
    }

    /// The sums of one block of instances.
    private struct Sums: Sendable {
        var loss = 0.0
        var gradient: [Double]
        var unsettled = 0
    }

    /// The loss; its gradient; and in how many instances belief propagation did not settle.
    func evaluate(_ weights: [Double], gradient: inout [Double]) throws -> (loss: Double, unsettled: Int) {
        let scores = CliqueScores(templates, bases, weights)
        // Fixed blocks, so that sums don't depend on the number of threads.
        let blocks = min(16, instances.count)
        let parts = try Parallel.map(count: blocks) { block in
            var sums = Sums(gradient: [Double](repeating: 0, count: weightCount))
            for number in (instances.count * block / blocks)..<(instances.count * (block + 1) / blocks) {
                try add(instances[number], scores, to: &sums)
            }
            return sums
        }
        gradient = [Double](repeating: 0, count: weightCount)
        var (total, unsettled) = (0.0, 0)
        for part in parts {
            total += part.loss
            unsettled += part.unsettled
            for k in gradient.indices { gradient[k] += part.gradient[k] }
        }
        return (total, unsettled)
    }

    private func add(_ instance: FieldInstance, _ scores: CliqueScores, to sums: inout Sums) throws {
        let labels = instance.labels ?? []
        switch loss {
        case .pseudoLikelihood:
            addPseudo(instance, labels, scores, to: &sums)
        case .likelihood(let propagation):
            let beliefs = try propagation.run(on: try scores.graph(of: instance))
            if !beliefs.hasConverged { sums.unsettled += 1 }
            sums.loss += beliefs.logPartition - scores.score(labels, instance)
            addExpectations(instance, labels, scores, to: &sums) { beliefs.factorMarginal($0) }
        case .exactLikelihood(let limit):
            let elimination = VariableElimination(try scores.graph(of: instance), limit: limit)
            sums.loss += try elimination.logPartition() - scores.score(labels, instance)
            try addExpectations(instance, labels, scores, to: &sums) {
                try elimination.marginal(of: instance.cliques[$0].variables)
            }
        }
    }

    /// Expected less observed features of all cliques.
    private func addExpectations(
        _ instance: FieldInstance, _ labels: [Int], _ scores: CliqueScores, to sums: inout Sums,
        _ marginal: (Int) throws -> [Double]
    ) rethrows {
        for (number, clique) in instance.cliques.enumerated() {
            let template = templates[clique.template]
            var outcomes = [Double](repeating: 0, count: template.outcomeCount)
            for (choice, probability) in try marginal(number).enumerated() where template.outcomes[choice] >= 0 {
                outcomes[template.outcomes[choice]] += probability
            }
            let own = template.outcomes[instance.choice(clique, labels)]
            if own >= 0 { outcomes[own] -= 1 }
            for (outcome, value) in outcomes.enumerated() { scores.add(value, clique, outcome, to: &sums.gradient) }
        }
    }

    private func addPseudo(_ instance: FieldInstance, _ labels: [Int], _ scores: CliqueScores, to sums: inout Sums) {
        // The cliques of each variable, with the scores of their outcomes.
        var places = [[Int]](repeating: [], count: instance.cardinalities.count)
        for (number, clique) in instance.cliques.enumerated() {
            for variable in clique.variables { places[variable].append(number) }
        }
        let outcomes = instance.cliques.map { scores.outcomes($0) }
        var trial = labels
        for variable in instance.cardinalities.indices {
            var totals = [Double](repeating: 0, count: instance.cardinalities[variable])
            for value in totals.indices {
                trial[variable] = value
                for number in places[variable] {
                    let outcome = outcome(number, instance, trial)
                    if outcome >= 0 { totals[value] += outcomes[number][outcome] }
                }
            }
            sums.loss -= totals[labels[variable]]
            sums.loss += logSumExp(totals)
            let probabilities = softmax(totals)
            for value in totals.indices {
                trial[variable] = value
                let factor = probabilities[value] - (value == labels[variable] ? 1 : 0)
                for number in places[variable] {
                    scores.add(factor, instance.cliques[number], outcome(number, instance, trial), to: &sums.gradient)
                }
            }
            trial[variable] = labels[variable]
        }
    }

    private func outcome(_ number: Int, _ instance: FieldInstance, _ labels: [Int]) -> Int {
        let clique = instance.cliques[number]
        return templates[clique.template].outcomes[instance.choice(clique, labels)]
    }
}
