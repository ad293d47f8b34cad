import Deferral
import Foundation
import NumericalMethods
import Probability

/// Items with a target on an ordered scale of whole numbers from 1, and ways to learn it at equal numbers of weights.
struct OrdinalTask: Sendable {
    let name: String
    /// The number of levels.
    let levels: Int
    /// The points of the two-point head, evenly over the levels.
    let points: Int
    /// `[items, width]`.
    let inputs: [Float]
    /// `[items]`, from 1 to `levels`.
    let targets: [Double]

    var count: Int { targets.count }
    var width: Int { inputs.count / targets.count }

    /// A question of the survey.
    init(_ survey: MarketingSurvey, _ target: MarketingSurvey.Target) {
        name = "\(target)"
        levels = target.levels
        points = (target.levels + 1) / 2
        inputs = survey.inputs(without: target)
        targets = survey.levels(of: target).map { Double($0) }
    }

    /// Simulated: ten normal numbers; a curved function of three of them, with noise, cut into `levels` of equal frequency.
    init(simulated count: Int, levels: Int, points: Int, seed: UInt64) {
        var random = Random(seed: seed).split(221)
        let rows = (0..<count).map { _ in (0..<10).map { _ in random.normal() } }
        let latent = rows.map { $0[0] + sin(2 * $0[1]) + $0[2] * $0[0] / 2 + random.normal() / 2 }
        var ranks = [Int](repeating: 0, count: count)
        for (rank, item) in latent.indices.sorted(by: { latent[$0] < latent[$1] }).enumerated() { ranks[item] = rank }
        name = "simulated, \(levels) levels"
        self.levels = levels
        self.points = points
        inputs = rows.flatMap { $0.map { Float($0) } }
        targets = ranks.map { Double(1 + $0 * levels / count) }
    }

    /// The items at `indices`.
    func items(_ indices: [Int]) -> (inputs: [Float], targets: [Double]) {
        (indices.flatMap { inputs[$0 * width..<($0 + 1) * width] }, indices.map { targets[$0] })
    }
}

/// A way to learn a number on an ordered scale with one hidden layer.
enum OrdinalMethod: String, Sendable, CaseIterable {
    case twoPoint = "two-point cascade"
    case distributionOnly = "two-point, divergence alone"
    case absoluteRegression = "regression, absolute error"
    case squaredRegression = "regression, squared error"
    case classification = "classification, most probable"
    case classificationMean = "classification, mean"

    /// The outputs of a network for `task`.
    func outputs(_ task: OrdinalTask) -> Int {
        switch self {
        case .twoPoint, .distributionOnly: task.points
        case .absoluteRegression, .squaredRegression: 1
        case .classification, .classificationMean: task.levels
        }
    }

    /// The weights of a network for `task` with `hidden` units.
    func weights(_ task: OrdinalTask, hidden: Int) -> Int {
        (task.width + 1) * hidden + (hidden + 1) * outputs(task)
    }

    /// The fewest hidden units with at least as many units and weights as the two-point network with `hidden` units has.
    func hidden(_ task: OrdinalTask, twoPoint hidden: Int) -> Int {
        let budget = OrdinalMethod.twoPoint.weights(task, hidden: hidden)
        return (hidden...).first { weights(task, hidden: $0) >= budget }!
    }
}

/// A network trained by one of the methods.
struct OrdinalFit: Sendable {
    let method: OrdinalMethod
    let levels: Int
    let head: TwoPointHead
    let model: FeedForwardModel

    /// Trains on the items at `indices`.
    init(_ method: OrdinalMethod, _ task: OrdinalTask, _ indices: [Int], hidden: Int, epochs: Int, seed: UInt64) throws {
        self.method = method
        levels = task.levels
        let (inputs, targets) = task.items(indices)
        let outputs = method.outputs(task)
        head = try .even(
            1...Double(task.levels), count: task.points, meanLoss: method == .distributionOnly ? .none : .absolute)
        let isRegression = outputs == 1
        let network = FeedForwardNetwork(
            widths: [task.width, hidden, outputs], head: isRegression ? .linear : .softmax, epochs: epochs, batchSize: 64,
            learningRate: 3e-3, seed: seed)
        // Regression works in widths of a point from the middle of the scale, as the two-point head does.
        let (middle, width) = ((1 + Double(task.levels)) / 2, head.width)
        switch method {
        case .twoPoint, .distributionOnly:
            model = try network.fit(inputs: inputs, rows: targets.count, loss: head.loss(of: targets))
        case .classification, .classificationMean:
            model = try network.fit(inputs: inputs, classes: targets.map { Int($0) - 1 })
        case .absoluteRegression, .squaredRegression:
            let isAbsolute = method == .absoluteRegression
            model = try network.fit(inputs: inputs, rows: targets.count) { row, logits, gradient in
                let error = Double(logits[0]) - (targets[row] - middle) / width
                gradient[0] = Float(isAbsolute ? (error > 0 ? 1 : error < 0 ? -1 : 0) : error)
                return isAbsolute ? abs(error) : error * error / 2
            }
        }
    }

    /// The number it answers for each item, on the scale.
    func values(_ inputs: [Float], rows: Int) -> [Double] {
        let outputs = model.predict(inputs, rows: rows)
        let count = model.outputs
        return (0..<rows).map { row in
            let answer = outputs[row * count..<(row + 1) * count].map { Double($0) }
            switch method {
            case .twoPoint, .distributionOnly: return head.value(of: answer)
            case .absoluteRegression, .squaredRegression:
                return min(max((1 + Double(levels)) / 2 + answer[0] * head.width, 1), Double(levels))
            case .classification: return Double(1 + answer.indices.reduce(0) { answer[$1] > answer[$0] ? $1 : $0 })
            case .classificationMean: return answer.enumerated().reduce(0) { $0 + $1.element * Double($1.offset + 1) }
            }
        }
    }

    /// The answers of a two-point network with what they say of themselves.
    func answers(_ inputs: [Float], rows: Int) throws -> [OrdinalAnswer] {
        let (outputs, count) = (model.predict(inputs, rows: rows), model.outputs)
        return try (0..<rows).map { row in
            try OrdinalAnswer(distribution: outputs[row * count..<(row + 1) * count].map { Double($0) }, head: head)
        }
    }
}
