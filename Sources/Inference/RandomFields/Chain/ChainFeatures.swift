/// Which features a linear chain gets.
public struct ChainFeatureOptions: Sendable, Equatable, Codable {
    /// What attributes may condition transitions.
    public enum Conditioning: Sendable, Equatable, Codable {
        /// None: transitions depend on the two labels only.
        case none
        /// All attributes.
        case all
        /// Attributes whose names begin so.
        case prefixed(String)

        func includes(_ name: String) -> Bool {
            switch self {
            case .none: false
            case .all: true
            case .prefixed(let prefix): name.hasPrefix(prefix)
            }
        }
    }

    /// Pairs of labels that get a transition feature.
    public enum Transitions: String, Sendable, Equatable, Codable {
        /// None: every position is labelled by itself, as by multinomial logistic regression.
        case none
        /// Those that follow each other in the data.
        case observed
        /// All.
        case all
    }

    /// Features whose weights in the data add up to less are dropped.
    public var minimumFrequency: Double
    /// Every attribute with every label, not only those that were seen together.
    public var allStates: Bool
    /// Which transitions get a feature.
    public var transitions: Transitions
    /// Which attributes also get a feature for each pair of labels at the position before and here.
    public var conditioning: Conditioning

    /// Options; CRFsuite's by default.
    public init(
        minimumFrequency: Double = 0, allStates: Bool = false, transitions: Transitions = .observed,
        conditioning: Conditioning = .none
    ) {
        self.minimumFrequency = minimumFrequency
        self.allStates = allStates
        self.transitions = transitions
        self.conditioning = conditioning
    }
}

/// The features of a linear chain, each with one weight.
///
/// Weights are numbered in three parts: state features (attribute, label), by attribute and then label; transition features
/// (label, next label); conditioned transition features (attribute, label before, label), by attribute.
public struct ChainFeatures: Sendable, Equatable {
    /// The number of labels.
    public let labelCount: Int
    /// Where each attribute's state features begin, `[attributes + 1]`.
    public let stateStarts: [Int]
    /// The label of each state feature.
    public let stateLabels: [Int32]
    /// The transition features as `label * labelCount + next label`, ascending.
    public let transitions: [Int32]
    /// Where each attribute's conditioned features begin, `[attributes + 1]`.
    public let conditionedStarts: [Int]
    /// The conditioned features as `label before * labelCount + label`.
    public let conditionedPairs: [Int32]

    /// The number of attributes.
    public var attributeCount: Int { stateStarts.count - 1 }
    /// Where transition weights begin.
    public var transitionBase: Int { stateLabels.count }
    /// Where conditioned transition weights begin.
    public var conditionedBase: Int { stateLabels.count + transitions.count }
    /// How many weights there are.
    public var count: Int { stateLabels.count + transitions.count + conditionedPairs.count }
    /// Whether transitions depend on attributes.
    public var isConditioned: Bool { !conditionedPairs.isEmpty }

    /// The features that occur in `data`.
    /// - Throws: ``InferenceError`` for data without sequences, or with labels unknown.
    public init(of data: TaggedSequences, _ options: ChainFeatureOptions = .init()) throws(InferenceError) {
        guard !data.isEmpty else { throw .empty(what: "the training data") }
        guard options.minimumFrequency >= 0, options.minimumFrequency.isFinite else {
            throw .improperParameter(
                name: "minimumFrequency", value: "\(options.minimumFrequency)", expected: "a number of at least 0")
        }
        try data.requireLabels()
        let labels = data.labelNames.count
        let attributes = data.attributeNames.count
        let least = options.minimumFrequency

        // Sums of weights by (attribute, label): counted per attribute by walking its occurrences.
        var states = Occurrences(attributes: attributes)
        var conditioned = Occurrences(attributes: attributes)
        let conditions = data.attributeNames.names.map { options.conditioning.includes($0) }
        var pairs = [Double](repeating: 0, count: labels * labels)
        for sequence in 0..<data.count {
            let positions = data.positions(of: sequence)
            for position in positions {
                let label = Int(data.labels[position])
                let pair = position > positions.lowerBound ? Int(data.labels[position - 1]) * labels + label : -1
                if pair >= 0 { pairs[pair] += 1 }
                for k in data.attributeStarts[position]..<data.attributeStarts[position + 1] {
                    let attribute = Int(data.attributes[k])
                    states.count(attribute)
                    if pair >= 0, conditions[attribute] { conditioned.count(attribute) }
                }
            }
        }
        states.allocate()
        conditioned.allocate()
        for sequence in 0..<data.count {
            let positions = data.positions(of: sequence)
            for position in positions {
                let label = data.labels[position]
                let pair = position > positions.lowerBound ? data.labels[position - 1] * Int32(labels) + label : -1
                for k in data.attributeStarts[position]..<data.attributeStarts[position + 1] {
                    let attribute = Int(data.attributes[k])
                    states.add(attribute, label, data.values[k])
                    if pair >= 0, conditions[attribute] { conditioned.add(attribute, pair, data.values[k]) }
                }
            }
        }
        labelCount = labels
        (stateStarts, stateLabels) = states.features(
            outcomes: labels, least: least, all: { _ in options.allStates })
        (conditionedStarts, conditionedPairs) = conditioned.features(
            outcomes: labels * labels, least: least, all: { options.allStates && conditions[$0] })
        transitions = pairs.indices.compactMap { pair in
            switch options.transitions {
            case .none: nil
            case .all: Int32(pair)
            case .observed: pairs[pair] > 0 && pairs[pair] >= least ? Int32(pair) : nil
            }
        }
    }

