import Cascades
import CascadesTesting
import Probability
import Testing

@Suite struct `open learners` {
    @Test(arguments: 0..<20) func `compose by the laws, whatever they do`(seed: Int) {
        let seed = UInt64(seed) * 3
        let (a, b, c) = (
            arbitraryLearner(parameters: 2, inputs: 3, outputs: 2, seed),
            arbitraryLearner(parameters: 3, inputs: 2, outputs: 3, seed + 1),
            arbitraryLearner(parameters: 2, inputs: 3, outputs: 2, seed + 2)
        )
        #expect(
            checkLearnerComposition(
                a, b, c, parameters: ([0, 1], [0, 1, 2], [0, 1]), inputs: [0, 1, 2], middles: [0, 1], targets: [0, 1])
                == [])
    }

    @Test func `that differ are told apart`() {
        let (a, b) = (
            arbitraryLearner(parameters: 2, inputs: 2, outputs: 2, 1),
            arbitraryLearner(parameters: 2, inputs: 2, outputs: 2, 2)
        )
        let law = "these two are the same"
        #expect(
            checkSameLearner(
                law, a >>> b, b >>> a, parameters: [Pair(0, 1), Pair(1, 0)], inputs: [0, 1], targets: [0, 1]
            ) {
                Pair($0.second, $0.first)
            } != [])
        let lazy = LazyLearner(base: a)
        #expect(
            Set(checkLearner(lazy, parameters: [0, 1], inputs: [0, 1], targets: [0, 1]).map(\.law)).contains(
                "the context is asked once, about the answer"))
    }

    @Test func `learn in one pass through a chain`() {
        // The number of answers asked of the first of four is one, however the brackets are set.
        let counter = Counter()
        let first = FunctionLearner<Int, Int, Int>(
            implement: { p, x in
                counter.add()
                return p + x
            }, update: { p, _, y in p + y }, request: { _, x, y in x - y })
        let plain = FunctionLearner<Int, Int, Int>(
            implement: { $0 + $1 }, update: { p, _, y in p + y }, request: { _, x, y in x - y })
        let left = ((first >>> plain) >>> plain) >>> plain
        _ = left.learn(Pair(Pair(Pair(1, 2), 3), 4), 5) { $0 - 1 }
        #expect(counter.count == 1)
    }
}

/// Learns from what it answered, without asking.
private struct LazyLearner: OpenLearner {
    var base: FunctionLearner<Int, Int, Int>
    func implement(_ parameters: Int, _ input: Int) -> Int { base.implement(parameters, input) }
    func update(_ p: Int, _ input: Int, toward target: Int) -> Int { base.update(p, input, toward: target) }
    func request(_ p: Int, _ input: Int, toward target: Int) -> Int { base.request(p, input, toward: target) }
    func learn(_ p: Int, _ input: Int, in context: (Int) -> Int) -> Lesson<Int, Int> {
        let answer = implement(p, input)
        return Lesson(
            parameters: update(p, input, toward: answer), request: request(p, input, toward: answer))
    }
}

/// Used by one test on one task.
private final class Counter: @unchecked Sendable {  // only ever touched by the task of the test that made it
    private(set) var count = 0
    func add() { count += 1 }
}
