import Foundation
import Language

/// Shows a text while it is written.
enum AnswerStream {
    /// Writes the text of `request` to standard output as it comes, where `shows`, and returns the whole.
    static func write(
        _ request: GenerationRequest, _ model: any LanguageModel, shows: Bool
    ) async throws -> GeneratedText {
        var text = GeneratedText()
        var hasBegun = false
        for try await event in model.events(request) {
            text.append(event)
            guard shows, case .token(let token) = event else { continue }
            // A text that goes on from plain words begins with a space.
            let piece = hasBegun ? token.text : String(token.text.drop { $0.isWhitespace })
            hasBegun = hasBegun || !piece.isEmpty
            Output.text(piece)
        }
        if shows { Output.line() }
        return text
    }
}
