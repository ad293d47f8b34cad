import Catalog
import NumericalMethods

/// What a classifier said of every image, and what one image cost.
struct ClassifierAnswers {
    let name: String
    /// Multiply-adds an image; for trees, comparisons and additions.
    let operations: Double
    /// `[images, 10]`.
    let probabilities: [Float]

    /// The most probable class of each image.
    var top: [Int] {
        stride(from: 0, to: probabilities.count, by: 10).map { start in
            (0..<10).max { probabilities[start + $0] < probabilities[start + $1] }!
        }
    }
}

/// A way to tell clothes apart.
struct ImageClassifier: Sendable {
    let name: String
    /// Pixels are averaged over squares of this width first.
    let pooling: Int
    let method: Method

    enum Method: Sendable {
        /// Layers of these widths between the pixels and the ten classes.
        case network(hidden: [Int], epochs: Int, learningRate: Double, seed: UInt64)
        case trees(BoostedTrees)
    }

    /// Softmax regression, boosted trees, and two networks.
    static func all(seed: UInt64) -> [ImageClassifier] {
        [
            ImageClassifier(
                name: "softmax", pooling: 2,
                method: .network(hidden: [], epochs: 10, learningRate: 5e-3, seed: seed)),
            ImageClassifier(
                name: "trees", pooling: 4,
                method: .trees(
                    BoostedTrees(
                        objective: .softmax(classes: 10), rounds: 40, depth: 5, learningRate: 0.3, subsample: 0.7,
                        bins: 64, seed: seed))),
            ImageClassifier(
                name: "network-128", pooling: 1,
                method: .network(hidden: [128], epochs: 8, learningRate: 1e-3, seed: seed + 1)),
            ImageClassifier(
                name: "network-512", pooling: 1,
                method: .network(hidden: [512, 256], epochs: 8, learningRate: 1e-3, seed: seed + 2)),
        ]
    }

    /// Trains on `training` and answers `test`.
    func answers(training: FashionMNIST, test: FashionMNIST) throws -> ClassifierAnswers {
        let inputs = pooling == 1 ? training.images : ImageNumbers.pooled(training.images, width: pooling)
        let questions = pooling == 1 ? test.images : ImageNumbers.pooled(test.images, width: pooling)
        let width = questions.count / test.count
        // Averaging adds each pixel once.
        let preparation = pooling == 1 ? 0 : Double(FashionMNIST.pixels)
        switch method {
        case .network(let hidden, let epochs, let learningRate, let seed):
            let network = FeedForwardNetwork(
                widths: [width] + hidden + [10], head: .softmax, epochs: epochs, learningRate: learningRate, seed: seed)
            let model = try network.fit(inputs: inputs, classes: training.labels)
            return ClassifierAnswers(
                name: name, operations: preparation + Double(model.multiplyAddsPerItem),
                probabilities: model.predict(questions, rows: test.count))
        case .trees(let trees):
            let model = try trees.fit(
                features: Matrix(rows: training.count, columns: width, storage: inputs.map { Double($0) }),
                targets: training.labels.map { Double($0) })
            let result = model.predict(Matrix(rows: test.count, columns: width, storage: questions.map { Double($0) }))
            // At most a comparison a level and one addition of a leaf in each tree.
            let steps = Double(model.ensemble.trees * (trees.depth + 1))
            return ClassifierAnswers(
                name: name, operations: preparation + steps, probabilities: result.storage.map { Float($0) })
        }
    }
}
