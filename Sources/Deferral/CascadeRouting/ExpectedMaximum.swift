import Cascades

/// The expected maximum of a known value and of some normal variables, for any set of the variables.
///
///     E max(d, max_{k in T} X_k) = d + ∫_d^∞ (1 - Π_{k in T} F_k(x)) dx,      X_k ~ N(mean_k, deviation_k²)
///
/// for independent X_k, by Gauss-Legendre panels no wider than 4 deviations of the sharpest variable that is within 4
/// deviations of its mean there, so that each panel is smooth for every variable however different they are. Variables that share one factor,
/// X_k = mean_k + loading_k f + e_k with f ~ N(0, 1), are independent given f, and f is averaged out by Gauss-Hermite.
/// A loading that all have in common shifts the maximum and no choice, so it costs nothing: only the differences of
/// the loadings are averaged over.
///
/// The error is below 5e-5 of the variables' spread, 5e-6 on average (tested against the closed form for two).
///
/// The values F_k at all nodes are worked out once; a set then costs one product and one sum over the nodes. That makes
/// the search over sets of ``SetSearch`` cheap. (A published implementation puts the variance where the deviation
/// belongs in F_k, and so understates what one more stage is worth when deviations are below 1.)
///
/// - Source: the rule is that of Dekoninck, Baader and Vechev 2024, "A Unified Approach to Routing and Cascading for
///   LLMs", section 3; the quadrature is ours.
struct ExpectedMaximum {
    /// Nodes a panel.
    static let panelNodes = 6
    /// How many deviations around its mean a variable is integrated over: beyond, 5e-8 of it is left.
    static let reach = 5.0
    /// Gauss-Legendre on [0, 1], six nodes.
    static let legendre: [(node: Double, weight: Double)] = [
        (0.03376524289842403, 0.08566224618958514),
        (0.16939530676686776, 0.18038078652406936),
        (0.38069040695840156, 0.23395696728634552),
        (0.6193095930415985, 0.23395696728634552),
        (0.8306046932331322, 0.18038078652406936),
        (0.9662347571015759, 0.08566224618958514),
    ]
    /// Gauss-Hermite for the standard normal: 3, 5, 9 or 17 nodes, by how much larger the factor is than what is a
    /// variable's own. The larger it is, the sharper the corner that the average over the factor runs across.
    static func hermite(spread: Double) -> [(node: Double, weight: Double)] {
        spread < 0.3 ? hermite3 : spread < 0.7 ? hermite5 : spread < 2 ? hermite9 : hermite17
    }
    static let mostFactorNodes = 17
    static let hermite3: [(node: Double, weight: Double)] = [
        (-1.7320508075688774, 0.1666666666666666),
        (0.0, 0.6666666666666669),
        (1.7320508075688774, 0.1666666666666666),
    ]
    static let hermite5: [(node: Double, weight: Double)] = [
        (-2.8569700138728056, 0.011257411327720677),
        (-1.355626179974266, 0.22207592200561257),
        (0.0, 0.5333333333333335),
        (1.355626179974266, 0.22207592200561257),
        (2.8569700138728056, 0.011257411327720677),
    ]
    static let hermite9: [(node: Double, weight: Double)] = [
        (-4.512745863399783, 2.2345844007746607e-05),
        (-3.20542900285647, 0.0027891413212317692),
        (-2.07684797867783, 0.04991640676521782),
        (-1.0232556637891326, 0.24409750289493953),
        (0.0, 0.40634920634920635),
        (1.0232556637891326, 0.24409750289493953),
        (2.07684797867783, 0.04991640676521782),
        (3.20542900285647, 0.0027891413212317692),
        (4.512745863399783, 2.2345844007746607e-05),
    ]
    static let hermite17: [(node: Double, weight: Double)] = [
        (-6.889122439895333, 2.5843149193748912e-11),
        (-5.744460078659406, 2.8080161179305654e-08),
        (-4.778531589629984, 4.012679447979844e-06),
        (-3.90006571719801, 0.0001684914315513384),
        (-3.0737971753281936, 0.002858946062284619),
        (-2.281019440252989, 0.023086657025710968),
        (-1.5098833077967408, 0.0974063711627211),
        (-0.7518426007038962, 0.2267063084689769),
        (0.0, 0.29953837012660545),
        (0.7518426007038962, 0.2267063084689769),
        (1.5098833077967408, 0.0974063711627211),
        (2.281019440252989, 0.023086657025710968),
        (3.0737971753281936, 0.002858946062284619),
        (3.90006571719801, 0.0001684914315513384),
        (4.778531589629984, 4.012679447979844e-06),
        (5.744460078659406, 2.8080161179305654e-08),
        (6.889122439895333, 2.5843149193748912e-11),
    ]

