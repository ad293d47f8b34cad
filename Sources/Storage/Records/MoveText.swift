import Cascades

/// A policy's moves as a short text: `ask 0; ask 1 2; stop 1`.
enum MoveText {
    static func text(_ moves: [Move]) -> String {
        var result = ""
        for move in moves {
            if !result.isEmpty { result += "; " }
            switch move {
            case .ask(let stages): result += "ask" + list(stages)
            case .stop(let stage): result += "stop \(stage)"
            case .combine(let stages): result += "combine" + list(stages)
            case .abstain: result += "abstain"
            }
        }
        return result
    }

    /// The moves of `text`.
    /// - Throws: ``StorageError/unexpectedValue(column:expected:found:)``.
    static func moves(_ text: String, column: Int) throws(StorageError) -> [Move] {
        var moves: [Move] = []
        for part in text.split(separator: ";") {
            let words = part.split(separator: " ")
            let numbers = words.dropFirst().compactMap { Int($0) }
            guard numbers.count == words.count - 1, numbers.allSatisfy({ (0..<StageSet.capacity).contains($0) }) else {
                throw .unexpectedValue(column: column, expected: "moves", found: text)
            }
            switch (words.first, numbers.count) {
            case ("ask", 1...): moves.append(.ask(StageSet(numbers)))
            case ("stop", 1): moves.append(.stop(answer: numbers[0]))
            case ("combine", 1...): moves.append(.combine(StageSet(numbers)))
            case ("abstain", 0): moves.append(.abstain)
            default: throw .unexpectedValue(column: column, expected: "moves", found: text)
            }
        }
        return moves
    }

    private static func list(_ stages: StageSet) -> String { stages.map { " \($0)" }.joined() }
}
