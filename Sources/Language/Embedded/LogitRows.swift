import NumericalMethods

/// Logits over the vocabulary after several positions, `[rows, vocabulary]`.
public struct LogitRows: Sendable {
    /// All numbers, row after row.
    public var values: [Float]
    /// Numbers in a row.
    public let vocabularyCount: Int

    /// Rows of `vocabularyCount` numbers.
    public init(values: [Float], vocabularyCount: Int) {
        precondition(vocabularyCount > 0 && values.count.isMultiple(of: vocabularyCount))
        self.values = values
        self.vocabularyCount = vocabularyCount
    }

    /// How many rows there are.
    public var count: Int { values.count / vocabularyCount }

    /// Row `index`.
    public subscript(index: Int) -> ArraySlice<Float> {
        values[index * vocabularyCount..<(index + 1) * vocabularyCount]
    }

    /// Log-probabilities of row `index` in nats, `[vocabulary]`.
    public func logProbabilities(_ index: Int) -> [Double] {
        var row = self[index].map(Double.init)
        let total = logSumExp(row)
        for token in row.indices { row[token] -= total }
        return row
    }
}
