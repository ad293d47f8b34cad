import Foundation
import NumericalMethods
import Probability

/// The distribution that a temperature makes of a row of logits, by sums over blocks of 64 tokens.
///
/// Nothing as long as the vocabulary is stored, and a draw looks into one block. A token's weight is e^((logit - largest) /
/// temperature) in single precision, as are the sums over blocks: as exact as the logits are. Tokens can be taken out one by
/// one, or all but some.
struct LogitLaw: Sendable {
    /// The logits, `[vocabulary]`.
    let row: ArraySlice<Float>
    /// The largest logit of the row.
    let largest: Float
    /// 1 / temperature.
    let scale: Float
    /// What weights are relative to: the largest logit, unless that is too far above all that are left.
    private(set) var shift: Float
    /// Of each block of 64 tokens, the bits of those that are left; nil for all.
    private(set) var words: [UInt64]?
    /// The weight of each block.
    private(set) var sums: [Double]
    /// The weight of all blocks.
    private(set) var total: Double
    /// The weight of all tokens, those that have been taken out included, relative to the largest logit.
    let whole: Double
    /// What the row says as a whole, where that was asked for.
    let summary: LogitSummary?

    static var block: Int { VectorFunctions.blockSize }

    /// The law of all tokens, or of those of `mask`; ``total`` is 0 where none of them can come.
    /// - Parameter isSummarised: whether ``summary`` is wanted, at temperature 1.
    /// - Throws: ``LanguageError/noTokenLeft(reason:)`` where a logit is no number or all are -infinity.
    init(
        _ row: ArraySlice<Float>, temperature: Double = 1, mask: TokenMask? = nil, isSummarised: Bool = false
    ) throws(LanguageError) {
        self.row = row
        let scale = Float(1 / temperature)
        let largest = row.withUnsafeBufferPointer { VectorFunctions.max($0) }
        guard largest < .infinity else { throw .noTokenLeft(reason: "a logit is \(largest)") }
        guard largest > -.infinity else { throw .noTokenLeft(reason: "all of them have the logit -infinity") }
        self.largest = largest
        self.scale = scale
        shift = largest
        let count = (row.count + Self.block - 1) / Self.block
        words = mask.map { Self.words($0, count) }
        var all = 0.0
        var moment = 0.0
        let words = words
        sums = [Double](unsafeUninitializedCapacity: count) { sums, filled in
            withUnsafeTemporaryAllocation(of: Double.self, capacity: count) { others in
                row.withUnsafeBufferPointer { row in
                    if let words {
                        words.withUnsafeBufferPointer {
                            VectorFunctions.exponentialBlocks(
                                row, shift: largest, scale: scale, mask: $0.baseAddress, sums: sums, whole: others)
                        }
                        all = VectorSums.sum(UnsafeBufferPointer(others))
                    } else if isSummarised {
                        VectorFunctions.exponentialBlocks(
                            row, shift: largest, scale: scale, sums: sums, moments: others)
                        moment = VectorSums.sum(UnsafeBufferPointer(others))
                    } else {
                        VectorFunctions.exponentialBlocks(row, shift: largest, scale: scale, sums: sums)
                    }
                }
            }
            filled = count
        }
        total = sums.withUnsafeBufferPointer(VectorSums.sum)
        whole = words == nil ? total : all
        summary =
            isSummarised && words == nil && scale == 1
            ? LogitSummary(largest, Self.second(row, largest, sums), sum: total, moment: moment) : nil
        if let mask, total == 0 { raise(mask) }
    }

    /// The largest logit but one, which may be as large; `sums` are relative to the largest, at temperature 1. Looks at blocks
    /// that weigh enough only.
    private static func second(_ row: ArraySlice<Float>, _ largest: Float, _ sums: [Double]) -> Float {
        var second = -Float.infinity
        // One token is the largest itself.
        var isFound = false
        var least = 0.0
        row.withUnsafeBufferPointer { row in
            for block in sums.indices where sums[block] * (1 + 1e-5) >= least {
                let before = second
                for logit in part(row, block) where logit > second {
                    if logit == largest, !isFound { isFound = true } else { second = logit }
                }
                if second > before { least = Double(exp(second - largest)) }
            }
        }
        return second
    }

    /// The same law where only the tokens of `mask` may come; ``total`` is 0 where none of them can.
    func restricted(to mask: TokenMask) -> LogitLaw {
        var law = self
        var words = Self.words(mask, sums.count)
        if let old = self.words { for index in words.indices { words[index] &= old[index] } }
        law.words = words
        law.sum(words)
        if law.total == 0 { law.raise(mask) }
        return law
    }

    private static func words(_ mask: TokenMask, _ count: Int) -> [UInt64] {
        mask.words.count == count ? mask.words : (0..<count).map { $0 < mask.words.count ? mask.words[$0] : 0 }
    }

