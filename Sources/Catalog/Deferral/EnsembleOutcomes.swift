import Cascades
import Deferral
import NumericalMethods
import Probability

/// Items with their classes to train ensembles on: Fashion-MNIST, or simulated classes where it is not there.
struct EnsemblePool: Sendable {
    let name: String
    let isSimulated: Bool
    /// The numbers of an item.
    let width: Int
    /// `[items, width]`.
    private let inputs: [Float]
    private let labels: [Int]
    /// A random order of all items.
    private let order: [Int]

    /// All 70,000 images with pixels averaged over squares of width `pooling`; simulated classes where they are not there.
    init(_ data: DataStore, pooling: Int, seed: UInt64) throws {
        guard data.has("fashion-mnist") else {
            self.init(simulated: 70_000, seed: seed)
            return
        }
        var (inputs, labels): ([Float], [Int]) = ([], [])
        for images in [try FashionMNIST.training(data), try FashionMNIST.test(data)] {
            inputs += pooling == 1 ? images.images : Self.pooled(images.images, by: pooling)
            labels += images.labels
        }
        self.init(name: "Fashion-MNIST", isSimulated: false, inputs: inputs, labels: labels, seed: seed)
    }

    /// Ten classes, each a mixture of three normal clouds in 16 dimensions with normal centres.
    init(simulated count: Int, seed: UInt64) {
        var random = Random(seed: seed).split(371)
        let centres = (0..<30 * 16).map { _ in random.normal() }
        let labels = (0..<count).map { $0 % 10 }
        let inputs = labels.flatMap { label in
            let cloud = label * 3 + random.integer(below: 3)
            return (0..<16).map { Float(centres[cloud * 16 + $0] + random.normal()) }
        }
        self.init(name: "simulated classes", isSimulated: true, inputs: inputs, labels: labels, seed: seed)
    }

    private init(name: String, isSimulated: Bool, inputs: [Float], labels: [Int], seed: UInt64) {
        self.name = name
        self.isSimulated = isSimulated
        width = inputs.count / labels.count
        self.inputs = inputs
        self.labels = labels
        var random = Random(seed: seed).split(37)
        order = random.permutation(of: labels.count)
    }

    /// The items at `places` of the random order.
    func items(_ places: Range<Int>) -> (inputs: [Float], labels: [Int]) {
        let chosen = order[places]
        return (chosen.flatMap { inputs[$0 * width..<($0 + 1) * width] }, chosen.map { labels[$0] })
    }

    /// Means over squares of `side` x `side` pixels, `[images, (28 / side)²]`.
    private static func pooled(_ images: [Float], by side: Int) -> [Float] {
        let (pixels, cells) = (FashionMNIST.pixels, 28 / side)
        let blocks = Parallel.map(count: images.count / pixels, minimumChunk: 500) { image in
            var block = [Float](repeating: 0, count: cells * cells)
            for pixel in 0..<pixels {
                block[pixel / 28 / side * cells + pixel % 28 / side] += images[image * pixels + pixel] / Float(side * side)
            }
            return block
        }
        return blocks.flatMap { $0 }
    }
}

/// How large the networks and the parts of the data are.
struct EnsemblePlan: Sendable {
    var hidden: Int
    var pooling: Int
    var training: Int
    var validation: Int
    var test: Int
    var epochs: Int
    /// The networks of an ensemble.
    let members = 4
    /// How much wider the single networks are.
    let factors = [2, 4]

