import CLlama
import Foundation

extension EmbeddedModel {
    /// The file's template for conversations, or nil.
    public var chatTemplate: String? { llama_model_chat_template(model, nil).map { String(cString: $0) } }

    /// The tokens of a conversation in the model's own template, up to where the model is to speak.
    ///
    /// Only the template's own words become control tokens: what the messages say stays text, so that nobody can forge a
    /// turn by writing `<|im_end|>`.
    /// - Throws: ``LanguageError/unsupported(model:what:remedy:)`` where there is no template, or llama.cpp does not
    ///   know it.
    public func tokens(ofChat messages: [ChatMessage]) throws(LanguageError) -> [Token] {
        guard let template = chatTemplate else {
            throw .unsupported(
                model: name, what: "it has no chat template",
                remedy: "Ask it to go on from a plain text instead.")
        }
        guard !messages.isEmpty else {
            throw .improperParameter(name: "messages", value: "none", expected: "at least one message")
        }
        // Each content is stood for by a mark that no template has, so that template and contents are cut into
        // tokens apart.
        let marks = messages.indices.map { "\u{F0000}\($0)\u{F0001}" }
        let frame = try apply(template, zip(messages, marks).map { ChatMessage(role: $0.role, content: $1) })
        var tokens: [Token] = []
        var rest = Substring(frame)
        for (message, mark) in zip(messages, marks) {
            guard let place = rest.range(of: mark) else {
                throw .unsupported(
                    model: name, what: "its chat template leaves out a message of \"\(message.role)\"",
                    remedy: "Use the roles system, user and assistant.")
            }
            tokens += self.tokens(
                of: String(rest[..<place.lowerBound]), addingSpecial: tokens.isEmpty, parsingSpecial: true)
            tokens += self.tokens(of: message.content)
            rest = rest[place.upperBound...]
        }
        tokens += self.tokens(of: String(rest), addingSpecial: false, parsingSpecial: true)
        return tokens
    }

    private func apply(_ template: String, _ messages: [ChatMessage]) throws(LanguageError) -> String {
        var strings: [UnsafeMutablePointer<CChar>] = []
        defer { strings.forEach { $0.deallocate() } }
        func copy(_ text: String) -> UnsafePointer<CChar> {
            let characters = text.utf8CString
            let pointer = UnsafeMutablePointer<CChar>.allocate(capacity: characters.count)
            for (index, character) in characters.enumerated() { pointer[index] = character }
            strings.append(pointer)
            return UnsafePointer(pointer)
        }
        let chat = messages.map { llama_chat_message(role: copy($0.role), content: copy($0.content)) }
        var buffer = [CChar](repeating: 0, count: 4096)
        var count = llama_chat_apply_template(template, chat, chat.count, true, &buffer, Int32(buffer.count))
        if count > Int32(buffer.count) {
            buffer = [CChar](repeating: 0, count: Int(count))
            count = llama_chat_apply_template(template, chat, chat.count, true, &buffer, Int32(buffer.count))
        }
        guard count >= 0 else {
            throw .unsupported(
                model: name, what: "its chat template is none that llama.cpp knows",
                remedy: "Ask it to go on from a plain text instead.")
        }
        return String(decoding: buffer.prefix(Int(count)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
