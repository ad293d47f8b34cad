import Cascades
import Foundation
import Probability
import Testing

@Suite struct `fuzzing the log readers` {
    /// Reads `bytes`; anything but a log or a `LogError` fails the test, a crash ends it.
    private func check(_ bytes: [UInt8], _ format: LogFormat) throws -> Bool {
        let file = try ScratchFile(bytes, ending: format.rawValue)
        let report = try OutcomeLog.readCollectingErrors(from: file.path, limit: 3)
        #expect((report.log == nil) == (report.errorCount > 0))
        do {
            let log = try OutcomeLog.read(from: file.path)
            #expect(
                log.quality.count == log.count * log.stageCount
                    && log.evidence.count == log.count * log.schema.evidenceCount)
            #expect(report.errorCount == 0)
            return true
        } catch is LogError {
            #expect(report.errorCount > 0)
            return false
        }
    }

    @Test(arguments: [LogFormat.jsonl, .csv]) func `with random bytes and tokens`(format: LogFormat) throws {
        var random = Random(seed: 1)
        let tokens = [
            "{", "}", "[", "]", "\"", ":", ",", "\n", "\r", "\\u", "D83D", "\\uDE00", "null", "true", "1e", "-", "0.",
            "9999999999999999999",
            "\"id\"", "\"stages\"", "\"a\"", "\"evidence\"", "\"quality\"", "id,", "a.quality", "a.evidence.m,", "\0",
            "\u{FEFF}", " ",
        ].map { Array($0.utf8) }
        for round in 0..<600 {
            var bytes: [UInt8] = []
            for _ in 0..<random.integer(below: 60) {
                if round % 2 == 0 {
                    bytes.append(UInt8(truncatingIfNeeded: random.next()))
                } else {
                    bytes += tokens[random.integer(below: tokens.count)]
                }
            }
            _ = try check(bytes, format)
        }
    }

    @Test(arguments: [LogFormat.jsonl, .csv]) func `with valid files that are changed or cut`(format: LogFormat) throws
    {
        var random = Random(seed: 2)
        var (valid, broken) = (0, 0)
        for _ in 0..<60 {
            let file = try ScratchFile("", ending: format.rawValue)
            try LogSamples.log(&random).write(to: file.path)
            let original = Array(try Data(contentsOf: URL(fileURLWithPath: file.path)))
            for round in 0..<12 {
                var bytes = original
                if round % 3 == 0 {
                    bytes.removeLast(random.integer(below: bytes.count))
                } else {
                    for _ in 0...random.integer(below: 3) {
                        let place = random.integer(below: bytes.count)
                        switch random.integer(below: 4) {
                        case 0: bytes[place] ^= UInt8(1 << random.integer(below: 8))
                        case 1: bytes.remove(at: place)
                        case 2: bytes.insert(bytes[random.integer(below: bytes.count)], at: place)
                        default: bytes[place] = Array("\"{}:,\n\\.e-0".utf8)[random.integer(below: 11)]
                        }
                        if bytes.isEmpty { break }
                    }
                }
                if try check(bytes, format) { valid += 1 } else { broken += 1 }
            }
        }
        // Both outcomes must occur, else the changes test nothing.
        #expect(valid > 20 && broken > 20)
    }

    @Test func `with nesting without end and numbers without end`() throws {
        let deep = Array(String(repeating: "{\"stages\":", count: 200_000).utf8)
        #expect(try !check(deep, .jsonl))
        let long = "{\"stages\":{\"a\":{\"quality\":0." + String(repeating: "3", count: 100_000) + "}}}"
        #expect(try check(Array(long.utf8), .jsonl))
        let huge = "{\"stages\":{\"a\":{\"quality\":1" + String(repeating: "0", count: 100_000) + "}}}"
        #expect(try !check(Array(huge.utf8), .jsonl))
    }
}
