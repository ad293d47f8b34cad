import Foundation
import NumericalMethods
import Probability
import Testing

@testable import Inference

/// Graphs of three kinds with shared templates.
enum FieldFixtures {
    static func templates() throws -> [CliqueTemplate] {
        [
            try CliqueTemplate("word", cardinalities: [3], features: 6),
            try CliqueTemplate("step", cardinalities: [3, 3]),
            try .agreement("tie", values: 3, features: 2),
            try CliqueTemplate(
                "triple", cardinalities: [3, 3, 3], outcomes: (0..<27).map { $0 % 3 == $0 / 9 ? 0 : $0 % 4 }),
        ]
    }

    enum Shape: CaseIterable { case chain, tree, loop, triple }

    static func instances(_ shape: Shape, count: Int, seed: UInt64) -> [FieldInstance] {
        var random = Random(seed: seed)
        return (0..<count).map { _ in
            let size = 5
            var cliques = (0..<size).map { variable in
                FieldInstance.Clique(
                    template: 0, variables: [variable], features: [random.integer(below: 6), random.integer(below: 6)],
                    values: [1, random.normal()])
            }
            switch shape {
            case .chain, .loop:
                cliques += (1..<size).map { FieldInstance.Clique(template: 1, variables: [$0 - 1, $0]) }
                if shape == .loop {
                    cliques.append(.init(template: 2, variables: [0, 3], features: [0, 1], values: [1, -0.5]))
                    cliques.append(.init(template: 2, variables: [4, 1]))
                }
            case .tree:
                cliques += (1..<size).map {
                    .init(template: 2, variables: [$0, random.integer(below: $0)], features: [1])
                }
            case .triple:
                cliques += [.init(template: 3, variables: [2, 0, 1]), .init(template: 3, variables: [2, 3, 4])]
            }
            return FieldInstance(
                cardinalities: [Int](repeating: 3, count: size), cliques: cliques,
                labels: (0..<size).map { _ in random.integer(below: 3) })
        }
    }
}

@Suite struct `general fields` {
    private let paths = ChainFixtures.paths(length: 5, labels: 3)

    private func field(_ seed: UInt64, scale: Double = 0.8) throws -> GeneralField {
        let templates = try FieldFixtures.templates()
        let count = templates.reduce(0) { $0 + $1.weightCount }
        return try GeneralField(
            templates: templates, weights: ChainFixtures.weights(count, scale: scale, seed: seed))
    }

    @Test(arguments: [FieldFixtures.Shape.chain, .tree, .triple]) func `are exact on forests`(
        _ shape: FieldFixtures.Shape
    ) throws {
        let field = try field(3)
        for instance in FieldFixtures.instances(shape, count: 5, seed: 1) {
            let beliefs = try field.beliefs(of: instance)
            #expect(beliefs.isExact)
            let scores = try paths.map { try field.score(of: $0, in: instance) }
            let total = logSumExp(scores)
            #expect(abs(beliefs.logPartition - total) < 1e-10)
            for variable in 0..<5 {
                for value in 0..<3 {
                    let exact = zip(paths, scores).filter { $0.0[variable] == value }.reduce(0) {
                        $0 + exp($1.1 - total)
                    }
                    #expect(abs(beliefs.marginals[variable][value] - exact) < 1e-10)
                }
            }
            let best = zip(paths, scores).max { $0.1 < $1.1 }!
            let found = try field.mostProbable(of: instance)
            #expect(found.values == best.0 && abs(found.logValue - best.1) < 1e-10)
        }
    }

    @Test func `score a hand-made clique by its definition`() throws {
        let template = try CliqueTemplate("pair", cardinalities: [2, 3], features: 2, outcomes: [0, 1, -1, 1, 0, 0])
        #expect(template.outcomeCount == 2 && template.weightCount == 4)
        let field = try GeneralField(templates: [template], weights: [1, 10, 100, 1000])
        let instance = FieldInstance(
            cardinalities: [3, 2],
            cliques: [.init(template: 0, variables: [1, 0], features: [0, 1], values: [2, 0.5])])
        // Outcome 0 scores 2 * 1 + 0.5 * 100, outcome 1 scores 2 * 10 + 0.5 * 1000.
        let table = try [0, 1].map { a in try [0, 1, 2].map { b in try field.score(of: [b, a], in: instance) } }
        #expect(table == [[52, 520, 0], [520, 52, 52]])
        #expect(try CliqueTemplate.agreement("tie", values: 3).outcomes == [0, -1, -1, -1, 0, -1, -1, -1, 0])
    }

