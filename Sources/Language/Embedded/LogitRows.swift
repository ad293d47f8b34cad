import NumericalMethods

/// Logits over the vocabulary after several positions, `[rows, vocabulary]`.
public struct LogitRows: Sendable {
    private let storage: ArraySlice<Float>
    /// Numbers in a row.
    public let vocabularyCount: Int

    /// Rows of `vocabularyCount` numbers.
    public init(values: [Float], vocabularyCount: Int) { self.init(values[...], vocabularyCount: vocabularyCount) }

    /// Rows that are part of others' storage.
    init(_ storage: ArraySlice<Float>, vocabularyCount: Int) {
        precondition(vocabularyCount > 0 && storage.count.isMultiple(of: vocabularyCount))
        self.storage = storage
        self.vocabularyCount = vocabularyCount
    }

    /// All numbers, row after row.
    public var values: [Float] { Array(storage) }

    /// How many rows there are.
    public var count: Int { storage.count / vocabularyCount }

    /// Row `index`.
    public subscript(index: Int) -> ArraySlice<Float> {
        let start = storage.startIndex + index * vocabularyCount
        return storage[start..<start + vocabularyCount]
    }

    /// Rows `range`, without a copy.
    subscript(range: Range<Int>) -> LogitRows {
        let start = storage.startIndex + range.lowerBound * vocabularyCount
        return LogitRows(storage[start..<start + range.count * vocabularyCount], vocabularyCount: vocabularyCount)
    }

    /// Log-probabilities of row `index` in nats, `[vocabulary]`.
    public func logProbabilities(_ index: Int) -> [Double] {
        var row = self[index].map(Double.init)
        let total = logSumExp(row)
        for token in row.indices { row[token] -= total }
        return row
    }
}