    /// Features by their lists; nil where these don't fit together.
    init?(
        labelCount: Int, stateStarts: [Int], stateLabels: [Int32], transitions: [Int32], conditionedStarts: [Int],
        conditionedPairs: [Int32]
    ) {
        func isSound(_ starts: [Int], _ items: [Int32], below bound: Int) -> Bool {
            starts.first == 0 && starts.last == items.count && zip(starts, starts.dropFirst()).allSatisfy { $0 <= $1 }
                && items.allSatisfy { $0 >= 0 && Int($0) < bound }
                && zip(starts, starts.dropFirst()).allSatisfy { isAscending(items[$0..<$1]) }
        }
        func isAscending(_ items: ArraySlice<Int32>) -> Bool { zip(items, items.dropFirst()).allSatisfy { $0 < $1 } }
        let pairs = labelCount * labelCount
        guard labelCount >= 1, stateStarts.count == conditionedStarts.count,
            isSound(stateStarts, stateLabels, below: labelCount),
            isSound(conditionedStarts, conditionedPairs, below: pairs),
            isSound([0, transitions.count], transitions, below: pairs)
        else { return nil }
        self.labelCount = labelCount
        self.stateStarts = stateStarts
        self.stateLabels = stateLabels
        self.transitions = transitions
        self.conditionedStarts = conditionedStarts
        self.conditionedPairs = conditionedPairs
    }

    /// The weight of a state feature by number, or nil where there is no such feature.
    public func state(attribute: Int, label: Int) -> Int? {
        (stateStarts[attribute]..<stateStarts[attribute + 1]).first { stateLabels[$0] == Int32(label) }
    }

    /// The weight of a transition feature by number, or nil where there is no such feature.
    public func transition(from label: Int, to next: Int) -> Int? {
        transitions.firstIndex(of: Int32(label * labelCount + next)).map { transitionBase + $0 }
    }
}

extension TaggedSequences {
    /// Throws where a label is unknown.
    func requireLabels() throws(InferenceError) {
        guard let position = labels.firstIndex(where: { $0 < 0 }) else { return }
        let sequence = sequenceStarts.firstIndex { $0 > position }! - 1
        throw .unsupported(
            what: "training on a position without a label",
            place: "sequence \(sequence), position \(position - sequenceStarts[sequence])",
            remedy: "Leave the sequence out, or label it.")
    }
}

/// What each attribute occurred with, and with what total weight.
private struct Occurrences {
    private var starts: [Int]
    private var fill: [Int] = []
    private var outcomes: [Int32] = []
    private var weights: [Double] = []

    init(attributes: Int) { starts = [Int](repeating: 0, count: attributes + 1) }

    mutating func count(_ attribute: Int) { starts[attribute + 1] += 1 }

    mutating func allocate() {
        for i in 1..<starts.count { starts[i] += starts[i - 1] }
        fill = starts
        outcomes = [Int32](repeating: 0, count: starts.last!)
        weights = [Double](repeating: 0, count: starts.last!)
    }

    mutating func add(_ attribute: Int, _ outcome: Int32, _ weight: Double) {
        outcomes[fill[attribute]] = outcome
        weights[fill[attribute]] = weight
        fill[attribute] += 1
    }

    func features(outcomes count: Int, least: Double, all: (Int) -> Bool) -> (starts: [Int], items: [Int32]) {
        var featureStarts = [0]
        featureStarts.reserveCapacity(starts.count)
        var items: [Int32] = []
        var sums: [Int32: Double] = [:]
        for attribute in 0..<(starts.count - 1) {
            if all(attribute) {
                items += (0..<Int32(count))
            } else {
                sums.removeAll(keepingCapacity: true)
                for k in starts[attribute]..<starts[attribute + 1] { sums[outcomes[k], default: 0] += weights[k] }
                items += sums.keys.filter { sums[$0]! >= least }.sorted()
            }
            featureStarts.append(items.count)
        }
        return (featureStarts, items)
    }
}
