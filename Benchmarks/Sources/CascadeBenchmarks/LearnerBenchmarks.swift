import Foundation
import NumericalMethods
import Probability

/// Logistic regression, calibration and boosted trees beside scikit-learn and XGBoost's own Python, on the same data.
enum LearnerBenchmarks {
    static func run(withPeers: Bool) throws -> [Row] {
        let (items, features) = (100_000, 20)
        var random = Random(seed: 3)
        var x = Matrix(rows: items, columns: features)
        var y = [Double](repeating: 0, count: items)
        for item in 0..<items {
            var margin = 0.3
            for feature in 0..<features {
                x[item, feature] = random.normal()
                margin += x[item, feature] * (feature % 3 == 0 ? 0.5 : -0.1)
            }
            margin += 0.5 * x[item, 0] * x[item, 1]
            y[item] = random.uniform() < 1 / (1 + exp(-margin)) ? 1 : 0
        }
        let peers = withPeers ? Peers(features: x, targets: y) : nil
        var rows: [Row] = []

        var logistic: LogisticModel?
        let logisticSeconds = try bestSeconds {
            logistic = try LogisticRegression(standardises: false).fit(features: x, targets: y)
        }
        var loss = 0.0
        let probabilities = logistic!.predict(x)
        for item in 0..<items {
            let p = min(max(probabilities[item], 1e-300), 1)
            loss -= y[item] > 0 ? log(p) : log1p(-min(p, 1 - 1e-16))
        }
        rows.append(
            row(
                "logistic regression, 100,000 x 20", logisticSeconds, peers?.run("logistic"), "scikit-learn",
                "log loss \(String(format: "%.6g", loss / Double(items)))"))

        let score = (0..<items).map { x[$0, 0] }
        let scores = peers.map { _ in Peers(features: Matrix(rows: items, columns: 1, storage: score), targets: y) }
        for (method, name) in [(CalibrationMethod.platt, "platt"), (.isotonic, "isotonic")] {
            var map: Calibration?
            let seconds = try bestSeconds { map = try Calibration.fit(method, scores: score, targets: y) }
            let error =
                (0..<items).reduce(0.0) { sum, item in
                    let miss = map!.calibrate(score[item]) - y[item]
                    return sum + miss * miss
                } / Double(items)
            rows.append(
                row(
                    "calibration: \(name), 100,000", seconds, scores?.run(name), "scikit-learn",
                    "Brier \(String(format: "%.6g", error))"))
        }

        var trees: BoostedTreesModel?
        let treeSeconds = try bestSeconds {
            trees = try BoostedTrees(objective: .logistic, rounds: 100, depth: 4).fit(features: x, targets: y)
        }
        let outputs = trees!.predict(x)
        let treeLoss =
            (0..<items).reduce(0.0) { sum, item in
                let p = min(max(outputs[item, 0], 1e-7), 1 - 1e-7)
                return sum - (y[item] > 0 ? log(p) : log(1 - p))
            } / Double(items)
        rows.append(
            row(
                "boosted trees, 100 rounds of depth 4, 100,000 x 20", treeSeconds, peers?.run("trees"), "xgboost",
                "log loss \(String(format: "%.6g", treeLoss))"))
        return rows
    }

    private static func row(
        _ name: String, _ seconds: Double, _ peer: Peers.Result?, _ peerName: String, _ note: String
    ) -> Row {
        Row(
            name: name, value: seconds, unit: "s", target: nil, peer: peer?.seconds, peerName: peerName,
            note: note
                + (peer.map { String(format: "; peer's loss %.6g, peak %.0f MB", $0.loss, $0.peakMegabytes) } ?? ""))
    }
}

/// Peers in Python, run on data written to a file.
struct Peers {
    struct Result: Codable {
        var seconds: Double
        var loss: Double
        var peakMegabytes: Double
    }

    private let path: String
    private let items: Int
    private let features: Int

    init(features x: Matrix, targets: [Double]) {
        path = NSTemporaryDirectory() + "/cascade-bench-\(ProcessInfo.processInfo.processIdentifier)-\(x.columns).f64"
        items = x.rows
        features = x.columns
        let data = (x.storage + targets).withUnsafeBytes { Data($0) }
        try? data.write(to: URL(fileURLWithPath: path))
    }

    /// The peer's figures, or nil when it is not installed.
    func run(_ work: String) -> Result? {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "Benchmarks/.venv/bin/python")
        process.arguments = ["Benchmarks/peers/peer.py", work, path, String(items), String(features)]
        let output = Pipe()
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        guard (try? process.run()) != nil else { return nil }
        let data = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return try? JSONDecoder().decode(Result.self, from: data)
    }
}
