internal import Foundation

/// The trees in XGBoost's JSON model (version 1.7): only the fields that prediction needs.
struct XGBoostDocument: Decodable {
    struct Learner: Decodable {
        var gradient_booster: Booster
    }
    struct Booster: Decodable {
        var model: Model
    }
    struct Model: Decodable {
        /// The output of each tree.
        var tree_info: [Int]
        var trees: [Tree]
    }
    struct Tree: Decodable {
        var default_left: [Int]
        var left_children: [Int]
        var right_children: [Int]
        var split_conditions: [Float]
        var split_indices: [Int]
    }
    var learner: Learner

    /// The trees of `document`, those after `limit` left out, with the output that each adds to.
    static func trees(_ document: [UInt8], limit: Int) throws(LearnerError) -> [(
        output: Int, nodes: [TreeEnsemble.Node]
    )] {
        let model: Model
        do {
            model = try JSONDecoder().decode(XGBoostDocument.self, from: Data(document)).learner.gradient_booster.model
        } catch {
            throw .badModel("XGBoost's document does not read: \(error)")
        }
        var result: [(output: Int, nodes: [TreeEnsemble.Node])] = []
        for (tree, output) in zip(model.trees, model.tree_info).prefix(limit) {
            result.append((output, try nodes(tree)))
        }
        return result
    }

    /// Lays one tree out breadth first, so that the two children of a node lie side by side.
    private static func nodes(_ tree: Tree) throws(LearnerError) -> [TreeEnsemble.Node] {
        let count = tree.left_children.count
        guard count > 0, tree.right_children.count == count, tree.split_conditions.count == count,
            tree.split_indices.count == count, tree.default_left.count == count
        else { throw .badModel("a tree's arrays differ in length") }
        var nodes: [TreeEnsemble.Node] = []
        var order = [0]
        var next = 0
        while next < order.count {
            let source = order[next]
            next += 1
            guard 0..<count ~= source, order.count <= count else { throw .badModel("a tree's children are no tree") }
            if tree.left_children[source] == -1 {
                // In a leaf the condition is its value.
                nodes.append(.leaf(tree.split_conditions[source]))
            } else {
                nodes.append(
                    .split(
                        feature: tree.split_indices[source], threshold: tree.split_conditions[source],
                        left: order.count, defaultLeft: tree.default_left[source] != 0))
                order.append(tree.left_children[source])
                order.append(tree.right_children[source])
            }
        }
        return nodes
    }
}
