/// Remembered items, ready to be searched.
public struct NearestNeighboursModel: Codable, Sendable, Equatable {
    /// How it searches and predicts.
    public let configuration: NearestNeighbours
    let centres: [Double]
    let multipliers: [Double]
    /// The items' targets, `[items, targets]`, and each target's mean, which stands in where no neighbour has it.
    let targets: Matrix
    let targetMeans: [Double]
    /// The items in the metric's space, `[items, features]`, and their squared lengths.
    private(set) var points: [Double] = []
    private(set) var squares: [Double] = []

    /// The number of items.
    public var items: Int { targets.rows }
    /// The number of features.
    public var features: Int { centres.count }
    /// The neighbours used: k, or all items if there are fewer.
    public var neighbours: Int { min(configuration.k, items) }

    init(
        configuration: NearestNeighbours, centres: [Double], multipliers: [Double], targets: Matrix,
        targetMeans: [Double]
    ) {
        self.configuration = configuration
        self.centres = centres
        self.multipliers = multipliers
        self.targets = targets
        self.targetMeans = targetMeans
    }

    // A missing target is stored as null: JSON has no NaN.
    private enum CodingKeys: String, CodingKey {
        case configuration, centres, multipliers, targets, targetMeans, points
    }

    /// Reads a stored model; throws `LearnerError.badModel` when its parts do not fit together.
    public init(from decoder: any Decoder) throws {
        let box = try decoder.container(keyedBy: CodingKeys.self)
        configuration = try box.decode(NearestNeighbours.self, forKey: .configuration)
        centres = try box.decode([Double].self, forKey: .centres)
        multipliers = try box.decode([Double].self, forKey: .multipliers)
        targetMeans = try box.decode([Double].self, forKey: .targetMeans)
        let cells = try box.decode([Double?].self, forKey: .targets)
        points = try box.decode([Double].self, forKey: .points)
        guard !targetMeans.isEmpty, !centres.isEmpty, cells.count % targetMeans.count == 0, !cells.isEmpty,
            multipliers.count == centres.count, configuration.k > 0,
            points.count == cells.count / targetMeans.count * centres.count
        else { throw LearnerError.badModel("the items of nearest neighbours do not fit their features and targets") }
        targets = Matrix(
            rows: cells.count / targetMeans.count, columns: targetMeans.count, storage: cells.map { $0 ?? .nan })
        squares = Self.squares(points, features: centres.count)
    }

    /// Writes the model, missing targets as null.
    public func encode(to encoder: any Encoder) throws {
        var box = encoder.container(keyedBy: CodingKeys.self)
        try box.encode(configuration, forKey: .configuration)
        try box.encode(centres, forKey: .centres)
        try box.encode(multipliers, forKey: .multipliers)
        try box.encode(targetMeans, forKey: .targetMeans)
        try box.encode(targets.storage.map { $0.isNaN ? nil : $0 }, forKey: .targets)
        try box.encode(points, forKey: .points)
    }

    /// Two models are equal if they hold the same numbers, missing targets being equal to missing targets.
    public static func == (a: Self, b: Self) -> Bool {
        a.configuration == b.configuration && a.points == b.points && a.centres == b.centres
            && a.multipliers == b.multipliers && a.targetMeans == b.targetMeans
            && a.targets.storage.elementsEqual(b.targets.storage) { $0 == $1 || ($0.isNaN && $1.isNaN) }
    }

    mutating func remember(_ features: Matrix) {
        points = transformed(features)
        squares = Self.squares(points, features: self.features)
    }

    private static func squares(_ points: [Double], features: Int) -> [Double] {
        (0..<points.count / features).map { item in
            (0..<features).reduce(0) { $0 + points[item * features + $1] * points[item * features + $1] }
        }
    }

    /// The rows in the metric's space, `[rows, features]`.
    func transformed(_ rows: Matrix) -> [Double] {
        rows.mapRows(to: features) { transform($0, into: $1) }.storage
    }

