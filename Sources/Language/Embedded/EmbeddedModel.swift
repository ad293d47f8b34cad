import CLlama
import Foundation
import Synchronization

/// The weights and the vocabulary of a model that runs in this process.
///
/// They do not change once loaded, so that any number of contexts share them.
public final class EmbeddedModel: @unchecked Sendable {  // the pointers' contents are constant after `init`
    /// The file's path.
    public let path: String
    /// The file's name without folder and extension, or the name it was loaded by.
    public let name: String
    let model: OpaquePointer
    let vocabulary: OpaquePointer
    /// The vocabulary by its bytes, once a constraint has asked for it.
    private let trie = Mutex<VocabularyTrie?>(nil)

    /// Loads the GGUF file at `path`.
    /// - Parameters:
    ///   - name: how errors and logs call it; by default the file's name.
    ///   - vocabularyOnly: loads no weights: enough to cut text into tokens.
    /// - Throws: ``LanguageError/badModel(path:reason:remedy:)``.
    public init(path: String, name: String? = nil, vocabularyOnly: Bool = false) throws(LanguageError) {
        let header = try GGUFHeader(path: path)
        LlamaLibrary.start()
        // How busy the machine is shall be known when the first token is computed.
        _ = ProcessorLoad.shared
        _ = LlamaLibrary.takeComplaints()
        var parameters = llama_model_default_params()
        parameters.vocab_only = vocabularyOnly
        // Tensors that a cut file lacks are found by the loader, which knows where each must end.
        guard let model = llama_model_load_from_file(path, parameters) else {
            let why = LlamaLibrary.takeComplaints()
            throw .badModel(
                path: path,
                reason: why.isEmpty ? "llama.cpp can't load it (\(header.tensorCount) tensors announced)" : why,
                remedy:
                    "The file may be cut, or of an architecture that this llama.cpp does not know. Download it again.")
        }
        self.model = model
        self.path = path
        self.name = name ?? URL(fileURLWithPath: path).deletingPathExtension().lastPathComponent
        vocabulary = llama_model_get_vocab(model)
    }

    deinit { llama_model_free(model) }

    /// The start of `constraint` over this vocabulary. The first one takes some tens of milliseconds more.
    /// - Throws: ``LanguageError/badConstraint(kind:line:column:reason:)`` for one that can't be read,
    ///   ``LanguageError/emptyConstraint(kind:reason:)`` for one that no text satisfies.
    public func constraint(_ constraint: TextConstraint) throws(LanguageError) -> AutomatonConstraint {
        try AutomatonConstraint(constraint, vocabularyTrie)
    }

    /// The vocabulary by its bytes.
    public var vocabularyTrie: VocabularyTrie {
        trie.withLock { trie in
            if let trie { return trie }
            let made = VocabularyTrie(self)
            trie = made
            return made
        }
    }

    /// What the file says of itself: architecture, size, quantisation.
    public var summary: String {
        var buffer = [CChar](repeating: 0, count: 256)
        let count = llama_model_desc(model, &buffer, buffer.count)
        return String(
            decoding: buffer.prefix(max(0, min(Int(count), 255))).map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// How many parameters it has.
    public var parameterCount: Int { Int(llama_model_n_params(model)) }
    /// Bytes of its weights.
    public var byteCount: Int { Int(llama_model_size(model)) }
    /// The longest text that it was trained on, in tokens.
    public var trainedContextLength: Int { Int(llama_model_n_ctx_train(model)) }
    /// How many layers it has.
    public var layerCount: Int { Int(llama_model_n_layer(model)) }
    /// Numbers in an embedding.
    public var embeddingCount: Int { Int(llama_model_n_embd(model)) }

    /// The entry `key` of the file's metadata (`general.architecture`), or nil.
    public func metadata(_ key: String) -> String? {
        var buffer = [CChar](repeating: 0, count: 1024)
        var count = Int(llama_model_meta_val_str(model, key, &buffer, buffer.count))
        if count < 0 { return nil }
        if count >= buffer.count {
            buffer = [CChar](repeating: 0, count: count + 1)
            count = Int(llama_model_meta_val_str(model, key, &buffer, buffer.count))
        }
        return String(decoding: buffer.prefix(count).map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
