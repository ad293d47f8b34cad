import ArgumentParser
import Foundation

/// The command `cascade`: parses, runs, and turns every error into one message and one exit status.
@main
struct CascadeCommand: AsyncParsableCommand {
    static let version = "0.1.0"

    static let configuration = CommandConfiguration(
        commandName: "cascade",
        abstract: "Learn, run and study cascades of models.",
        discussion: """
            A log says what several models answered, how good it was and what it cost. From it, cascade learns which \
            model to ask, when to stop and when to ask another.

            First steps:
              cascade ask "Name three colours."                 a model in this process answers
              cascade log check log.jsonl                      is the log sound?
              cascade fit log.jsonl --keep 0.98 -o policy.json  the cheapest policy that keeps 98% of the quality
              cascade report log.jsonl -o report.html           everything in one page

            Exit status: 0 done, 64 wrong usage, 65 bad data, 69 something needed is not available, 70 a bug.
            """,
        version: version,
        groupedSubcommands: [
            CommandGroup(
                name: "Policies",
                subcommands: [
                    FitCommand.self, EvaluateCommand.self, CompareCommand.self, ExplainCommand.self, ReportCommand.self,
                ]),
            CommandGroup(name: "Gateway", subcommands: [ServeCommand.self]),
            CommandGroup(
                name: "Language models",
                subcommands: [
                    AskCommand.self, ChatCommand.self, RecordCommand.self, ScoreCommand.self, TasksCommand.self,
                    ModelsCommand.self,
                ]),
            CommandGroup(name: "Logs", subcommands: [LogCommand.self]),
            CommandGroup(name: "Gateway", subcommands: [KeysCommand.self]),
            CommandGroup(name: "Research", subcommands: [CatalogCommand.self, DataCommand.self]),
        ])

    static func main() async {
        // A reader that goes away (`cascade ... | head`) must not end a run that still has a file to write.
        signal(SIGPIPE, SIG_IGN)
        do {
            var command = try parseAsRoot()
            if var command = command as? any AsyncParsableCommand {
                try await command.run()
            } else {
                try command.run()
            }
        } catch {
            Failure.end(with: error)
        }
    }
}
