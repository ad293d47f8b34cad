import Testing

@testable import Gateway

@Suite struct `values on the heap` {
    private struct Pair: Sendable, Equatable {
        var left: [Int]
        var right: String
    }

    private struct Owner: Sendable {
        @Boxed var pair: Pair
    }

    @Test func `are values: a copy goes its own way`() async {
        var owner = Owner(pair: Pair(left: [1], right: "a"))
        let copy = owner
        owner.pair.left.append(2)
        owner.pair.right = "b"
        #expect(copy.pair == Pair(left: [1], right: "a"))
        #expect(owner.pair == Pair(left: [1, 2], right: "b"))
        let all = await withTaskGroup(of: [Int].self) { group in
            for number in 0..<50 {
                group.addTask {
                    var mine = copy
                    for _ in 0..<number { mine.pair.left.append(number) }
                    return mine.pair.left
                }
            }
            return await group.reduce(into: [[Int]]()) { $0.append($1) }
        }
        #expect(Set(all) == Set((0..<50).map { [1] + [Int](repeating: $0, count: $0) }))
        #expect(copy.pair.left == [1])
    }

    @Test func `take one word`() { #expect(MemoryLayout<Owner>.size == MemoryLayout<Int>.size) }
}
