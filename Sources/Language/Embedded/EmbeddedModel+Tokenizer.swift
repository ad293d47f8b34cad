import CLlama

extension EmbeddedModel: Tokenizer {
    public var vocabularyCount: Int { Int(llama_vocab_n_tokens(vocabulary)) }

    public var beginningOfText: Token? {
        let token = llama_vocab_bos(vocabulary)
        return llama_vocab_get_add_bos(vocabulary) && token >= 0 ? token : nil
    }

    public func tokens(of text: String, addingSpecial: Bool, parsingSpecial: Bool) -> [Token] {
        var text = text
        return text.withUTF8 { bytes in
            bytes.withMemoryRebound(to: CChar.self) { characters in
                // Hardly ever more tokens than bytes and special ones; the call says how many where it is.
                var tokens = [Token](repeating: 0, count: characters.count + 8)
                var count = llama_tokenize(
                    vocabulary, characters.baseAddress, Int32(characters.count), &tokens, Int32(tokens.count),
                    addingSpecial, parsingSpecial)
                if count < 0 {
                    tokens = [Token](repeating: 0, count: Int(-count))
                    count = llama_tokenize(
                        vocabulary, characters.baseAddress, Int32(characters.count), &tokens, Int32(tokens.count),
                        addingSpecial, parsingSpecial)
                }
                return Array(tokens.prefix(Int(count)))
            }
        }
    }

    public func bytes(of token: Token) -> [UInt8] { bytes(of: token, special: false) }

    /// The name of a token, control tokens spelled out.
    public func name(of token: Token) -> String {
        String(decoding: bytes(of: token, special: true), as: UTF8.self)
    }

    private func bytes(of token: Token, special: Bool) -> [UInt8] {
        guard token >= 0, token < vocabularyCount else { return [] }
        var buffer = [CChar](repeating: 0, count: 64)
        var count = llama_token_to_piece(vocabulary, token, &buffer, Int32(buffer.count), 0, special)
        if count < 0 {
            buffer = [CChar](repeating: 0, count: Int(-count))
            count = llama_token_to_piece(vocabulary, token, &buffer, Int32(buffer.count), 0, special)
        }
        return buffer.prefix(Int(count)).map { UInt8(bitPattern: $0) }
    }

    public func endsGeneration(_ token: Token) -> Bool { llama_vocab_is_eog(vocabulary, token) }

    /// The token that ends a text.
    public var endOfText: Token { llama_vocab_eos(vocabulary) }

    /// Whether `token` is a control token, which stands for no text.
    public func isControl(_ token: Token) -> Bool { llama_vocab_is_control(vocabulary, token) }

    /// Checks that two models mean the same text by the same tokens.
    /// - Throws: ``LanguageError/vocabularyMismatch(first:second:reason:)`` with the first token that differs.
    public func requireSameVocabulary(as other: EmbeddedModel) throws(LanguageError) {
        if self === other { return }
        func fail(_ reason: String) -> LanguageError {
            .vocabularyMismatch(first: name, second: other.name, reason: reason)
        }
        guard vocabularyCount == other.vocabularyCount else {
            throw fail("\(vocabularyCount) and \(other.vocabularyCount) tokens")
        }
        for token in 0..<Token(vocabularyCount)
        where bytes(of: token, special: true) != other.bytes(of: token, special: true) {
            throw fail("token \(token) is \"\(name(of: token))\" and \"\(other.name(of: token))\"")
        }
    }
}
