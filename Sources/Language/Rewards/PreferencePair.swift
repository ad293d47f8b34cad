public import Foundation

/// How a response is put.
public enum ResponseStyle: Int, Sendable, Hashable, Codable, CaseIterable {
    /// A short sentence.
    case concise
    /// More words, as plain text.
    case detailed
    /// The same in Markdown.
    case markdown
}

/// A prompt with a right and a wrong response that differ in a detail, each in three styles.
///
/// - Source: paper 199 (RM-Bench), section 3.
public struct PreferencePair: Sendable, Hashable {
    /// Its id.
    public var id: String
    /// What is asked.
    public var prompt: String
    /// The right response by style, `[styles]`.
    public var chosen: [String]
    /// The wrong response by style, `[styles]`.
    public var rejected: [String]
    /// What it is about: chat, code, math and safety in RM-Bench.
    public var domain: String

    /// A pair.
    public init(id: String, prompt: String, chosen: [String], rejected: [String], domain: String) {
        precondition(chosen.count == ResponseStyle.allCases.count && rejected.count == chosen.count, "one a style")
        self.id = id
        self.prompt = prompt
        self.chosen = chosen
        self.rejected = rejected
        self.domain = domain
    }

    /// The pairs in the file at `path`, in RM-Bench's JSON format: a list of objects with `id`, `prompt`, `domain`, and
    /// `chosen` and `rejected`, three texts each.
    /// - Throws: ``LanguageError/badBenchmark(file:place:reason:)``.
    public static func read(from path: String) throws(LanguageError) -> [PreferencePair] {
        guard let data = FileManager.default.contents(atPath: path) else {
            throw .badBenchmark(file: path, place: "", reason: "there is no such file, or it can't be read")
        }
        return try read(data, file: path)
    }

    /// Reads `data`; `file` is named in errors.
    public static func read(_ data: Data, file: String) throws(LanguageError) -> [PreferencePair] {
        guard let text = String(bytes: data, encoding: .utf8) else {
            throw .badBenchmark(file: file, place: "", reason: "it is not UTF-8 text")
        }
        var pairs: [PreferencePair] = []
        var ids: Set<String> = []
        for place in try JSONPlace.list(text, file: file, of: "item") {
            func responses(_ key: String) throws(LanguageError) -> [String] {
                let texts = try place.texts(key) ?? []
                guard texts.count == ResponseStyle.allCases.count, !texts.contains("") else {
                    throw place.bad("'\(key)': expected three texts: concise, detailed, in Markdown")
                }
                return texts
            }
            let pair = PreferencePair(
                id: try place.text("id"), prompt: try place.text("prompt"), chosen: try responses("chosen"),
                rejected: try responses("rejected"), domain: try place.optionalText("domain") ?? "all")
            guard ids.insert(pair.id).inserted else { throw place.bad("the id '\(pair.id)' was used already") }
            pairs.append(pair)
        }
        guard !pairs.isEmpty else { throw .badBenchmark(file: file, place: "", reason: "there are no items") }
        return pairs
    }
}
