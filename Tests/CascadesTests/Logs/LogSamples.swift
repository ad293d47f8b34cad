import Cascades
import Foundation
import Probability

/// A file that is gone when its test ends.
final class ScratchFile {
    let path: String

    init(_ bytes: some Sequence<UInt8>, ending: String) throws {
        path =
            FileManager.default.temporaryDirectory.appendingPathComponent("cascade-\(UUID().uuidString).\(ending)").path
        try Data(bytes).write(to: URL(fileURLWithPath: path))
    }

    convenience init(_ text: String, ending: String) throws { try self.init(Array(text.utf8), ending: ending) }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    var text: String { (try? String(contentsOfFile: path, encoding: .utf8)) ?? "" }
}

/// Reads `text` as a file of `format`.
func read(_ text: String, _ format: LogFormat = .jsonl) throws -> OutcomeLog {
    let file = try ScratchFile(text, ending: format.rawValue)
    return try withExtendedLifetime(file) { try OutcomeLog.read(from: file.path) }
}

/// The error that reading `text` gives, with the file's name replaced by `log`.
func readError(_ text: String, _ format: LogFormat = .jsonl) throws -> String? {
    let file = try ScratchFile(text, ending: format.rawValue)
    do {
        _ = try OutcomeLog.read(from: file.path)
        return nil
    } catch let error as LogError {
        return error.description.replacingOccurrences(of: file.path, with: "log")
    }
}

/// Whether both logs have the same cells, a missing cell being like a missing cell.
func same(_ a: OutcomeLog, _ b: OutcomeLog) -> Bool {
    func bits(_ log: OutcomeLog) -> [[UInt64]] {
        [
            log.times, log.context, log.quality, log.money, log.seconds, log.operations, log.tokensIn, log.tokensOut,
            log.evidence, log.propensities,
        ].map { $0.map { $0.isNaN ? Double.nan.bitPattern : $0.bitPattern } }
    }
    return a.schema == b.schema && a.ids == b.ids && a.inputs == b.inputs && a.groups == b.groups
        && a.splits == b.splits
        && a.answers == b.answers && bits(a) == bits(b)
}

/// Random logs with awkward names, texts and numbers.
enum LogSamples {
    static let texts = [
        "plain", "", "comma, and \"quotes\"", "line\nfeed\r\nand more", "tab\tand \u{1} control", "emoji 😀 é",
        "back\\slash /", " space ", "null", "1e5", "\u{FEFF}mark", "'",
    ]

    static func number(_ random: inout Random) -> Double {
        switch random.integer(below: 8) {
        case 0: return 0
        case 1: return -0.0
        case 2: return Double(random.integer(below: 1000)) - 500
        case 3: return random.uniform()
        case 4: return random.normal() * 1e-300
        case 5: return Double(bitPattern: random.next() & 0x7FDF_FFFF_FFFF_FFFF)
        case 6: return Double.leastNonzeroMagnitude * Double(random.integer(below: 100))
        default: return (random.uniform() * 1e6).rounded() / 1e3
        }
    }

    /// A log whose columns and names are all in use by at least one item.
    static func log(_ random: inout Random) -> OutcomeLog {
        let items = 1 + random.integer(below: 40)
        let names = ["small", "large.v2", "a b", "größe", "quote\"d", "comma,ed"]
        let stageCount = 1 + random.integer(below: 4)
        let schema = LogSchema(
            context: ["length", "x.y", "ключ"].prefix(random.integer(below: 4)).map { $0 },
            stages: (0..<stageCount).map { stage in
                StageSchema(
                    name: names[stage],
                    evidence: ["margin", "entropy", "log.p"].prefix(random.integer(below: 4)).map { $0 })
            })
        func cells(_ width: Int, _ value: (inout Random) -> Double) -> [Double] {
            var result = (0..<items * width).map { _ in random.uniform() < 0.2 ? .nan : value(&random) }
            if width > 0 { result[0] = value(&random) }
            return result
        }
        func texts() -> CodedColumn {
            var values = (0..<items).map { _ in
                random.uniform() < 0.2 ? nil : Self.texts[random.integer(below: Self.texts.count)]
            }
            values[0] = "first"
            return CodedColumn(values)
        }
        func some(_ width: Int, _ value: (inout Random) -> Double) -> [Double] {
            random.uniform() < 0.5 ? [] : cells(width, value)
        }
        func positive(_ random: inout Random) -> Double { abs(number(&random)) }
        var log = OutcomeLog(
            schema: schema, ids: (0..<items).map { "\($0) \(Self.texts[$0 % Self.texts.count])" },
            quality: cells(stageCount, number))
        if random.uniform() < 0.5 {
            log.inputs = (0..<items).map { _ in Self.texts[random.integer(below: Self.texts.count)] }
            log.inputs[0] = "first\ninput"
        }
        if random.uniform() < 0.5 { log.groups = texts() }
        if random.uniform() < 0.5 { log.splits = texts() }
        log.times = some(1, number)
        log.context = cells(schema.context.count, number)
        log.money = some(stageCount, positive)
        log.seconds = some(stageCount, positive)
        log.operations = some(stageCount, positive)
        log.tokensIn = some(stageCount, positive)
        log.tokensOut = some(stageCount, positive)
        log.propensities = some(stageCount) { 1 - $0.uniform() }
        log.evidence = cells(schema.evidenceCount, number)
        if random.uniform() < 0.5 { log.answers = (0..<stageCount).map { $0 == 1 ? CodedColumn() : texts() } }
        return log
    }
}