    /// How many doubles of scratch a search over `stages` variables needs.
    static func scratchCount(stages: Int) -> Int {
        let nodes = nodeCapacity(stages: stages)
        // Weights, F of each stage, a product for each depth of the search, and one to carry along.
        return nodes * (1 + stages + stages + 2)
    }

    /// The most nodes: each variable adds at most three panels (10 deviations at 4 each, and a start), for each value of
    /// the factor.
    static func nodeCapacity(stages: Int) -> Int { (4 * stages + 2) * panelNodes * mostFactorNodes }

    /// Quadrature weights, `[nodes]`.
    let weights: UnsafeMutablePointer<Double>
    /// F_k at the nodes, `[stages][stride]`.
    let values: UnsafeMutablePointer<Double>
    /// Products along the search, `[depth][stride]`.
    let products: UnsafeMutablePointer<Double>
    /// One more product, carried along by ``leaveOneOut(_:_:)``.
    private let carried: UnsafeMutablePointer<Double>
    let stride: Int
    /// How many nodes are in use.
    private(set) var count = 0
    /// The expected maximum of the known value alone, that is, where the integrals start.
    private(set) var base = 0.0

    /// Prepares the nodes.
    /// - Parameters:
    ///   - known: the known value d, or -infinity when there is none.
    ///   - stages: the variables that may be in a set.
    ///   - means: `[all stages]`.
    ///   - deviations: of the part of each variable that is its own, `[all stages]`, >= 0.
    ///   - loadings: of the shared factor, `[all stages]`, or nil when there is none.
    ///   - scratch: ``scratchCount(stages:)`` doubles for all stages.
    init(
        known: Double, stages: StageSetRange, means: UnsafePointer<Double>, deviations: UnsafePointer<Double>,
        loadings: UnsafePointer<Double>?, scratch: UnsafeMutablePointer<Double>
    ) {
        let total = stages.total

        // A loading that all variables share moves no choice between them, unless a known value stands still.
        var center = 0.0
        var spread = 0.0
        if let loadings {
            if known == -.infinity {
                for stage in stages.set { center += loadings[stage] / Double(stages.set.count) }
            }
            for stage in stages.set {
                spread = max(spread, abs(loadings[stage] - center) / max(deviations[stage], 1e-12))
            }
        }
        let usesFactor = spread > 0.02
        // Rows no longer than this search can need: they stay close together.
        let factorNodes = usesFactor ? Self.hermite(spread: spread).count : 1
        stride = (4 * stages.set.count + 2) * Self.panelNodes * factorNodes
        weights = scratch
        values = scratch + stride
        products = values + stride * total
        carried = products + stride * (total + 1)
        NormalCDFTable.nodes.withUnsafeBufferPointer { table in
            if usesFactor {
                for point in Self.hermite(spread: spread) {
                    add(
                        point.node, weight: point.weight, center: center, known: known, stages: stages, means: means,
                        deviations: deviations, loadings: loadings, table: table.baseAddress!)
                }
            } else {
                add(
                    0, weight: 1, center: 0, known: known, stages: stages, means: means, deviations: deviations,
                    loadings: nil, table: table.baseAddress!)
            }
        }
    }