    /// Where all that may come is far below the largest: weights relative to the largest of those.
    private mutating func raise(_ mask: TokenMask) {
        guard let words else { return }
        var largest = -Float.infinity
        for token in mask.tokens where Int(token) < row.count && words[Int(token) >> 6] >> UInt64(token & 63) & 1 == 1 {
            largest = max(largest, row[row.startIndex + Int(token)])
        }
        guard largest > -.infinity else { return }
        // Tokens above it are out, so that no term of those that count overflows.
        shift = largest
        sum(words)
    }

    private mutating func sum(_ words: [UInt64]) {
        let isSparse = words.count { $0 != 0 } < sums.count / 8
        row.withUnsafeBufferPointer { row in
            words.withUnsafeBufferPointer { words in
                sums.withUnsafeMutableBufferPointer { sums in
                    guard isSparse else {
                        VectorFunctions.exponentialBlocks(
                            row, shift: shift, scale: scale, mask: words.baseAddress, sums: sums)
                        return
                    }
                    for block in sums.indices {
                        if words[block] == 0 {
                            sums[block] = 0
                        } else {
                            VectorFunctions.exponentialBlocks(
                                Self.part(row, block), shift: shift, scale: scale, mask: words.baseAddress! + block,
                                sums: UnsafeMutableBufferPointer(rebasing: sums[block...block]))
                        }
                    }
                }
            }
        }
        total = sums.withUnsafeBufferPointer(VectorSums.sum)
    }

    private static func part(_ row: UnsafeBufferPointer<Float>, _ block: Int) -> UnsafeBufferPointer<Float> {
        UnsafeBufferPointer(rebasing: row[block * self.block..<min((block + 1) * self.block, row.count)])
    }

    /// Takes `token` out.
    mutating func remove(_ token: Token) {
        let block = Int(token) / Self.block
        if words == nil { words = [UInt64](repeating: .max, count: sums.count) }
        words![block] &= ~(1 << UInt64(Int(token) % Self.block))
        withTerms(of: block) { sums[block] = $1 }
        total = sums.withUnsafeBufferPointer(VectorSums.sum)
    }

    /// Calls `body` with the weights of a block's tokens and their sum.
    private func withTerms<Result>(
        of block: Int, _ body: (_ terms: UnsafeBufferPointer<Float>, _ sum: Double) -> Result
    ) -> Result {
        withUnsafeTemporaryAllocation(of: Float.self, capacity: Self.block) { terms in
            withUnsafeTemporaryAllocation(of: Double.self, capacity: 1) { sum in
                let count = row.withUnsafeBufferPointer { row in
                    let part = Self.part(row, block)
                    if let words {
                        words.withUnsafeBufferPointer {
                            VectorFunctions.exponentialBlocks(
                                part, shift: shift, scale: scale, mask: $0.baseAddress! + block,
                                terms: terms.baseAddress, sums: sum)
                        }
                    } else {
                        VectorFunctions.exponentialBlocks(
                            part, shift: shift, scale: scale, terms: terms.baseAddress, sums: sum)
                    }
                    return part.count
                }
                return body(UnsafeBufferPointer(rebasing: terms[..<count]), sum[0])
            }
        }
    }

    /// The weight of `token`; 0 where it is out.
    func weight(of token: Token) -> Double {
        guard token >= 0, Int(token) < row.count else { return 0 }
        if let words, words[Int(token) / Self.block] >> UInt64(Int(token) % Self.block) & 1 == 0 { return 0 }
        // A row of one token: its term and its sum are the same.
        return withUnsafeTemporaryAllocation(of: Double.self, capacity: 1) { sum in
            row.withUnsafeBufferPointer { row in
                VectorFunctions.exponentialBlocks(
                    UnsafeBufferPointer(rebasing: row[Int(token)...Int(token)]), shift: shift, scale: scale, sums: sum)
            }
            return sum[0]
        }
    }

    /// The weights of all tokens, `[vocabulary]`.
    var weights: [Double] {
        [Double](unsafeUninitializedCapacity: row.count) { weights, count in
            withUnsafeTemporaryAllocation(of: Float.self, capacity: 16 * Self.block) { space in
                for start in stride(from: 0, to: row.count, by: space.count) {
                    let terms = UnsafeMutableBufferPointer(rebasing: space[..<min(space.count, row.count - start)])
                    self.terms(from: start, into: terms)
                    for place in terms.indices { weights[start + place] = Double(terms[place]) }
                }
            }
            count = row.count
        }
    }

    /// The weights of the tokens from `start` on, which is a multiple of 64; at most 1024 of them.
    func terms(from start: Int, into terms: UnsafeMutableBufferPointer<Float>) {
        withUnsafeTemporaryAllocation(of: Double.self, capacity: 16) { sums in
            row.withUnsafeBufferPointer { row in
                let part = UnsafeBufferPointer(rebasing: row[start..<start + terms.count])
                if let words {
                    words.withUnsafeBufferPointer {
                        VectorFunctions.exponentialBlocks(
                            part, shift: shift, scale: scale, mask: $0.baseAddress! + start / Self.block,
                            terms: terms.baseAddress, sums: sums)
                    }
                } else {
                    VectorFunctions.exponentialBlocks(
                        part, shift: shift, scale: scale, terms: terms.baseAddress, sums: sums)
                }
            }
        }
    }