    func transform(_ row: UnsafeBufferPointer<Double>, into point: UnsafeMutableBufferPointer<Double>) {
        precondition(row.count == features, "a row holds one number for each feature")
        var square = 0.0
        for feature in 0..<row.count {
            let value = row[feature].isNaN ? 0 : (row[feature] - centres[feature]) * multipliers[feature]
            point[feature] = value
            square += value * value
        }
        guard configuration.metric == .cosine, square > 0 else { return }
        let length = square.squareRoot()
        for feature in 0..<row.count { point[feature] /= length }
    }

    /// What is compared: the squared Euclidean distance, or the cosine distance.
    func key(_ point: UnsafePointer<Double>, item: Int) -> Double {
        points.withUnsafeBufferPointer { points in
            let other = points.baseAddress! + item * features
            var sum = 0.0
            if configuration.metric == .euclidean {
                for feature in 0..<features {
                    let difference = point[feature] - other[feature]
                    sum += difference * difference
                }
                return sum
            }
            for feature in 0..<features { sum += point[feature] * other[feature] }
            return max(0, 1 - sum)
        }
    }

    /// Memory for queries of this model.
    public func makeScratch() -> NeighbourScratch {
        NeighbourScratch(k: neighbours, features: features, targets: targets.columns)
    }

    /// Finds the nearest items of one row, `[features]`; of equally near ones, the first. Allocates nothing.
    public func search(_ row: UnsafeBufferPointer<Double>, scratch: inout NeighbourScratch) {
        precondition(scratch.items.count == neighbours, "scratch is made by the model it serves")
        var nearest = 0
        scratch.point.withUnsafeMutableBufferPointer { point in
            transform(row, into: point)
            for item in 0..<items {
                let key = key(UnsafePointer(point.baseAddress!), item: item)
                Self.insert(key, item, into: &scratch.distances, &scratch.items, count: &nearest)
            }
        }
        if configuration.metric == .euclidean {
            for index in scratch.distances.indices { scratch.distances[index].formSquareRoot() }
        }
    }

    /// Inserts an item into the ascending list of the nearest ones; later items of the same key come later.
    static func insert(
        _ key: Double, _ item: Int, into keys: inout [Double], _ items: inout [Int], count: inout Int
    ) {
        if count == keys.count && key >= keys[count - 1] { return }
        var place = min(count, keys.count - 1)
        while place > 0 && keys[place - 1] > key {
            keys[place] = keys[place - 1]
            items[place] = items[place - 1]
            place -= 1
        }
        keys[place] = key
        items[place] = item
        count = min(count + 1, keys.count)
    }

    /// Writes the targets, `[targets]`, of one row, `[features]`. Allocates nothing.
    public func predict(
        _ row: UnsafeBufferPointer<Double>, into result: UnsafeMutableBufferPointer<Double>,
        scratch: inout NeighbourScratch
    ) {
        search(row, scratch: &scratch)
        average(&scratch, into: result)
    }

    func average(_ scratch: inout NeighbourScratch, into result: UnsafeMutableBufferPointer<Double>) {
        clear(&scratch)
        for rank in scratch.items.indices { add(scratch.items[rank], scratch.distances[rank], to: &scratch) }
        write(scratch, into: result)
    }

    func clear(_ scratch: inout NeighbourScratch) {
        for target in scratch.sums.indices {
            scratch.sums[target] = 0
            scratch.masses[target] = 0
            scratch.exact[target] = false
        }
    }

    /// Adds the next nearest item to the weighted sums of all targets.
    func add(_ item: Int, _ distance: Double, to scratch: inout NeighbourScratch) {
        let weighs = configuration.weighting == .inverseDistance
        for target in 0..<targets.columns {
            let value = targets.storage[item * targets.columns + target]
            // Neighbours come nearest first, so that those at distance 0 are known before all others.
            if value.isNaN || (scratch.exact[target] && distance > 0) { continue }
            let weight = weighs && distance > 0 ? 1 / distance : 1
            if weighs && distance == 0 { scratch.exact[target] = true }
            scratch.sums[target] += weight * value
            scratch.masses[target] += weight
        }
    }

    func write(_ scratch: NeighbourScratch, into result: UnsafeMutableBufferPointer<Double>) {
        for target in 0..<targets.columns {
            result[target] =
                scratch.masses[target] > 0 ? scratch.sums[target] / scratch.masses[target] : targetMeans[target]
        }
    }
}