    /// Adds the nodes for one value of the factor.
    @inline(__always)
    private mutating func add(
        _ factor: Double, weight: Double, center: Double, known: Double, stages: StageSetRange,
        means: UnsafePointer<Double>, deviations: UnsafePointer<Double>, loadings: UnsafePointer<Double>?,
        table: UnsafePointer<Double>
    ) {
        @inline(__always) func mean(_ stage: Int) -> Double {
            guard let loadings else { return means[stage] }
            return means[stage] + (loadings[stage] - center) * factor
        }
        var low = known
        var high = known
        if known == -.infinity {
            low = .infinity
            for stage in stages.set { low = min(low, mean(stage) - Self.reach * deviations[stage]) }
        }
        for stage in stages.set { high = max(high, mean(stage) + Self.reach * deviations[stage]) }
        base += weight * low
        let first = count
        var left = low
        while left < high {
            // The sharpest variable that moves here sets the width; the next one to start to move ends the panel.
            var sharpest = Double.infinity
            var right = high
            for stage in stages.set {
                let (m, s) = (mean(stage), deviations[stage])
                let start = m - 4 * s
                if start > left {
                    right = min(right, start)
                } else if left < m + 4 * s {
                    sharpest = min(sharpest, s)
                }
            }
            if sharpest < .infinity { right = min(right, left + 4 * sharpest) }
            let width = right - left
            // A width lost in rounding would never end.
            if !(left + width > left) { break }
            for point in Self.legendre {
                // Kept for now in place of the product: the node itself.
                products[count] = left + width * point.node
                weights[count] = weight * width * point.weight
                count += 1
            }
            left = right
        }
        for stage in stages.set {
            let (m, s) = (mean(stage), deviations[stage])
            let row = values + stage * stride
            if s > 0 {
                let inverse = 1 / s
                for node in first..<count { row[node] = NormalCDFTable.value((products[node] - m) * inverse, table) }
            } else {
                for node in first..<count { row[node] = products[node] >= m ? 1 : 0 }
            }
        }
    }

    /// The integral of 1 - first · second; of 1 - first where there is no second.
    ///
    /// Four sums side by side: one alone would wait for each addition to end.
    @inline(__always)
    private func missing(_ first: UnsafePointer<Double>, _ second: UnsafePointer<Double>?) -> Double {
        var sums = SIMD4<Double>()
        var node = 0
        func load(_ pointer: UnsafePointer<Double>) -> SIMD4<Double> {
            SIMD4(pointer[node], pointer[node + 1], pointer[node + 2], pointer[node + 3])
        }
        while node + 4 <= count {
            let product = second.map { load(first) * load($0) } ?? load(first)
            sums += load(weights) * (1 - product)
            node += 4
        }
        var sum = sums.sum()
        while node < count {
            sum += weights[node] * (1 - first[node] * (second?[node] ?? 1))
            node += 1
        }
        return sum
    }

    /// Starts a search: the product over no stages is 1 everywhere.
    func begin() { for node in 0..<count { products[node] = 1 } }

    /// E max of the known value and the stages whose product stands at `depth`.
    @inline(__always)
    func value(at depth: Int) -> Double {
        base + missing(products + depth * stride, nil)
    }

    /// E max of the known value and the stages whose product stands at `depth`, and `stage`.
    @inline(__always)
    func value(adding stage: Int, at depth: Int) -> Double {
        base + missing(products + depth * stride, values + stage * stride)
    }

    /// E max of the known value, the stages at depth 0 and `order`, and the same without each stage of `order` in turn:
    /// from suffix products at depths 1 and up and a prefix carried along, so in time linear in the stages.
    func leaveOneOut(_ order: StageSet, _ body: (_ stage: Int, _ all: Double, _ without: Double) -> Void) {
        let count = order.count
        var place = count
        var rest = order
        while let last = rest.last {
            descend(adding: last, from: place == count ? 0 : place + 1, to: place)
            rest.remove(last)
            place -= 1
        }
        let all = value(at: 1)
        for node in 0..<self.count { carried[node] = 1 }
        place = 1
        for stage in order {
            let suffix = products + (place == count ? 0 : place + 1) * stride
            body(stage, all, base + missing(carried, suffix))
            let row = values + stage * stride
            for node in 0..<self.count { carried[node] *= row[node] }
            place += 1
        }
    }

    /// Puts the product over the stages at `depth` and `stage` at `target`, which may be `depth` itself.
    @inline(__always)
    func descend(adding stage: Int, from depth: Int, to target: Int) {
        let row = values + stage * stride
        let product = products + depth * stride
        let next = products + target * stride
        for node in 0..<count { next[node] = product[node] * row[node] }
    }
}
