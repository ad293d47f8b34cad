import ArgumentParser
import Foundation
import Language
import Reports

/// `cascade chat`: a conversation in the terminal.
struct ChatCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "chat",
        abstract: "Talk with a language model.",
        discussion: """
            The model knows all that was said since the beginning or the last /reset. /quit or the end of the input ends the \
            conversation, /help lists the commands.

            Examples:
              cascade chat
              cascade chat --system "You answer in one sentence." --temperature 0.7
              printf 'Hello\\n/quit\\n' | cascade chat --model smollm2-135m
            """)

    @Option(name: .long, help: "A model's name, or the path of a GGUF file.")
    var model = "smollm2-135m"
    @Option(name: .long, help: "What the model is told first.")
    var system: String?
    @OptionGroup(title: "How it answers") var sampling: SamplingOptions
    @OptionGroup(title: "How models run") var options: ModelOptions

    func run() async throws {
        let loaded = try options.load(model)
        let beginning = system.map { [ChatMessage.system($0)] } ?? []
        var messages = beginning
        var number: UInt64 = 0
        let isTerminal = isatty(STDIN_FILENO) == 1
        if isTerminal { Output.note("Talking with \(loaded.name). /reset forgets, /quit ends.") }
        while true {
            if isTerminal { Output.text("> ") }
            guard let line = readLine() else { break }
            let text = line.trimmingCharacters(in: .whitespaces)
            switch text {
            case "": continue
            case "/quit", "/exit": return
            case "/reset":
                messages = beginning
                Output.note("(forgotten)")
                continue
            case "/help":
                Output.note("/reset forgets what was said, /quit ends the conversation.")
                continue
            case let text where text.hasPrefix("/"):
                Output.note("There is no \(text). /reset forgets what was said, /quit ends the conversation.")
                continue
            default: break
            }
            messages.append(.user(text))
            let request = GenerationRequest(
                prompt(messages, loaded), sampling: sampling.parameters, maximumTokens: sampling.maxTokens ?? 256,
                stops: loaded.chats ? [] : ["\nUser:"], seed: sampling.seed &+ number)
            number += 1
            do {
                let answer = try await AnswerStream.write(request, loaded, shows: true)
                messages.append(.assistant(answer.text.trimmingCharacters(in: .whitespacesAndNewlines)))
                if isTerminal { Output.note(CostWords.text(loaded.cost(of: answer.usage))) }
            } catch let error as LanguageError {
                // The conversation goes on without what could not be answered.
                messages.removeLast()
                Output.message("\(error)")
                if case .contextOverflow = error { Output.note("/reset forgets what was said and makes room.") }
            }
        }
        if isTerminal { Output.line() }
    }

    /// The conversation in the model's template, or as a play of two for a model without one.
    private func prompt(_ messages: [ChatMessage], _ model: any LanguageModel) -> Prompt {
        if model.chats { return .chat(messages) }
        let lines = messages.map { message in
            switch message.role {
            case "system": message.content + "\n"
            case "user": "User: \(message.content)"
            default: "Assistant: \(message.content)"
            }
        }
        return .text(lines.joined(separator: "\n") + "\nAssistant:")
    }
}
