/// Many decision trees in one flat array of nodes.
///
/// A row goes left where feature < threshold, compared as `Float`, or where the feature is missing (NaN) and the
/// node's default is left; the right child lies next to the left one.
public struct TreeEnsemble: Sendable, Equatable {
    /// One node: 12 bytes.
    struct Node: Sendable, Equatable {
        /// The index of the left child, or −1 in a leaf.
        var left: Int32
        /// The feature, with the highest bit set where a missing one goes left.
        var feature: UInt32
        /// The threshold of a split, the value of a leaf.
        var value: Float

        static func leaf(_ value: Float) -> Node { Node(left: -1, feature: 0, value: value) }

        static func split(feature: Int, threshold: Float, left: Int, defaultLeft: Bool) -> Node {
            Node(left: Int32(left), feature: UInt32(feature) | (defaultLeft ? 0x8000_0000 : 0), value: threshold)
        }

        var isLeaf: Bool { left < 0 }
        var featureIndex: Int { Int(feature & 0x7FFF_FFFF) }
        var defaultLeft: Bool { feature & 0x8000_0000 != 0 }
    }

    /// The number of features and of outputs.
    public let features: Int
    /// The number of outputs.
    public let outputs: Int
    private(set) var nodes: [Node]
    /// The first node of each tree, and the output that it adds to.
    private(set) var roots: [Int32]
    private(set) var treeOutputs: [Int32]

    /// The number of trees.
    public var trees: Int { roots.count }

    init(features: Int, outputs: Int, trees: [(output: Int, nodes: [Node])]) throws(LearnerError) {
        self.features = features
        self.outputs = outputs
        nodes = []
        roots = []
        treeOutputs = []
        for (output, tree) in trees {
            let base = Int32(nodes.count)
            roots.append(base)
            treeOutputs.append(Int32(output))
            for node in tree {
                var moved = node
                if !node.isLeaf { moved.left += base }
                nodes.append(moved)
            }
        }
        try check()
    }

    /// Refuses arrays that a prediction could not walk: children come after their parent and exist.
    private func check() throws(LearnerError) {
        guard features > 0, outputs > 0, roots.count == treeOutputs.count else {
            throw .badModel("the trees' arrays differ in length")
        }
        for root in roots where !(0..<nodes.count ~= Int(root)) { throw .badModel("a root lies outside the nodes") }
        for output in treeOutputs where !(0..<outputs ~= Int(output)) {
            throw .badModel("a tree's output does not exist")
        }
        for (index, node) in nodes.enumerated() {
            guard node.value.isFinite else { throw .badModel("node \(index) holds a number that is not finite") }
            guard !node.isLeaf else { continue }
            guard Int(node.left) > index, Int(node.left) + 1 < nodes.count, node.featureIndex < features else {
                throw .badModel("node \(index) points outside the trees or features")
            }
        }
    }

    /// The child that a row goes to; a leaf itself.
    @inline(__always)
    private static func step(_ index: Int, _ nodes: UnsafePointer<Node>, _ row: UnsafePointer<Double>) -> Int {
        let node = nodes[index]
        let x = Float(row[Int(node.feature & 0x7FFF_FFFF)])
        let isLess = x < node.value ? 1 : 0
        let isMissing = x == x ? 0 : Int(node.feature >> 31)
        let child = Int(node.left) + 1 - (isLess | isMissing)
        return node.left < 0 ? index : child
    }

    /// Adds the leaves of one row, `[features]`, to `sums`, `[outputs]`. Allocates nothing.
    func add(_ row: UnsafeBufferPointer<Double>, to sums: UnsafeMutableBufferPointer<Double>) {
        precondition(row.count == features, "a row holds one number for each feature")
        precondition(sums.count == outputs, "the result holds one number for each output")
        nodes.withUnsafeBufferPointer { nodes in
            let nodes = nodes.baseAddress.unsafelyUnwrapped
            let row = row.baseAddress.unsafelyUnwrapped
            // Which way a node goes cannot be predicted, so four trees are walked side by side without branches:
            // a walk that has reached its leaf waits there.
            var tree = 0
            while tree + 4 <= roots.count {
                var a = Int(roots[tree])
                var b = Int(roots[tree + 1])
                var c = Int(roots[tree + 2])
                var d = Int(roots[tree + 3])
                // The conjunction is negative where all four are leaves.
                while nodes[a].left & nodes[b].left & nodes[c].left & nodes[d].left >= 0 {
                    a = Self.step(a, nodes, row)
                    b = Self.step(b, nodes, row)
                    c = Self.step(c, nodes, row)
                    d = Self.step(d, nodes, row)
                }
                sums[Int(treeOutputs[tree])] += Double(nodes[a].value)
                sums[Int(treeOutputs[tree + 1])] += Double(nodes[b].value)
                sums[Int(treeOutputs[tree + 2])] += Double(nodes[c].value)
                sums[Int(treeOutputs[tree + 3])] += Double(nodes[d].value)
                tree += 4
            }
            while tree < roots.count {
                var a = Int(roots[tree])
                while nodes[a].left >= 0 { a = Self.step(a, nodes, row) }
                sums[Int(treeOutputs[tree])] += Double(nodes[a].value)
                tree += 1
            }
        }
    }
}

extension TreeEnsemble: Codable {
    private enum CodingKeys: String, CodingKey {
        case features, outputs, roots, treeOutputs, feature, threshold, left, defaultLeft
    }

    /// Reads stored trees; throws `LearnerError.badModel` when they do not hold together.
    public init(from decoder: any Decoder) throws {
        let box = try decoder.container(keyedBy: CodingKeys.self)
        features = try box.decode(Int.self, forKey: .features)
        outputs = try box.decode(Int.self, forKey: .outputs)
        roots = try box.decode([Int32].self, forKey: .roots)
        treeOutputs = try box.decode([Int32].self, forKey: .treeOutputs)
        let feature = try box.decode([Int32].self, forKey: .feature)
        let threshold = try box.decode([Float].self, forKey: .threshold)
        let left = try box.decode([Int32].self, forKey: .left)
        let defaultLeft = try box.decode([Bool].self, forKey: .defaultLeft)
        guard feature.count == left.count, threshold.count == left.count, defaultLeft.count == left.count,
            feature.allSatisfy({ $0 >= 0 })
        else { throw LearnerError.badModel("the trees' arrays differ in length") }
        nodes = left.indices.map { index in
            left[index] < 0
                ? .leaf(threshold[index])
                : .split(
                    feature: Int(feature[index]), threshold: threshold[index], left: Int(left[index]),
                    defaultLeft: defaultLeft[index])
        }
        try check()
    }

    /// Writes the nodes as one array for each field; `threshold` holds the value of a leaf, whose `left` is −1.
    public func encode(to encoder: any Encoder) throws {
        var box = encoder.container(keyedBy: CodingKeys.self)
        try box.encode(features, forKey: .features)
        try box.encode(outputs, forKey: .outputs)
        try box.encode(roots, forKey: .roots)
        try box.encode(treeOutputs, forKey: .treeOutputs)
        try box.encode(nodes.map { Int32($0.featureIndex) }, forKey: .feature)
        try box.encode(nodes.map(\.value), forKey: .threshold)
        try box.encode(nodes.map(\.left), forKey: .left)
        try box.encode(nodes.map(\.defaultLeft), forKey: .defaultLeft)
    }
}
