import Foundation

/// Where the key to an endpoint is: never in a program or a command, which others can read.
public enum EndpointKey: Sendable, Hashable {
    /// The endpoint asks for none.
    case none
    /// In the environment variable of this name.
    case environment(String)
    /// In the file at this path, alone.
    case file(String)

    /// The key, and what is unwise about where it lies.
    /// - Throws: ``LanguageError/missingKey(place:remedy:)``.
    func load(
        environment: [String: String] = ProcessInfo.processInfo.environment
    ) throws(LanguageError) -> (secret: Secret?, warnings: [String]) {
        switch self {
        case .none: return (nil, [])
        case .environment(let name):
            let place = "the environment variable \(name)"
            guard let text = environment[name]?.trimmingCharacters(in: .whitespacesAndNewlines), !text.isEmpty else {
                throw .missingKey(place: place, remedy: "Set it before the program starts: export \(name)=...")
            }
            return (try Secret(text, place: place), [])
        case .file(let path):
            guard let data = FileManager.default.contents(atPath: path) else {
                throw .missingKey(
                    place: "the file \(path)",
                    remedy: "Write it there, and make the file yours alone: chmod 600 \(path)")
            }
            let text = String(decoding: data, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
            guard !text.isEmpty else {
                throw .missingKey(place: "the file \(path)", remedy: "The file is empty: write the key there.")
            }
            let mode =
                ((try? FileManager.default.attributesOfItem(atPath: path))?[.posixPermissions] as? NSNumber)?.intValue
            let isOpen = (mode ?? 0) & 0o077 != 0
            return (
                try Secret(text, place: "the file \(path)"),
                isOpen ? ["\(path) can be read by others: chmod 600 \(path)"] : []
            )
        }
    }
}

/// A text that is never shown: whatever describes, mirrors or dumps it gets other words.
struct Secret: Sendable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    private let text: String

    /// - Throws: ``LanguageError/missingKey(place:remedy:)`` for what can't stand in a header.
    init(_ text: String, place: String) throws(LanguageError) {
        guard text.unicodeScalars.allSatisfy({ $0.value > 32 && $0.value < 127 }) else {
            throw .missingKey(
                place: place,
                remedy: "What is there has spaces or characters that no key has: it should hold the key alone."
            )
        }
        self.text = text
    }

    /// What stands in the header called `header`.
    func value(ofHeader header: String) -> String { header.lowercased() == "authorization" ? "Bearer \(text)" : text }

    /// `words` without the secret, should somebody have repeated it in them.
    func removed(from words: String) -> String { words.replacing(text, with: "[key]") }

    var description: String { "[key]" }
    var debugDescription: String { "[key]" }
    var customMirror: Mirror { Mirror(self, children: [:]) }
}