    @Test(arguments: FieldFixtures.Shape.allCases) func `have the gradients of finite differences`(
        _ shape: FieldFixtures.Shape
    ) throws {
        let field = try field(4, scale: 0.4)
        let instances = FieldFixtures.instances(shape, count: 6, seed: 2)
        let losses: [FieldLoss] = [
            .likelihood(BeliefPropagation(tolerance: 1e-13, sweeps: 5000)), .exactLikelihood(limit: 1 << 16),
            .pseudoLikelihood,
        ]
        for loss in losses {
            let objective = try FieldObjective(field.templates, instances, loss)
            var gradient: [Double] = []
            var ignored: [Double] = []
            let value = try objective.evaluate(field.weights, gradient: &gradient)
            #expect(value.unsettled == 0)
            for k in gradient.indices {
                var (up, down) = (field.weights, field.weights)
                up[k] += 1e-5
                down[k] -= 1e-5
                let difference =
                    (try objective.evaluate(up, gradient: &ignored).loss
                        - (try objective.evaluate(down, gradient: &ignored).loss)) / 2e-5
                #expect(abs(difference - gradient[k]) < 1e-6, "\(loss) weight \(k)")
            }
        }
    }

    @Test func `have the likelihood of enumeration, by elimination with loops too`() throws {
        let field = try field(5)
        for shape in FieldFixtures.Shape.allCases {
            let instances = FieldFixtures.instances(shape, count: 3, seed: 3)
            var exact = 0.0
            for instance in instances {
                exact += logSumExp(try paths.map { try field.score(of: $0, in: instance) })
                exact -= try field.score(of: instance.labels!, in: instance)
            }
            var gradient: [Double] = []
            let objective = try FieldObjective(field.templates, instances, .exactLikelihood(limit: 1 << 16))
            #expect(abs(try objective.evaluate(field.weights, gradient: &gradient).loss - exact) < 1e-9)
            let bethe = try FieldObjective(field.templates, instances, .likelihood(BeliefPropagation()))
                .evaluate(field.weights, gradient: &gradient).loss
            // Bethe's approximation is exact without loops, and with weak loops near.
            #expect(abs(bethe - exact) < (shape == .loop ? 0.5 : 1e-9))
            #expect((abs(bethe - exact) < 1e-9) == (shape != .loop))
        }
    }

    @Test func `on a chain are the linear chain`() throws {
        let data = try ChainFixtures.data(sequences: 25, seed: 4)
        let options = ChainFeatureOptions(allStates: true, transitions: .all)
        let search = LimitedMemoryBFGS(gradientTolerance: 1e-5, valueTolerance: 0, maximumSteps: 200)
        let chain = try QuasiNewtonTraining(penalty: ElasticNet(squares: 0.5), features: options, search: search).fit(
            data)
        let templates = [
            try CliqueTemplate("word", cardinalities: [3], features: data.attributeNames.count),
            try CliqueTemplate("step", cardinalities: [3, 3]),
        ]
        let instances = (0..<data.count).map { sequence in
            let positions = data.positions(of: sequence)
            var cliques = positions.enumerated().map { t, position in
                let range = data.attributeStarts[position]..<data.attributeStarts[position + 1]
                return FieldInstance.Clique(
                    template: 0, variables: [t], features: data.attributes[range].map(Int.init),
                    values: Array(data.values[range]))
            }
            cliques += (1..<max(1, positions.count)).map { .init(template: 1, variables: [$0 - 1, $0]) }
            return FieldInstance(
                cardinalities: positions.map { _ in 3 }, cliques: cliques,
                labels: data.labels(of: sequence).map(Int.init))
        }
        let general = try FieldTraining(templates: templates, penalty: ElasticNet(squares: 0.5), search: search).fit(
            instances)
        #expect(abs(general.loss - chain.loss) < 1e-8 * chain.loss)
        #expect(general.unsettled == 0)
        let probes = zip(general.field.weights, chain.field.weights).filter { abs($0 - $1) > 1e-3 }
        #expect(probes.isEmpty)
    }

