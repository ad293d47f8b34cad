internal import NumericalMethods
public import Probability

/// Stochastic gradient Langevin boosting of a squared loss: the state is what the ensemble predicts for each item.
///
/// A step draws a base learner's structure s at random, fits it by least squares to the residuals plus noise, and adds η
/// times the fit:
///
///     F ← F + P_s ( η (y − F) + √(2 η T) ζ ),   P_s the projection on what learner s can express.
///
/// As P_s P_s = P_s, it is an Ito chain with γ = 0, b = P (y − F) and σ σᵀ = 2 T P where P is the mean of the P_s: an
/// Ornstein-Uhlenbeck process in the space of predictions. The noise is a random mixture of Gaussians, and the choice of
/// s adds an error of higher order.
///
/// - Source: boosting as an Ito chain is in arXiv 2310.06081; the algorithm is that of Ustimenko and Prokhorenkova, 2021,
///   SGLB, with structures drawn uniformly and the ridge left out.
public struct BoostingChain: ItoChain {
    /// y, `[items]`.
    public let targets: [Double]
    /// T.
    public let temperature: Double
    /// For each structure, the leaf of each item, `[structures][items]`.
    public let leaves: [[Int]]
    public let limit: LinearProcess
    let leafCount: Int
    /// Items by leaf, `[structures][leaves]`.
    let sizes: [[Double]]

    /// Boosting with trees, or any partitions of the items, of which one is drawn at each step.
    /// - Throws: `InferenceError.empty`, `.wrongShape`, `.improperParameter`.
    public init(targets: [Double], leaves: [[Int]], temperature: Double) throws {
        guard !targets.isEmpty, !leaves.isEmpty else { throw InferenceError.empty(what: "the items or the structures") }
        guard temperature > 0, temperature.isFinite else {
            throw InferenceError.improperParameter(
                name: "the temperature", value: "\(temperature)", expected: "above 0")
        }
        let count = targets.count
        for (structure, assignment) in leaves.enumerated() {
            guard assignment.count == count, assignment.allSatisfy({ $0 >= 0 && $0 < count }) else {
                throw InferenceError.wrongShape(
                    what: "structure \(structure)", found: "\(assignment.count) leaves",
                    expected: "\(count) leaves numbered below \(count)")
            }
        }
        var mean = Matrix(rows: count, columns: count)
        var sizes: [[Double]] = []
        for assignment in leaves {
            var size = [Double](repeating: 0, count: count)
            for leaf in assignment { size[leaf] += 1 }
            sizes.append(size)
            for i in 0..<count {
                for j in 0..<count where assignment[i] == assignment[j] {
                    mean[i, j] += 1 / size[assignment[i]] / Double(leaves.count)
                }
            }
        }
        self.targets = targets
        self.temperature = temperature
        self.leaves = leaves
        self.sizes = sizes
        leafCount = count
        limit = try LinearProcess(
            drift: mean * -1, offset: mean.multiplied(by: targets),
            dispersion: GaussianTransition.root(of: mean * (2 * temperature)))
    }

    /// Stumps on `[items, features]` inputs: a split between any two neighbouring values of any feature.
    public init(stumpsOn inputs: [Double], targets: [Double], temperature: Double) throws {
        guard !targets.isEmpty, !inputs.isEmpty, inputs.count % targets.count == 0 else {
            throw InferenceError.wrongShape(
                what: "the inputs", found: "\(inputs.count) numbers", expected: "a multiple of \(targets.count)")
        }
        let features = inputs.count / targets.count
        var leaves: [[Int]] = []
        for feature in 0..<features {
            let values = targets.indices.map { inputs[$0 * features + feature] }
            for threshold in Set(values).sorted().dropFirst() { leaves.append(values.map { $0 < threshold ? 0 : 1 }) }
        }
        try self.init(targets: targets, leaves: leaves, temperature: temperature)
    }

    public var orders: ItoOrders { ItoOrders(noise: 0, isGaussian: false) }
    public var workspaceCount: Int { leafCount }

    public func step(
        _ state: UnsafeMutablePointer<Double>, stepSize: Double, work: UnsafeMutablePointer<Double>,
        using random: inout Random
    ) {
        let structure = random.integer(below: leaves.count)
        let noise = (2 * stepSize * temperature).squareRoot()
        for leaf in 0..<leafCount { work[leaf] = 0 }
        leaves[structure].withUnsafeBufferPointer { leaf in
            sizes[structure].withUnsafeBufferPointer { size in
                for i in 0..<targets.count {
                    work[leaf[i]] += stepSize * (targets[i] - state[i]) + noise * random.normal()
                }
                for i in 0..<targets.count { state[i] += work[leaf[i]] / size[leaf[i]] }
            }
        }
    }
}