    /// Trains everything on part `part` of the pool and asks it about that part's other items.
    func draw(_ pool: EnsemblePool, part: Int, seed: UInt64) throws -> EnsembleOutcomes {
        let first = part * (training + validation + test)
        let fitted = pool.items(first..<first + training)
        let validated = pool.items(first + training..<first + training + validation)
        let tested = pool.items(first + training + validation..<first + training + validation + test)
        let widths = [Int](repeating: hidden, count: members) + factors.map { $0 * hidden }
        let models = try Parallel.map(count: widths.count) { index in
            try FeedForwardNetwork(
                widths: [pool.width, widths[index], 10], head: .softmax, epochs: epochs, batchSize: 64,
                learningRate: 2e-3, seed: seed &+ UInt64(100 * part + index)
            ).fit(inputs: fitted.inputs, classes: fitted.labels)
        }
        let ensemble = Array(models.prefix(members))
        let wider = zip(factors, models.dropFirst(members)).map { factor, model in
            (
                factor: factor,
                curve: SelectiveAnswers([model], inputs: tested.inputs, labels: tested.labels).riskCoverage(stage: 0),
                operations: Double(model.multiplyAddsPerItem)
            )
        }
        return EnsembleOutcomes(
            validation: SelectiveAnswers(ensemble, inputs: validated.inputs, labels: validated.labels),
            test: SelectiveAnswers(ensemble, inputs: tested.inputs, labels: tested.labels), wider: wider)
    }
}

/// What the networks of one part answered.
struct EnsembleOutcomes: Sendable {
    let validation: SelectiveAnswers
    let test: SelectiveAnswers
    let wider: [(factor: Int, curve: RiskCoverage, operations: Double)]
}

/// The answers of growing ensembles as a log: stage k is the mean of the first k + 1 members, and costs one member more.
struct SelectiveAnswers: Sendable {
    let log: OutcomeLog

    init(_ members: [FeedForwardModel], inputs: [Float], labels: [Int]) {
        let (stages, classes) = (members.count, members[0].outputs)
        let schema = LogSchema(stages: (1...stages).map { StageSchema(name: "ensemble of \($0)", evidence: ["top"]) })
        var quality = [Double](repeating: 0, count: labels.count * stages)
        var evidence = quality
        var sums = [Double](repeating: 0, count: labels.count * classes)
        for (stage, member) in members.enumerated() {
            for (index, mass) in member.predict(inputs, rows: labels.count).enumerated() { sums[index] += Double(mass) }
            for (item, label) in labels.enumerated() {
                let row = sums[item * classes..<(item + 1) * classes]
                let top = row.indices.max { row[$0] < row[$1] }!
                quality[item * stages + stage] = top - row.startIndex == label ? 1 : 0
                evidence[item * stages + stage] = row[top] / Double(stage + 1)
            }
        }
        var log = OutcomeLog(schema: schema, ids: labels.indices.map { "item \($0)" }, quality: quality)
        log.evidence = evidence
        log.operations = labels.flatMap { _ in members.map { Double($0.multiplyAddsPerItem) } }
        self.log = log
    }

    /// Risk against coverage of one stage alone.
    func riskCoverage(stage: Int) -> RiskCoverage {
        let items = 0..<log.count
        return RiskCoverage(
            scores: items.map { log.signal(item: $0, stage) }, losses: items.map { 1 - log.quality(item: $0, stage: stage) })
    }
}

/// Where each item of a log leaves a cascade whose stage k has the evidence `top` at signal k.
struct Exits: Sendable {
    /// The score at the last stage asked.
    private(set) var scores: [Double] = []
    /// 1 where that stage is wrong.
    private(set) var losses: [Double] = []
    /// Mean multiply-adds an item.
    private(set) var meanOperations = 0.0

    init(_ policy: some Policy, _ log: OutcomeLog) {
        var state = PolicyState(schema: log.schema)
        for item in 0..<log.count {
            state.begin(log, item: item)
            var last = 0
            while case .ask(let stages) = policy.next(state) {
                for stage in stages {
                    state.record(log, item: item, stage: stage)
                    meanOperations += log.operations[item * log.stageCount + stage] / Double(log.count)
                    last = stage
                }
            }
            scores.append(log.signal(item: item, last))
            losses.append(1 - log.quality(item: item, stage: last))
        }
    }
}