    @Test func `recover the weights they were drawn with`() throws {
        let templates = [
            try CliqueTemplate("word", cardinalities: [2], features: 2), try .agreement("tie", values: 2),
        ]
        let truth = try GeneralField(templates: templates, weights: [0.8, -0.8, -0.5, 0.5, 0.7])
        var random = Random(seed: 8)
        let instances = try (0..<1500).map { _ in
            var instance = FieldInstance(
                cardinalities: [2, 2, 2, 2],
                cliques: (0..<4).map { .init(template: 0, variables: [$0], features: [random.integer(below: 2)]) }
                    + (0..<4).map { .init(template: 1, variables: [$0, ($0 + 1) % 4]) })
            instance.labels = try VariableElimination(try truth.graph(of: instance)).sample(count: 1, using: &random)[0]
            return instance
        }
        for loss in [FieldLoss.exactLikelihood(limit: 1 << 10), .pseudoLikelihood] {
            let fit = try FieldTraining(templates: templates, penalty: ElasticNet(squares: 1e-3), loss: loss).fit(
                instances)
            // 6000 labels: a contrast of two weights has a standard error of some 0.05, 0.1 by pseudo-likelihood.
            let w = fit.field.weights
            #expect(abs(w[0] - w[1] - 1.6) < 0.6 && abs(w[2] - w[3] + 1) < 0.6 && abs(w[4] - 0.7) < 0.6)
        }
    }

    @Test func `are the same on any number of threads`() throws {
        let instances = FieldFixtures.instances(.loop, count: 50, seed: 5)
        let objective = try FieldObjective(
            try FieldFixtures.templates(), instances, .likelihood(BeliefPropagation(sweeps: 50)))
        let weights = try field(6).weights
        let threads = Parallel.threads
        defer { Parallel.threads = threads }
        let results = try [1, 4].map { count in
            Parallel.threads = count
            var gradient: [Double] = []
            return try objective.evaluate(weights, gradient: &gradient).loss + gradient.reduce(0, +)
        }
        #expect(results[0] == results[1])
    }

    @Test func `refuse what doesn't fit`() throws {
        let field = try field(7)
        let sound = FieldFixtures.instances(.loop, count: 1, seed: 6)[0]
        var damaged: [FieldInstance] = []
        for clique: FieldInstance.Clique in [
            .init(template: 9, variables: [0]), .init(template: 1, variables: [0, 0]),
            .init(template: 1, variables: [0, 9]),
            .init(template: 1, variables: [0]), .init(template: 0, variables: [0], features: [6]),
            .init(template: 0, variables: [0], features: [1], values: [.nan]),
            .init(template: 0, variables: [0], features: [1], values: []),
        ] {
            var instance = sound
            instance.cliques.append(clique)
            damaged.append(instance)
        }
        for labels in [[0, 1, 2], [0, 0, 0, 0, 3]] {
            var instance = sound
            instance.labels = labels
            damaged.append(instance)
        }
        damaged.append(FieldInstance(cardinalities: [], cliques: []))
        for instance in damaged {
            #expect(throws: InferenceError.self) { try field.graph(of: instance) }
            #expect(throws: InferenceError.self) {
                try FieldTraining(templates: field.templates).fit([sound, instance])
            }
        }
        var unlabelled = sound
        unlabelled.labels = nil
        #expect(throws: InferenceError.self) { try FieldTraining(templates: field.templates).fit([unlabelled]) }
        #expect(throws: InferenceError.self) { try FieldTraining(templates: field.templates).fit([]) }
        #expect(throws: InferenceError.self) { try GeneralField(templates: field.templates, weights: [1]) }
        #expect(throws: InferenceError.self) { try CliqueTemplate("x", cardinalities: []) }
        #expect(throws: InferenceError.self) { try CliqueTemplate("x", cardinalities: [2], outcomes: [0, 2]) }
        #expect(throws: InferenceError.self) { try CliqueTemplate("x", cardinalities: [1 << 40, 1 << 40]) }
    }

    @Test func `keep templates in files`() throws {
        let templates = try FieldFixtures.templates()
        let data = try JSONEncoder().encode(templates)
        #expect(try JSONDecoder().decode([CliqueTemplate].self, from: data) == templates)
    }
}
