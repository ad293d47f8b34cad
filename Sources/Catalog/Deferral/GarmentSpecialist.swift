import NumericalMethods
import Probability

/// Fashion-MNIST with a generalist that sees little and a specialist for garments of the upper body.
///
/// The first stage is a softmax regression on 7 x 7 means of the pixels. The second is boosted trees on 14 x 14 means,
/// trained on T-shirts, pullovers, dresses, coats and shirts only.
struct GarmentSpecialist: Sendable {
    /// The classes that the specialist knows.
    static let known = [0, 2, 3, 4, 6]
    let training: FashionMNIST
    let test: FashionMNIST

    /// Reads the images.
    /// - Throws: ``CatalogError`` when they are not there.
    init(_ data: DataStore) throws {
        training = try .training(data)
        test = try .test(data)
    }

    /// Part `part` of `parts` disjoint ones: its own training, validation and test images.
    func draw(part: Int, of parts: Int, using random: inout Random) throws -> (
        validation: TwoClassifiers, test: TwoClassifiers
    ) {
        func share(_ images: FashionMNIST) -> [Int] { Array(stride(from: part, to: images.count, by: parts)) }
        var indices = share(training)
        random.shuffle(&indices)
        let fitted = training.subset(indices.prefix(6000))
        let first = try LogisticRegression(inversePenalty: 0.1).fit(
            features: Self.pooled(fitted, by: 4), classes: fitted.labels, classCount: 10)
        let garments = fitted.subset(fitted.labels.indices.filter { Self.known.contains(fitted.labels[$0]) })
        let second = try BoostedTrees(objective: .softmax(classes: Self.known.count), rounds: 60, threads: 1).fit(
            features: Self.pooled(garments, by: 2),
            targets: garments.labels.map { Double(Self.known.firstIndex(of: $0)!) })

        func ask(_ images: FashionMNIST) -> TwoClassifiers {
            let narrow = second.predict(Self.pooled(images, by: 2))
            var wide = Matrix(rows: images.count, columns: 10)
            for row in 0..<images.count {
                for (column, label) in Self.known.enumerated() { wide[row, label] = narrow[row, column] }
            }
            return TwoClassifiers(
                probabilities: [first.predict(Self.pooled(images, by: 4)), wide], labels: images.labels)
        }
        return (ask(training.subset(indices.dropFirst(6000))), ask(test.subset(share(test))))
    }

    /// Means over squares of `side` x `side` pixels, `[images, (28 / side)²]`.
    static func pooled(_ images: FashionMNIST, by side: Int) -> Matrix {
        let width = 28 / side
        var result = Matrix(rows: images.count, columns: width * width)
        for image in 0..<images.count {
            for pixel in 0..<FashionMNIST.pixels {
                let cell = pixel / 28 / side * width + pixel % 28 / side
                result[image, cell] += Double(images.images[image * FashionMNIST.pixels + pixel]) / Double(side * side)
            }
        }
        return result
    }
}
