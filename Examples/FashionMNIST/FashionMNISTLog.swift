import ArgumentParser
import Cascades
import Catalog
import NumericalMethods

/// Trains four classifiers of rising cost on the training images of Fashion-MNIST and writes what each of them said of
/// test images as an outcome log.
///
///     cascade data get fashion-mnist
///     swift run -c release FashionMNISTLog --output Examples/logs/fashion-mnist.jsonl
@main
struct FashionMNISTLog: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Train four classifiers of clothes and log what each says of the test images.")

    @Option(help: "Seeds initial weights, order of images and subsamples.")
    var seed: UInt64 = 1
    @Option(help: "The log to write.")
    var output = "fashion-mnist.jsonl"
    @Option(help: "How many of the 60,000 training images are used.")
    var images = 60_000
    @Option(help: "How many of the 10,000 test images are logged.")
    var testImages = 8000

    func validate() throws {
        guard 1000...60_000 ~= images else { throw ValidationError("--images takes a number from 1000 to 60000") }
        guard 1...10_000 ~= testImages else { throw ValidationError("--test-images takes a number from 1 to 10000") }
    }

    func run() throws {
        let training = try FashionMNIST.training(DataStore()).subset(0..<images)
        let test = try FashionMNIST.test(DataStore()).subset(0..<testImages)
        var answers: [ClassifierAnswers] = []
        for classifier in ImageClassifier.all(seed: seed) {
            let fitted = try classifier.answers(training: training, test: test)
            answers.append(fitted)
            let right = zip(fitted.top, test.labels).count { $0 == $1 }
            let accuracy = Rounding.decimals(100 * Double(right) / Double(test.count), 2)
            print("\(classifier.name): \(accuracy) % right, \(Int(fitted.operations)) operations an image")
        }
        try log(of: test, answers).write(to: output, format: .jsonl)
        print("\(output): \(test.count) images")
    }

    /// The log of `answers` to the images of `test`, with numbers to four decimals.
    private func log(of test: FashionMNIST, _ answers: [ClassifierAnswers]) throws -> OutcomeLog {
        let evidence = ["top", "margin", "entropy", "label_probability"]
        let schema = LogSchema(
            context: ImageNumbers.names, stages: answers.map { StageSchema(name: $0.name, evidence: evidence) })
        let places = answers.indices.map { $0 }
        var log = OutcomeLog(
            schema: schema, ids: (1...test.count).map { "test-\(Rounding.padded($0, digits: String(test.count).count))" },
            quality: test.labels.indices.flatMap { item in
                places.map { answers[$0].top[item] == test.labels[item] ? 1 : 0 }
            })
        log.operations = test.labels.flatMap { _ in answers.map(\.operations) }
        for item in 0..<test.count {
            let pixels = test.images[item * FashionMNIST.pixels..<(item + 1) * FashionMNIST.pixels]
            log.context += ImageNumbers.values(pixels).map { Rounding.decimals($0, 4) }
            for answer in answers {
                let probabilities = answer.probabilities[item * 10..<(item + 1) * 10].map { Double($0) }
                let sum = probabilities.reduce(0, +)
                let standard = try Evidence.classProbabilities(probabilities.map { $0 / sum })
                log.evidence += (standard.values + [probabilities[test.labels[item]]]).map { Rounding.decimals($0, 4) }
            }
        }
        log.answers = answers.map { answer in CodedColumn(answer.top.map { FashionMNIST.classes[$0] }) }
        return log
    }
}

/// Numbers as people write them.
enum Rounding {
    /// `value` to `digits` decimals.
    static func decimals(_ value: Double, _ digits: Int) -> Double {
        var scale = 1.0
        for _ in 0..<digits { scale *= 10 }
        return (value * scale).rounded() / scale
    }

    /// `number` with leading zeros.
    static func padded(_ number: Int, digits: Int) -> String {
        String(repeating: "0", count: max(0, digits - String(number).count)) + String(number)
    }
}
