/// Weighs texts by their length.
///
///     LengthPotential(20...40, of: .words)                           // no other lengths
///     LengthPotential(target: 30, deviation: 5, of: .words)          // a normal density's weight
///
/// The model itself has to end the text: at the largest length nothing but the end may come.
public struct LengthPotential: Potential {
    /// What is counted.
    public enum Unit: String, Sendable, Hashable, Codable, CaseIterable {
        /// Tokens of the model.
        case tokens
        /// Characters.
        case characters
        /// Runs of what is not white space.
        case words

        /// How many `text` has.
        public func count(of text: SteeredText) -> Int {
            switch self {
            case .tokens: text.tokens.count
            case .characters: text.text.count
            case .words: text.text.split(whereSeparator: \.isWhitespace).count
            }
        }
    }

    private enum Rule {
        case range(ClosedRange<Int>)
        case density(target: Double, deviation: Double)
    }

    private let rule: Rule
    private let unit: Unit

    /// Rules out texts whose length is not in `range`.
    public init(_ range: ClosedRange<Int>, of unit: Unit) {
        rule = .range(range)
        self.unit = unit
    }

    /// Weighs a text of length n by e^(-(n - target)² / (2 deviation²)).
    /// - Throws: ``LanguageError/improperParameter(name:value:expected:)``.
    public init(target: Double, deviation: Double, of unit: Unit) throws(LanguageError) {
        guard target >= 0, target.isFinite else {
            throw .improperParameter(name: "target", value: "\(target)", expected: "0 or more")
        }
        guard deviation > 0, deviation.isFinite else {
            throw .improperParameter(name: "deviation", value: "\(deviation)", expected: "above 0")
        }
        rule = .density(target: target, deviation: deviation)
        self.unit = unit
    }

    public func logWeight(of text: SteeredText) -> Double {
        let count = unit.count(of: text)
        switch rule {
        case .range(let range): return range.contains(count) ? 0 : -.infinity
        case .density(let target, let deviation):
            let distance = (Double(count) - target) / deviation
            return -0.5 * distance * distance
        }
    }

    /// Nothing up to the target; behind it the weight can only fall further.
    public func logPrefixWeight(of text: SteeredText) -> Double {
        switch rule {
        case .range(let range): unit.count(of: text) > range.upperBound ? -.infinity : 0
        case .density(let target, _): Double(unit.count(of: text)) > target ? logWeight(of: text) : 0
        }
    }

    public func mayEnd(_ text: SteeredText) -> Bool {
        if case .range(let range) = rule { range.contains(unit.count(of: text)) } else { true }
    }

    public func mayGoOn(_ text: SteeredText) -> Bool {
        // A word or a character may still grow: only a token is complete.
        if case .range(let range) = rule, unit == .tokens { text.tokens.count < range.upperBound } else { true }
    }
}
