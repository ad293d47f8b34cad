/// What can go wrong with a language model, its files, its endpoint or its text.
public enum LanguageError: Error, Equatable, Sendable {
    /// A model that can't be loaded.
    case badModel(path: String, reason: String, remedy: String)
    /// No model goes by this name.
    case unknownModel(name: String, known: [String])
    /// A model that goes by a name and is not on this machine.
    case missingModel(name: String, remedy: String)
    /// A model that can't be brought onto this machine.
    case fetchFailed(name: String, reason: String, remedy: String)
    /// A file of a benchmark that can't be read; `place` says where in it, or nothing.
    case badBenchmark(file: String, place: String, reason: String)
    /// A file with a line that can't be read as what the file is of; line 0 for the whole file.
    case badRecord(file: String, line: Int, reason: String)
    /// A text that is longer than what the model can read. Nothing is cut.
    case contextOverflow(model: String, tokens: Int, limit: Int)
    /// All seats for sequences, or all cells of the cache, are taken by sequences still in use.
    case contextFull(model: String, what: String, limit: Int)
    /// Two models that must share a vocabulary do not.
    case vocabularyMismatch(first: String, second: String, reason: String)
    /// No token may come: everything is forbidden, or the model's numbers are none.
    case noTokenLeft(reason: String)
    /// A grammar, schema, regular expression or word list that can't be read. Places count from 1.
    case badConstraint(kind: String, line: Int, column: Int, reason: String)
    /// A calculation that can't be read, worked out, or ended within its limits. Places count from 1.
    case badScript(line: Int, column: Int, reason: String)
    /// A constraint that no text satisfies, or none that the vocabulary can write.
    case emptyConstraint(kind: String, reason: String)
    /// A grammar with more parts, or more readings of one text, than can be followed.
    case constraintTooLarge(limit: Int)
    /// A constraint met a token that it does not allow.
    case constraintViolated(token: Token)
    /// The computation itself failed.
    case decodingFailed(model: String, code: Int)
    /// A request that the model can't serve.
    case unsupported(model: String, what: String, remedy: String)
    /// A parameter out of its range.
    case improperParameter(name: String, value: String, expected: String)
    /// A sequence that was closed, or belongs to another context.
    case closedSequence(model: String)
    /// None of the texts drawn side by side has a weight any more.
    case noParticleLeft(step: Int, particles: Int, reason: String)
    /// An endpoint did not serve a request.
    case endpoint(model: String, address: String, failure: EndpointFailure)
    /// The key to an endpoint is not where it should be.
    case missingKey(place: String, remedy: String)
    /// A scripted model's table has no answer to a prompt.
    case unknownPrompt(model: String, prompt: String)
}

extension LanguageError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .badModel(let path, let reason, let remedy): "\(path): \(reason). \(remedy)"
        case .unknownModel(let name, let known):
            "no model is called \"\(name)\". Known: \(known.joined(separator: ", ")); or give the path of a GGUF file."
        case .missingModel(let name, let remedy): "the model \(name) is not on this machine. \(remedy)"
        case .fetchFailed(let name, let reason, let remedy): "\(name) can't be fetched: \(reason). \(remedy)"
        case .badBenchmark(let file, let place, let reason):
            "\(file)\(place.isEmpty ? "" : ", \(place)"): \(reason)."
        case .badRecord(let file, let line, let reason):
            line > 0 ? "\(file):\(line): \(reason)." : "\(file): \(reason)."
        case .contextOverflow(let model, let tokens, let limit):
            "\(model): \(tokens) tokens are more than its context holds (\(limit)). Shorten the text, or ask for a larger context."
        case .contextFull(let model, let what, let limit):
            "\(model): all \(limit) \(what) are in use. Close sequences, or make the context with more."
        case .vocabularyMismatch(let first, let second, let reason):
            "\(first) and \(second) do not share a vocabulary: \(reason). Draft and target must have the same tokens."
        case .noTokenLeft(let reason): "no token may come next: \(reason)."
        case .badConstraint(let kind, let line, let column, let reason):
            "\(kind), line \(line), column \(column): \(reason)."
        case .badScript(let line, let column, let reason): "calculation, line \(line), column \(column): \(reason)."
        case .emptyConstraint(let kind, let reason): "the \(kind) accepts no text: \(reason)."
        case .constraintTooLarge(let limit):
            "the constraint comes to more than \(limit) parts. Make repetitions shorter, or the grammar less ambiguous."
        case .constraintViolated(let token): "token \(token) is not allowed by the constraint here."
        case .decodingFailed(let model, let code): "\(model): the computation failed (llama.cpp's code \(code))."
        case .unsupported(let model, let what, let remedy): "\(model): \(what). \(remedy)"
        case .improperParameter(let name, let value, let expected): "\(name) = \(value): expected \(expected)."
        case .closedSequence(let model): "\(model): the sequence was closed, or belongs to another context."
        case .noParticleLeft(let step, let particles, let reason):
            "none of \(particles) particles is left at token \(step): \(reason)."
        case .endpoint(let model, let address, let failure): "\(model) at \(address): \(failure)"
        case .missingKey(let place, let remedy): "the key to the endpoint is not in \(place). \(remedy)"
        case .unknownPrompt(let model, let prompt):
            "\(model): its table has no answer to this prompt; add a rule that matches it:\n\(prompt)"
        }
    }
}
