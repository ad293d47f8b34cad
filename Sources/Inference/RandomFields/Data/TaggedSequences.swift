/// Sequences of positions, each with observed attributes and, where it is known, a label.
///
/// All positions lie one after another in flat arrays. Attribute `k` of position `p` is element
/// `attributeStarts[p] + k` of ``attributes`` and ``values``.
public struct TaggedSequences: Sendable, Equatable {
    /// One attribute of a position: its name and its weight.
    public struct Attribute: Sendable, Equatable {
        /// The name.
        public var name: String
        /// The weight; 1 says that the attribute is simply there.
        public var value: Double

        /// An attribute.
        public init(_ name: String, _ value: Double = 1) {
            self.name = name
            self.value = value
        }
    }

    /// The names of the labels.
    public internal(set) var labelNames: Alphabet
    /// The names of the attributes.
    public internal(set) var attributeNames: Alphabet
    /// Where each sequence begins, `[sequences + 1]`.
    public internal(set) var sequenceStarts: [Int] = [0]
    /// Where the attributes of each position begin, `[positions + 1]`.
    public internal(set) var attributeStarts: [Int] = [0]
    /// The attributes' numbers in ``attributeNames``.
    public internal(set) var attributes: [Int32] = []
    /// The attributes' weights.
    public internal(set) var values: [Double] = []
    /// The label of each position by its number in ``labelNames``, `[positions]`; -1 where it is unknown.
    public internal(set) var labels: [Int32] = []

    /// No sequences yet, with names that are numbered already.
    public init(labelNames: Alphabet = Alphabet(), attributeNames: Alphabet = Alphabet()) {
        self.labelNames = labelNames
        self.attributeNames = attributeNames
    }

    /// How many sequences there are.
    public var count: Int { sequenceStarts.count - 1 }
    /// How many positions all sequences have together.
    public var positionCount: Int { labels.count }
    /// Whether there is no sequence.
    public var isEmpty: Bool { count == 0 }
    /// The positions of a sequence.
    public func positions(of sequence: Int) -> Range<Int> {
        sequenceStarts[sequence]..<sequenceStarts[sequence + 1]
    }
    /// The labels of a sequence by number, -1 where unknown.
    public func labels(of sequence: Int) -> ArraySlice<Int32> { labels[positions(of: sequence)] }
    /// The names of a sequence's labels, nil where unknown.
    public func labelNames(of sequence: Int) -> [String?] {
        labels(of: sequence).map { $0 < 0 ? nil : labelNames.names[Int($0)] }
    }

    /// Adds a sequence.
    ///
    /// - Parameters:
    ///   - items: the attributes of each position.
    ///   - labels: one label a position, or none at all.
    /// - Throws: ``InferenceError`` for a sequence without positions, labels of another number, a weight that is not finite.
    public mutating func append(_ items: [[Attribute]], labels names: [String]? = nil) throws(InferenceError) {
        guard !items.isEmpty else { throw .empty(what: "sequence \(count)") }
        if let names, names.count != items.count {
            throw .wrongShape(
                what: "the number of labels of sequence \(count)", found: "\(names.count)", expected: "\(items.count)")
        }
        for (place, item) in items.enumerated() {
            for attribute in item where !attribute.value.isFinite {
                throw .nonFinite(
                    what: "the weight of attribute '\(attribute.name)'", place: "sequence \(count), position \(place)",
                    value: attribute.value)
            }
        }
        for (place, item) in items.enumerated() {
            for attribute in item {
                attributes.append(Int32(attributeNames.add(attribute.name)))
                values.append(attribute.value)
            }
            attributeStarts.append(attributes.count)
            labels.append(names.map { Int32(labelNames.add($0[place])) } ?? -1)
        }
        sequenceStarts.append(labels.count)
    }

    /// The sequences of these numbers, in this order, with the same alphabets.
    public func subset(_ sequences: [Int]) -> TaggedSequences {
        var result = TaggedSequences(labelNames: labelNames, attributeNames: attributeNames)
        for sequence in sequences {
            for position in positions(of: sequence) {
                let range = attributeStarts[position]..<attributeStarts[position + 1]
                result.attributes += attributes[range]
                result.values += values[range]
                result.attributeStarts.append(result.attributes.count)
                result.labels.append(labels[position])
            }
            result.sequenceStarts.append(result.labels.count)
        }
        return result
    }

    /// The same sequences under other alphabets: attributes that those lack are left out, labels that they lack become
    /// unknown.
    public func renumbered(labelNames newLabels: Alphabet, attributeNames newAttributes: Alphabet) -> TaggedSequences {
        if newLabels == labelNames, newAttributes == attributeNames { return self }
        let labelMap = labelNames.names.map { Int32(newLabels[$0] ?? -1) }
        let attributeMap = attributeNames.names.map { Int32(newAttributes[$0] ?? -1) }
        var result = TaggedSequences(labelNames: newLabels, attributeNames: newAttributes)
        result.sequenceStarts = sequenceStarts
        result.labels = labels.map { $0 < 0 ? -1 : labelMap[Int($0)] }
        result.attributes.reserveCapacity(attributes.count)
        result.values.reserveCapacity(values.count)
        for position in 0..<positionCount {
            for k in attributeStarts[position]..<attributeStarts[position + 1] {
                let attribute = attributeMap[Int(attributes[k])]
                guard attribute >= 0 else { continue }
                result.attributes.append(attribute)
                result.values.append(values[k])
            }
            result.attributeStarts.append(result.attributes.count)
        }
        return result
    }
}