    /// The weights of `tokens`, worked out together.
    func weights(of tokens: [Token]) -> [Double] {
        if tokens.isEmpty { return [] }
        return withUnsafeTemporaryAllocation(of: Float.self, capacity: 2 * tokens.count) { space in
            let logits = UnsafeMutableBufferPointer(rebasing: space[..<tokens.count])
            row.withUnsafeBufferPointer { row in
                for (place, token) in tokens.enumerated() {
                    let isIn =
                        token >= 0 && Int(token) < row.count
                        && words.map { $0[Int(token) / Self.block] >> UInt64(Int(token) % Self.block) & 1 == 1 } ?? true
                    logits[place] = isIn ? row[Int(token)] : -.infinity
                }
            }
            let terms = space.baseAddress! + tokens.count
            withUnsafeTemporaryAllocation(of: Double.self, capacity: tokens.count / Self.block + 1) { sums in
                VectorFunctions.exponentialBlocks(
                    UnsafeBufferPointer(logits), shift: shift, scale: scale, terms: terms, sums: sums)
            }
            return tokens.indices.map { Double(terms[$0]) }
        }
    }

    /// Tokens among which are all whose weight is at least `floor`, in order, and hardly any other; quick where they are few.
    func tokens(near floor: Double) -> [Token] {
        // Logits say which tokens can be meant; rounding is left room.
        let least = floor * (1 - 1e-5)
        let limit = floor > 0 ? shift + Float(log(least) / Double(scale)) - 1e-3 : -.infinity
        var tokens: [Token] = []
        tokens.reserveCapacity(256)
        row.withUnsafeBufferPointer { row in
            sums.withUnsafeBufferPointer { sums in
                for block in sums.indices where sums[block] >= least && sums[block] > 0 {
                    VectorSums.places(in: Self.part(row, block), above: limit) {
                        tokens.append(Token(block * Self.block + $0))
                    }
                }
            }
        }
        return tokens
    }

    /// What is thrown where a mask leaves no token.
    static let noneAllowed = LanguageError.noTokenLeft(
        reason: "the constraint allows no token of the vocabulary that the model gives a probability")

    /// ln of the probability of `token` in nats, in the law of all tokens.
    func logProbability(of token: Token) -> Double {
        let logit = row[row.startIndex + Int(token)]
        // Not by the weight, which is 0 far below the largest.
        return Double(logit - largest) * Double(scale) - log(whole)
    }

    /// ln of the probability of `token` in nats among those that are left; -infinity where it is not.
    func logProbabilityLeft(of token: Token) -> Double {
        guard token >= 0, Int(token) < row.count else { return -.infinity }
        if let words, words[Int(token) / Self.block] >> UInt64(Int(token) % Self.block) & 1 == 0 { return -.infinity }
        return Double(row[row.startIndex + Int(token)] - shift) * Double(scale) - log(total)
    }

    /// ln of ``total``, relative to the row's largest logit in any case.
    var logTotal: Double { log(total) + Double(shift - largest) * Double(scale) }

    /// A token, from one uniform number; nil where none is left.
    func draw(using random: inout Random) -> Token? {
        guard total > 0 else { return nil }
        var rest = random.uniform() * total
        let block = sums.withUnsafeBufferPointer { VectorSums.place(of: &rest, in: $0) }
        let place = withTerms(of: block) { terms, sum in
            var last: Int?
            for place in terms.indices where terms[place] > 0 {
                last = place
                rest -= Double(terms[place])
                if rest < 0 { break }
            }
            return last
        }
        return place.map { Token(block * Self.block + $0) }
    }

    /// The `count` likeliest tokens, likeliest first; of equal ones those that come first.
    func likeliest(_ count: Int) -> [(token: Token, weight: Double)] {
        var best: [(token: Token, weight: Double)] = []
        for block in sums.indices where sums[block] > 0 {
            if best.count == count, sums[block] * (1 + 1e-6) < best[count - 1].weight { continue }
            withTerms(of: block) { terms, _ in
                for place in terms.indices where terms[place] > 0 {
                    let weight = Double(terms[place])
                    if best.count == count {
                        if weight <= best[count - 1].weight { continue }
                        best.removeLast()
                    }
                    let at = best.firstIndex { $0.weight < weight } ?? best.count
                    best.insert((Token(block * Self.block + place), weight), at: at)
                }
            }
        }
        return best
    }
}

extension SamplingParameters {
    /// Whether only the temperature shapes the distribution.
    var isPlain: Bool { temperature > 1e-4 && topK == nil && topP == 1 && minP == 0 && typicalP == 1 && isUnbiased }

    /// Whether the model's likeliest token is taken, whatever else is asked for.
    var isGreedy: Bool { temperature == 0 && isUnbiased }

    /// Whether the model's logits are taken as they are, and no text changes that.
    private var isUnbiased: Bool {
        repetitionPenalty == 1 && frequencyPenalty == 0 && presencePenalty == 0 && mirostat == nil && bias.isEmpty
    }
}
