import Foundation
import Language
import Probability
import Testing

@Suite struct `a memory in a file` {
    private let path = NSTemporaryDirectory() + "memory-\(UUID().uuidString).jsonl"

    private func live(_ file: MemoryFile, _ random: inout Random, steps: Int) throws {
        for _ in 0..<steps {
            let text = randomTexts(1, words: 8, longest: 4, using: &random)[0]
            if random.bernoulli(0.6) {
                try file.write(Episode(situation: text, action: "a\(random.integer(below: 3))", outcome: 0.5))
            } else {
                _ = try file.recall(text, limit: 2)
            }
        }
    }

    @Test func `is the same when it is opened again`() throws {
        defer { try? FileManager.default.removeItem(atPath: path) }
        var random = Random(seed: 3)
        for round in 0..<10 {
            let file = try MemoryFile(path: path, capacity: 6)
            try live(file, &random, steps: 30)
            let again = try MemoryFile(path: path, capacity: 6)
            #expect(again.memory.episodes == file.memory.episodes, "round \(round)")
            let lines = try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n").count
            #expect(lines <= 7)
        }
    }

    @Test func `the file stays bounded however long it is used`() throws {
        defer { try? FileManager.default.removeItem(atPath: path) }
        var random = Random(seed: 4)
        let file = try MemoryFile(path: path, capacity: 5)
        var longest = 0
        for _ in 0..<200 {
            try live(file, &random, steps: 5)
            longest = max(longest, try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n").count)
        }
        #expect(longest <= 4 * 5 + 16)
        #expect(try MemoryFile(path: path, capacity: 5).memory.episodes == file.memory.episodes)
    }

    /// A crash can cut the last line anywhere: what was whole before stays.
    @Test func `a cut last line is taken off`() throws {
        defer { try? FileManager.default.removeItem(atPath: path) }
        let file = try MemoryFile(path: path, capacity: 9)
        for word in ["one", "two", "three ünïcode"] {
            try file.write(Episode(situation: word, action: "a", outcome: 1))
        }
        let data = try #require(FileManager.default.contents(atPath: path))
        let lastLine = data.dropLast().lastIndex(of: 10)! + 1
        for cut in lastLine..<data.count {
            try data[..<cut].write(to: URL(fileURLWithPath: path))
            let again = try MemoryFile(path: path, capacity: 9)
            #expect(again.memory.episodes.map(\.situation) == ["one", "two"])
            try again.write(Episode(situation: "four", action: "a", outcome: 1))
            #expect(try MemoryFile(path: path, capacity: 9).memory.episodes.map(\.situation) == ["one", "two", "four"])
        }
    }

    @Test func `a smaller capacity forgets what has no room`() throws {
        defer { try? FileManager.default.removeItem(atPath: path) }
        let file = try MemoryFile(path: path, capacity: 9)
        for word in ["one", "two", "three"] { try file.write(Episode(situation: word, action: "a", outcome: 1)) }
        #expect(try MemoryFile(path: path, capacity: 2).memory.episodes.map(\.situation) == ["two", "three"])
    }

    @Test(arguments: [
        ("{\"memory\":2}\n", 1, "version 1"), ("{\"set\":{}}\n", 1, "missing"),
        ("{\"memory\":1}\n\n{\"forget\":4}\n", 3, "no episode 4"),
        ("{\"memory\":1}\n{}\n", 2, "expected 'set' or 'forget'"),
        (
            "{\"memory\":1}\n{\"set\":{\"id\":0,\"situation\":\"\",\"action\":\"\",\"outcome\":7,\"time\":0,\"strength\":1,\"count\":1}}\n",
            2, "'outcome'"
        ),
    ]) func `a bad line is named, and the file stays as it is`(_ text: String, _ line: Int, _ reason: String) throws {
        defer { try? FileManager.default.removeItem(atPath: path) }
        try text.write(toFile: path, atomically: true, encoding: .utf8)
        #expect {
            try MemoryFile(path: path, capacity: 2)
        } throws: {
            guard case .badRecord(path, line, let found)? = $0 as? LanguageError else { return false }
            return found.contains(reason)
        }
        #expect(try String(contentsOfFile: path, encoding: .utf8) == text)
    }

    @Test func `damaged files are refused with a sentence or read`() throws {
        defer { try? FileManager.default.removeItem(atPath: path) }
        var random = Random(seed: 5)
        try live(try MemoryFile(path: path, capacity: 4), &random, steps: 20)
        let good = [UInt8](try #require(FileManager.default.contents(atPath: path)))
        for _ in 0..<500 {
            var bytes = good
            for _ in 0..<1 + random.integer(below: 3) {
                bytes[random.integer(below: bytes.count)] = UInt8(random.integer(below: 256))
            }
            try Data(bytes).write(to: URL(fileURLWithPath: path))
            do {
                #expect(try MemoryFile(path: path, capacity: 4).memory.episodes.count <= 4)
            } catch {
                guard case .badRecord(path, 1..., _)? = error as? LanguageError else {
                    Issue.record("\(error)")
                    return
                }
            }
        }
    }

    @Test func `a folder that is not there is an error`() {
        #expect(throws: (any Error).self) { try MemoryFile(path: "/nowhere/at/all.jsonl", capacity: 3) }
    }
}
