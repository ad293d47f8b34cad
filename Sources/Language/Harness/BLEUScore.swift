import Foundation

/// BLEU of a list of texts, 0 to 100: the geometric mean of the shares of runs of one to four words that a reference has
/// too, times a penalty for texts shorter than the references.
///
/// A run of some length that is never shared counts 1 / 2^k of one at the k-th such length. Words are parted at spaces, at
/// punctuation beside anything but digits, and at symbols (mteval's international tokens).
///
/// - Source: Papineni et al., 2002; smoothing and tokens as in Post, "A call for clarity in reporting BLEU scores", 2018.
struct BLEUScore {
    /// The score.
    let value: Double

    /// - Parameter references: for each text the ones that it is compared with, one at least.
    init(texts: [String], references: [[String]]) {
        var shared = [Int](repeating: 0, count: 4)
        var total = [Int](repeating: 0, count: 4)
        var length = 0
        var referenceLength = 0
        for (text, others) in zip(texts, references) {
            let words = Self.words(of: text)
            let others = others.map(Self.words)
            length += words.count
            // The closest length; of two equally close ones the shorter.
            referenceLength +=
                others.map(\.count).min { (abs($0 - words.count), $0) < (abs($1 - words.count), $1) } ?? 0
            for size in 1...4 where words.count >= size {
                let counts = Self.runs(words, size)
                var most: [ArraySlice<String>: Int] = [:]
                for other in others { most.merge(Self.runs(other, size), uniquingKeysWith: max) }
                total[size - 1] += words.count - size + 1
                for (run, count) in counts { shared[size - 1] += min(count, most[run] ?? 0) }
            }
        }
        guard shared.contains(where: { $0 > 0 }), total[3] > 0 else {
            value = 0
            return
        }
        var logs = 0.0
        var smoothing = 1.0
        for size in 0..<4 {
            if shared[size] == 0 {
                smoothing *= 2
                logs += log(1 / (smoothing * Double(total[size])))
            } else {
                logs += log(Double(shared[size]) / Double(total[size]))
            }
        }
        let penalty = length < referenceLength ? exp(1 - Double(referenceLength) / Double(length)) : 1
        value = 100 * penalty * exp(logs / 4)
    }

    private static func runs(_ words: [String], _ size: Int) -> [ArraySlice<String>: Int] {
        var counts: [ArraySlice<String>: Int] = [:]
        guard words.count >= size else { return counts }
        for start in 0...words.count - size { counts[words[start..<start + size], default: 0] += 1 }
        return counts
    }

    /// The words of `text`.
    static func words(of text: String) -> [String] {
        var spaced = text.trimmingCharacters(in: .whitespacesAndNewlines)
        spaced = spaced.replacing(/(\P{N})(\p{P})/.matchingSemantics(.unicodeScalar)) { "\($0.1) \($0.2) " }
        spaced = spaced.replacing(/(\p{P})(\P{N})/.matchingSemantics(.unicodeScalar)) { " \($0.1) \($0.2)" }
        spaced = spaced.replacing(/(\p{S})/.matchingSemantics(.unicodeScalar)) { " \($0.1) " }
        return spaced.split { $0.isWhitespace }.map(String.init)
    }
}
