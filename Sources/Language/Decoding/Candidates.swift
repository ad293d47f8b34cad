import Foundation
import NumericalMethods

/// The tokens that may still come, with their scores, while sampling parameters cut some off.
///
/// A cut finds its boundary by selection, not by sorting, and keeps the tokens on its side in the order of their numbers.
struct Candidates {
    /// The tokens, in order; nil for the whole vocabulary.
    private(set) var tokens: [Token]?
    /// Their logits after bias and penalties.
    private(set) var scores: [Double]
    private var largest: Double

    /// The last entry that a cut keeps: those with a larger key, or the same key and no larger place, stay.
    private struct Boundary {
        var key: Double
        var place: Int
    }

    private struct Entry {
        var key: Double
        var mass: Double
        var place: Int

        /// Whether it comes before `other`.
        @inline(__always)
        func precedes(_ other: Entry) -> Bool { key == other.key ? place < other.place : key > other.key }
    }

    init(
        _ logits: UnsafeBufferPointer<Float>, parameters: SamplingParameters, history: [Token], allowed: TokenMask?
    ) throws(LanguageError) {
        let tokens = allowed?.tokens.filter { Int($0) < logits.count }
        if tokens?.isEmpty == true { throw .noTokenLeft(reason: "the constraint allows no token of the vocabulary") }
        scores = [Double](unsafeUninitializedCapacity: tokens?.count ?? logits.count) { buffer, count in
            if let tokens {
                for (place, token) in tokens.enumerated() { buffer[place] = Double(logits[Int(token)]) }
                count = tokens.count
            } else {
                for place in logits.indices { buffer[place] = Double(logits[place]) }
                count = logits.count
            }
        }
        self.tokens = tokens
        largest = 0
        for (token, bias) in parameters.bias { adjust(token) { $0 + bias } }
        for (token, count) in parameters.counts(history) {
            adjust(token) { parameters.penalised($0, count: count) }
        }
        largest = scores.withUnsafeBufferPointer(VectorFunctions.max)
        guard largest < .infinity else {
            throw .noTokenLeft(reason: "a logit is \(largest)")
        }
        guard largest > -.infinity else { throw .noTokenLeft(reason: "the bias forbids all of them") }
        if parameters.temperature == 0 {
            keep { scores, _ in
                let best = scores.withUnsafeBufferPointer(VectorSums.firstLargest)
                return Boundary(key: scores[best], place: best)
            }
            return
        }
        if let count = parameters.topK, count < scores.count { keepLikeliest(count) }
        if parameters.typicalP < 1 { keepTypical(parameters.typicalP) }
        if parameters.topP < 1 { keepNucleus(parameters.topP) }
        if parameters.minP > 0 {
            let floor = largest + log(parameters.minP)
            keep { _, _ in Boundary(key: floor, place: .max) }
        }
    }

    private mutating func adjust(_ token: Token, _ change: (Double) -> Double) {
        if let tokens {
            if let place = tokens.firstIndex(of: token) { scores[place] = change(scores[place]) }
        } else if scores.indices.contains(Int(token)) {
            scores[Int(token)] = change(scores[Int(token)])
        }
    }

    /// The distribution over what is left.
    func distribution(_ parameters: SamplingParameters) -> TokenDistribution {
        var weights = scores
        if parameters.temperature == 0 {
            return TokenDistribution(support: tokens, weights: [1], total: 1)
        }
        let total = weights.withUnsafeMutableBufferPointer { buffer in
            // Subtracted before dividing, so that a low temperature overflows nothing.
            if parameters.temperature != 1 {
                let scale = 1 / parameters.temperature
                for place in buffer.indices { buffer[place] = (buffer[place] - largest) * scale }
            }
            return VectorFunctions.exponentials(
                UnsafeBufferPointer(buffer), shift: parameters.temperature == 1 ? largest : 0, into: buffer
            ).sum
        }
        return TokenDistribution(support: tokens, weights: weights, total: total)
    }

    // MARK: Cuts

    /// Keeps what is on the near side of a boundary in the scores.
    private mutating func keep(_ find: ([Double], Double) -> Boundary) {
        let boundary = find(scores, largest)
        keep(keys: scores, boundary)
    }

    private mutating func keep(keys: [Double], _ boundary: Boundary) {
        var places: [Int] = []
        keys.withUnsafeBufferPointer { keys in
            VectorSums.places(in: keys, atLeast: boundary.key) { place in
                if keys[place] > boundary.key || place <= boundary.place { places.append(place) }
            }
        }
        tokens = tokens.map { tokens in places.map { tokens[$0] } } ?? places.map(Token.init)
        scores = places.map { scores[$0] }
    }

    /// The `count` largest scores.
    private mutating func keepLikeliest(_ count: Int) {
        // The best so far are held; when twice as many have been gathered, half of them go.
        var held: [Entry] = []
        held.reserveCapacity(2 * count)
        scores.withUnsafeBufferPointer { scores in
            var floor = -Double.infinity
            var place = 0
            while place < scores.count {
                if place + 8 <= scores.count,
                    !any(VectorSums.load(scores.baseAddress! + place) .> VectorSums.Lane(repeating: floor))
                {
                    place += 8
                    continue
                }
                let end = min(place + 8, scores.count)
                while place < end {
                    if scores[place] > floor || held.count < count {
                        held.append(Entry(key: scores[place], mass: 1, place: place))
                        if held.count == 2 * count {
                            floor = Self.boundary(&held, target: Double(count)).key
                            held.removeSubrange(count...)
                        }
                    }
                    place += 1
                }
            }
        }
        let boundary = Self.boundary(&held, target: Double(count))
        keep { _, _ in boundary }
    }

