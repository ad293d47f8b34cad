import Foundation
import NumericalMethods

/// What a row of logits says as a whole.
struct LogitSummary {
    /// The largest logit.
    var largest = -Float.infinity
    /// ln Σ e^(x - largest): the surprise of the likeliest token.
    var logNormaliser = 0.0
    /// In nats.
    var entropy = 0.0
    /// By how much the likeliest token's probability exceeds the next one's.
    var margin = 0.0

    /// In single precision, as the logits are; sums in double precision.
    init(_ logits: some Collection<Float>) {
        if logits.withContiguousStorageIfAvailable({ summarise($0) }) == nil {
            Array(logits).withUnsafeBufferPointer { summarise($0) }
        }
    }

    /// Of a row whose two largest logits, Σ e^x and Σ x e^x are these, x being relative to the largest.
    init(_ first: Float, _ second: Float, sum: Double, moment: Double) { set(first, second, sum: sum, moment: moment) }

    private mutating func summarise(_ logits: UnsafeBufferPointer<Float>) {
        let (first, second) = VectorFunctions.largestTwo(logits)
        let blocks = (logits.count + VectorFunctions.blockSize - 1) / VectorFunctions.blockSize
        withUnsafeTemporaryAllocation(of: Double.self, capacity: 2 * blocks) { space in
            let sums = UnsafeMutableBufferPointer(rebasing: space[..<blocks])
            let moments = UnsafeMutableBufferPointer(rebasing: space[blocks...])
            VectorFunctions.exponentialBlocks(logits, shift: first, scale: 1, sums: sums, moments: moments)
            set(
                first, second, sum: VectorSums.sum(UnsafeBufferPointer(sums)),
                moment: VectorSums.sum(UnsafeBufferPointer(moments)))
        }
    }

    /// Σ e^x and Σ x e^x, x being relative to the largest, give the normaliser and the entropy.
    private mutating func set(_ first: Float, _ second: Float, sum: Double, moment: Double) {
        largest = first
        logNormaliser = log(sum)
        entropy = max(0, logNormaliser - moment / sum)
        margin = (1 - exp(Double(second) - Double(first))) / sum
    }
}

extension GeneratedToken {
    /// `token` with what a row of logits says of it.
    init(logits: some Collection<Float>, token: Token) {
        self.init(logits: logits, token: token, LogitSummary(logits))
    }

    /// `token` with what `summary` says of the row of logits that it was drawn from.
    init(logits: some Collection<Float>, token: Token, _ summary: LogitSummary) {
        let own = logits[logits.index(logits.startIndex, offsetBy: Int(token))]
        self.init(
            text: "", token: token, logProbability: Double(own) - Double(summary.largest) - summary.logNormaliser,
            entropy: summary.entropy, margin: summary.margin)
    }

    /// Tells the `count` likeliest tokens of the row of logits that this one was drawn from, whatever parameters made of them.
    mutating func tellLikeliest(
        _ count: Int, of logits: ArraySlice<Float>, _ tokenizer: some Tokenizer
    ) throws(LanguageError) {
        guard count > 0 else { return }
        let law = try LogitLaw(logits)
        let normaliser = Double(law.largest) + log(law.whole)
        likeliest = law.likeliest(count).map { token, _ in
            let bytes = tokenizer.endsGeneration(token) ? [] : tokenizer.bytes(of: token)
            return LikelyToken(
                String(decoding: bytes, as: UTF8.self),
                logProbability: Double(logits[logits.startIndex + Int(token)]) - normaliser)
        }
    }
}
