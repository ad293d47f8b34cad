import Foundation

/// A model as people write it: a name or a path, and behind a colon the form that its weights are to have.
///
///     ModelName("smollm2-135m:Q2_K")   // two bits a weight: a draft, or the cheap end of a cascade
public struct ModelName: Sendable, Hashable {
    /// A model's name, or the path of a GGUF file.
    public var base: String
    /// The form of the weights; nil for the file's own.
    public var form: EmbeddedModel.Quantization?

    /// What `text` means. A colon that no known form follows is part of the name or path.
    public init(_ text: String) {
        base = text
        guard let colon = text.lastIndex(of: ":"), colon > text.startIndex else { return }
        let known = EmbeddedModel.Quantization.allCases.first {
            $0.rawValue.lowercased() == text[text.index(after: colon)...].lowercased()
        }
        guard let known else { return }
        base = String(text[..<colon])
        form = known
    }

    /// The named model that it is, or is a form of; nil for a file.
    public var named: NamedModel? { NamedModel.all.first { $0.name == base } }
}