    /// The fewest likeliest tokens with probability `share` in all.
    private mutating func keepNucleus(_ share: Double) {
        let (weights, total) = exponentials()
        var entries: [Entry] = []
        weights.withUnsafeBufferPointer { weights in
            // Candidates above a floor that is lowered until they weigh enough: a few passes, and few are ordered.
            var floor = 0.125
            while floor > 0x1p-120, VectorSums.sum(weights, atLeast: floor) < share * total { floor *= 0x1p-4 }
            if floor <= 0x1p-120 { floor = 0 }
            VectorSums.places(in: weights, atLeast: floor) { place in
                entries.append(Entry(key: scores[place], mass: weights[place], place: place))
            }
        }
        let boundary = Self.boundary(&entries, target: share * total)
        keep { _, _ in boundary }
    }

    /// The fewest tokens with probability `share` in all whose surprise is nearest to the entropy.
    private mutating func keepTypical(_ share: Double) {
        let (weights, total) = exponentials()
        var entries: [Entry] = []
        let keys = weights.withUnsafeBufferPointer { weights in
            scores.withUnsafeBufferPointer { scores in
                // Surprise less entropy is (mean of the logs) - log p, whatever the normaliser.
                let mean = VectorSums.moment(weights, scores, shift: largest) / total
                let keys = [Double](unsafeUninitializedCapacity: scores.count) { keys, count in
                    VectorSums.distances(scores, to: mean + largest, into: keys)
                    count = scores.count
                }
                keys.withUnsafeBufferPointer { keys in
                    // Candidates within a distance that grows until they weigh enough: a few passes, and few are ordered.
                    var distance = 0.25
                    while distance < 1000, VectorSums.sum(weights, where: keys, atLeast: -distance) < share * total {
                        distance *= 1.5
                    }
                    if distance >= 1000 { distance = .infinity }
                    VectorSums.places(in: keys, atLeast: -distance) { place in
                        if weights[place] > 0 {
                            entries.append(Entry(key: keys[place], mass: weights[place], place: place))
                        }
                    }
                }
                return keys
            }
        }
        let boundary = Self.boundary(&entries, target: share * total)
        keep(keys: keys, boundary)
        largest = scores.max() ?? largest
    }

    private func exponentials() -> (weights: [Double], total: Double) {
        var weights = scores
        let total = weights.withUnsafeMutableBufferPointer { buffer in
            VectorFunctions.exponentials(UnsafeBufferPointer(buffer), shift: largest, into: buffer).sum
        }
        return (weights, total)
    }

    /// The entry with which the mass of those before and of itself reaches `target`; afterwards no entry up to that one
    /// stands behind a later one. Linear time on average.
    private static func boundary(_ entries: inout [Entry], target: Double) -> Boundary {
        entries.withUnsafeMutableBufferPointer { entries in
            var low = 0
            var high = entries.count
            var rest = target
            while high - low > 24 {
                let (a, b, c) = (entries[low], entries[(low + high) / 2], entries[high - 1])
                let pivot =
                    a.precedes(b)
                    ? (b.precedes(c) ? b : a.precedes(c) ? c : a) : (a.precedes(c) ? a : b.precedes(c) ? c : b)
                // Those before the pivot to the front.
                var middle = low
                var mass = 0.0
                for index in low..<high where entries[index].precedes(pivot) {
                    mass += entries[index].mass
                    entries.swapAt(index, middle)
                    middle += 1
                }
                if mass >= rest && middle > low {
                    high = middle
                } else {
                    rest -= mass
                    if middle == low {
                        // The pivot is the first of all: it goes to the front by itself.
                        let place = (low..<high).first { entries[$0].place == pivot.place }!
                        entries.swapAt(place, low)
                        if pivot.mass >= rest { return Boundary(key: pivot.key, place: pivot.place) }
                        rest -= pivot.mass
                        low += 1
                    } else {
                        low = middle
                    }
                }
            }
            entries[low..<high].sort { $0.precedes($1) }
            for index in low..<high {
                rest -= entries[index].mass
                if rest <= 0 { return Boundary(key: entries[index].key, place: entries[index].place) }
            }
            let last = entries[high - 1]
            return Boundary(key: last.key, place: last.place)
        }
    }
}

extension SamplingParameters {
    /// How often each token occurs where the penalties look, if they are on.
    func counts(_ history: [Token]) -> [Token: Double] {
        guard repetitionPenalty != 1 || frequencyPenalty != 0 || presencePenalty != 0 else { return [:] }
        var counts: [Token: Double] = [:]
        for token in history.suffix(penaltyWindow) { counts[token, default: 0] += 1 }
        return counts
    }

    /// The score of a token that occurs `count` times there.
    func penalised(_ score: Double, count: Double) -> Double {
        (score > 0 ? score / repetitionPenalty : score * repetitionPenalty) - count * frequencyPenalty
            - presencePenalty
    }
}
