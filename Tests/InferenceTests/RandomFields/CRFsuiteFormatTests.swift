import Foundation
import Inference
import Probability
import Testing

@Suite struct `the attribute format` {
    private func parse(_ text: String) throws -> TaggedSequences {
        var data = TaggedSequences()
        try data.append(crfsuite: Data(text.utf8), file: "train.txt")
        return data
    }

    @Test func `is read with weights, escapes, empty lines and either line end`() throws {
        let data = try parse("B\ta\tb:2.5\tc\\:d\\\\e:-1e-3\r\nI\r\n\n\n\nO\tä|ü\tb:+3")
        #expect(data.count == 2 && data.positionCount == 3)
        #expect(data.labelNames.names == ["B", "I", "O"])
        #expect(data.attributeNames.names == ["a", "b", "c:d\\e", "ä|ü"])
        #expect(data.values == [1, 2.5, -0.001, 1, 3])
        #expect(data.attributeStarts == [0, 3, 3, 5])
        #expect(data.labelNames(of: 0) == ["B", "I"])
    }

    @Test(arguments: [
        ("\ta", 1, "label is missing"), ("B\ta\n\nI\t\tb", 3, "no name"), ("B\ta:", 1, "finite"), ("B\ta:x", 1, "'x'"),
        ("B\ta\nI\tb:nan", 2, "finite"), ("B\ta:inf", 1, "finite"), ("B\ta:1e999", 1, "finite"), ("B:2\ta", 1, "colon"),
        ("B\t:3", 1, "no name"), ("B\ta\\b", 1, "backslash"), ("B\ta\\", 1, "backslash"), ("B\ta:1:2", 1, "1:2"),
        ("B\ta\t", 1, "no name"),
    ])
    func `names the line and what is wrong with it`(_ text: String, _ line: Int, _ part: String) {
        #expect {
            try parse(text)
        } throws: { error in
            guard case InferenceError.badLine("train.txt", let found, let reason) = error else { return false }
            return found == line && reason.contains(part)
        }
    }

    @Test func `refuses names that are not UTF-8 and files that are not there`() {
        var data = TaggedSequences()
        #expect(throws: InferenceError.badLine(file: "x", line: 2, reason: "a name is not valid UTF-8.")) {
            try data.append(crfsuite: Data("B\ta\nI\t".utf8) + Data([0xFF, 0xC0]), file: "x")
        }
        #expect(data == TaggedSequences())
        #expect(throws: InferenceError.self) { try TaggedSequences.read(crfsuite: "/nowhere/x") }
    }

    @Test func `gives back what was written`() throws {
        var random = Random(seed: 6)
        let letters = Array("ab:\\é\u{1F600} =|[]-1.").map(String.init)
        func name() -> String {
            (0...random.integer(below: 5)).map { _ in letters[random.integer(below: letters.count)] }.joined()
        }
        for _ in 0..<50 {
            var data = TaggedSequences()
            for _ in 0..<(1 + random.integer(below: 4)) {
                let length = 1 + random.integer(below: 4)
                try data.append(
                    (0..<length).map { _ in
                        (0..<random.integer(below: 4)).map { _ in
                            .init(name(), random.bernoulli(0.5) ? 1 : random.normal() * pow(10, 20 * random.normal()))
                        }
                    }, labels: (0..<length).map { _ in name() })
            }
            #expect(try parse(data.crfsuiteText()) == data)
        }
    }

    @Test func `never traps on damaged bytes`() throws {
        var random = Random(seed: 7)
        let sound = Array("B-NP\tw[0]=An\tpos=D\\:T:1.5\nI-NP\tw=a\\\\b:-2e3\tx\n\nO\ty:0.5\n".utf8)
        let alphabet: [UInt8] = [0, 9, 10, 13, 32, 45, 46, 48, 49, 58, 65, 92, 101, 128, 195, 255]
        var refused = 0
        for _ in 0..<5000 {
            var bytes = sound
            for _ in 0...random.integer(below: 6) {
                let place = random.integer(below: bytes.count)
                switch random.integer(below: 3) {
                case 0: bytes[place] = alphabet[random.integer(below: alphabet.count)]
                case 1: bytes.remove(at: place)
                default: bytes.insert(alphabet[random.integer(below: alphabet.count)], at: place)
                }
            }
            var data = TaggedSequences()
            do {
                try data.append(crfsuite: Data(bytes), file: "x")
                let areFinite = data.values.allSatisfy { $0.isFinite }
                #expect(areFinite)
                #expect(data.sequenceStarts.last == data.positionCount)
                #expect(data.attributeStarts.count == data.positionCount + 1)
            } catch {
                refused += 1
                guard case InferenceError.badLine(_, let line, _) = error else {
                    Issue.record("\(error)")
                    continue
                }
                #expect(line >= 1 && line <= 20)
            }
        }
        #expect(refused > 500 && refused < 4900)
    }
}

@Suite struct `attribute templates` {
    @Test func `join columns around a position`() throws {
        let templates = try ["w[0]", "w[-1]|w[0]", "p[1]"].map { try AttributeTemplate($0) }
        let items = try AttributeTemplate.attributes(templates, columns: ["w": ["a", "b"], "p": ["X", "Y"]])
        #expect(items.map { $0.map(\.name) } == [["w[0]=a", "p[1]=Y", "BOS"], ["w[0]=b", "w[-1]|w[0]=a|b", "EOS"]])
    }

    @Test(arguments: ["", "w", "w[]", "w[x]", "[0]", "w[0]|", "w[0]]"]) func `refuse other texts`(_ text: String) {
        #expect(throws: InferenceError.self) { try AttributeTemplate(text) }
    }

    @Test func `refuse columns that are missing or uneven`() throws {
        let templates = [try AttributeTemplate("w[0]")]
        #expect(throws: InferenceError.self) { try AttributeTemplate.attributes(templates, columns: ["p": ["a"]]) }
        #expect(throws: InferenceError.self) {
            try AttributeTemplate.attributes(templates, columns: ["w": ["a"], "p": ["a", "b"]])
        }
        #expect(throws: InferenceError.self) { try AttributeTemplate.attributes(templates, columns: [:]) }
    }
}
