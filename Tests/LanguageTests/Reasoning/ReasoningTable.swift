import Cascades
import Foundation
import Language

/// A table model for programs over forms: what it writes and how likely it finds a text depends on the field that is asked
/// for and on the prompt.
struct ReasoningTable {
    /// `ln p(text | prompt)` up to a constant, by field and text.
    var log: @Sendable (_ field: String, _ text: String, _ prompt: String) -> Double = { _, _, _ in 0 }
    /// What is written for a field, given the prompt and the seed.
    var write: @Sendable (_ field: String, _ prompt: String, _ seed: UInt64) -> String = { _, _, _ in "" }

    var model: TableModel {
        TableModel(
            write: { request in
                let (prompt, field) = Self.parts(request.prompt)
                return [GeneratedToken(self.write(field, prompt, request.seed), 0.5)]
            },
            logProbability: { text, prompt in
                let (words, field) = Self.parts(prompt)
                return self.log(field, text.trimmingCharacters(in: .whitespacesAndNewlines), words)
            })
    }

    /// The prompt's last form, and the field that is asked for.
    static func parts(_ prompt: Prompt) -> (text: String, field: String) {
        guard case .text(let text) = prompt else { return ("", "") }
        let form = text.components(separatedBy: "\n\n").last ?? ""
        let cue = form.split(separator: "\n").last ?? ""
        return (form, String(cue.dropLast()))
    }
}
