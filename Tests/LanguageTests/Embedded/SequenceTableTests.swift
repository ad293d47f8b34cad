import Testing

@testable import Language

@Suite("Seats of a context")
struct SequenceTableTests {
    @Test func theLongestCachedBeginningIsFound() {
        var table = SequenceTable(seats: 4)
        _ = table.open(0, tokens: [1, 2, 3], decoded: 3)
        _ = table.open(1, tokens: [1, 2, 3, 4, 5], decoded: 4)
        _ = table.open(2, tokens: [1, 2, 3, 4, 5], decoded: 2)
        let best = table.longestPrefix(of: [1, 2, 3, 4, 5, 6])
        #expect(best?.seat == 1)
        #expect(best?.count == 4)
        #expect(table.longestPrefix(of: [2]) == nil)
    }

    @Test func theSeatClosedLongestAgoGivesWayFirst() {
        var table = SequenceTable(seats: 3)
        for seat in 0..<3 { _ = table.open(seat, tokens: [Token(seat)], decoded: 1) }
        #expect(table.freeSeat() == nil)
        table.close(2)
        table.close(0)
        #expect(table.freeSeat() == 2)
        #expect(table.freeSeat(sparing: 2) == 0)
        table.clear(1)
        #expect(table.freeSeat() == 1)
    }

    @Test func whatIsNotDecodedIsNotKept() {
        var table = SequenceTable(seats: 1)
        _ = table.open(0, tokens: [1, 2, 3], decoded: 2)
        table.close(0)
        #expect(table[0].tokens == [1, 2])
    }
}
