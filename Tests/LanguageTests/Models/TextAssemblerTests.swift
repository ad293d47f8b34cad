import Probability
import Testing

@testable import Language

@Suite("Text from tokens")
struct TextAssemblerTests {
    @Test func charactersComeWhole() {
        var assembler = TextAssembler(stops: [])
        let euro = Array("€".utf8)
        #expect(assembler.add([euro[0]]) == "")
        #expect(assembler.add([euro[1]]) == "")
        #expect(assembler.add([euro[2], 65]) == "€A")
        #expect(assembler.flush() == "")
    }

    @Test func aStopTextAndWhatFollowsAreNeverShown() {
        var assembler = TextAssembler(stops: ["\n\nQ:", "END"])
        #expect(assembler.add(Array("answer\n".utf8)) == "answer")
        #expect(assembler.add(Array("\nQ".utf8)) == "")
        #expect(assembler.add(Array(": more".utf8)) == "")
        #expect(assembler.isStopped)
        #expect(assembler.flush() == "")
    }

    @Test func aFalseBeginningOfAStopIsShownInTheEnd() {
        var assembler = TextAssembler(stops: ["END"])
        #expect(assembler.add(Array("EN".utf8)) == "")
        #expect(assembler.add(Array("ENTER".utf8)) == "ENENTER")
    }

    @Test func anyCutIntoTokensGivesTheSameText() {
        var random = Random(seed: 11)
        let text = "Grüße, 世界! 👩‍🚀 stop"
        for _ in 0..<200 {
            var assembler = TextAssembler(stops: ["stop", "xyz"])
            var rest = ArraySlice(text.utf8)
            var result = ""
            while !rest.isEmpty {
                let count = min(rest.count, 1 + random.integer(below: 5))
                result += assembler.add(Array(rest.prefix(count)))
                rest = rest.dropFirst(count)
            }
            result += assembler.flush()
            #expect(result == "Grüße, 世界! 👩‍🚀 ")
        }
    }
}
