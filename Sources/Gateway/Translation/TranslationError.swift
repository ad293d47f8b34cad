/// A request that one interface can say and another can't.
struct TranslationError: Error, Equatable, Sendable {
    /// Where it stands: `tools.0.type`.
    var place: String
    /// What can't be said.
    var reason: String

    /// For the client.
    var doorError: DoorError {
        DoorError(
            status: 400, type: "invalid_request_error",
            message: "\(place): \(reason). The stage speaks chat completions, which have no word for it.",
            code: "untranslatable", parameter: place)
    }

    static func unknown(_ place: String) -> TranslationError {
        TranslationError(place: place, reason: "it has no counterpart")
    }
}

extension JSONTree {
    /// Refuses members that are not in `known`; a member that is null says nothing.
    func allow(_ known: Set<String>, at place: String) throws(TranslationError) {
        for member in members ?? [] where !known.contains(member.name) && member.value != .null {
            throw .unknown(place.isEmpty ? member.name : "\(place).\(member.name)")
        }
    }

    func requiredText(_ name: String, at place: String) throws(TranslationError) -> String {
        guard let text = self[name]?.text else {
            throw TranslationError(place: "\(place).\(name)", reason: "a string is expected")
        }
        return text
    }
}
