import Foundation
import Language

/// Shows a text while it is written.
enum AnswerStream {
    /// Writes the text of `request` to standard output as it comes, where `shows`, and returns the whole.
    static func write(
        _ request: GenerationRequest, _ model: any LanguageModel, shows: Bool
    ) async throws -> GeneratedText {
        var text = GeneratedText()
        var line = AnswerLine()
        for try await event in model.events(request) {
            text.append(event)
            if shows { line.show(event) }
        }
        if shows { Output.line() }
        return text
    }

    /// The same with a smaller model's drafts, and what these were worth.
    static func write(
        _ request: GenerationRequest, _ model: SpeculativeLanguageModel, shows: Bool
    ) async throws -> (text: GeneratedText, statistics: SpeculationStatistics) {
        var line = AnswerLine()
        let written = try await model.speculate(request) { if shows { line.show($0) } }
        if shows { Output.line() }
        return written
    }
}

/// An answer on the terminal.
private struct AnswerLine {
    private var hasBegun = false

    mutating func show(_ event: GenerationEvent) {
        guard case .token(let token) = event else { return }
        // A text that goes on from plain words begins with a space.
        let piece = hasBegun ? token.text : String(token.text.drop { $0.isWhitespace })
        hasBegun = hasBegun || !piece.isEmpty
        Output.text(piece)
    }
}
