import Foundation

/// Published scores of families of models of several sizes.
struct PublishedScores {
    /// A family: its models' sizes and scores.
    struct Family {
        var name: String
        /// Billions of parameters, rising, `[models]`.
        var sizes: [Double] = []
        /// `[tasks][models]`; NaN where none was published.
        var scores: [[Double]] = []
    }

    /// The tasks' names.
    let tasks: [String]
    /// The families, in the file's order.
    let families: [Family]

    /// Reads the data set `published-scores`.
    /// - Throws: ``CatalogError``.
    init(_ store: DataStore) throws {
        let path = try store.folder(of: "published-scores") + "/scores.csv"
        func bad(_ reason: String) -> CatalogError { .badData(path: path, reason: reason) }
        guard let data = FileManager.default.contents(atPath: path) else { throw bad("it can't be read") }
        let lines = String(decoding: data, as: UTF8.self).split(separator: "\n").map {
            $0.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
        }
        guard let head = lines.first, head.count > 3 else { throw bad("there is no line of names") }
        tasks = Array(head[3...])
        var families: [Family] = []
        for (number, cells) in lines.enumerated().dropFirst() {
            guard cells.count == head.count, let size = Double(cells[2]) else {
                throw bad("line \(number + 1): expected \(head.count) values, the third a size")
            }
            if families.last?.name != cells[0] {
                families.append(Family(name: cells[0], scores: head[3...].map { _ in [] }))
            }
            families[families.count - 1].sizes.append(size)
            for (task, cell) in cells[3...].enumerated() {
                families[families.count - 1].scores[task].append(Double(cell) ?? .nan)
            }
        }
        self.families = families
    }
}
