import ArgumentParser

/// `cascade log`: look at logs, check and convert them.
struct LogCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "log", abstract: "Show, check, convert and export logs of outcomes.",
        discussion: """
            A log has one item a line: an id, optionally input, group, time and context numbers, and for each stage its \
            quality, cost, latency, operations, answer and evidence numbers.

            Example line of a .jsonl file:
              {"id": "q1", "group": "maths", "context": {"length": 812},
               "stages": {"small": {"quality": 0, "cost": 0.0002, "evidence": {"margin": 0.1}},
                          "large": {"quality": 1, "cost": 0.0040}}}

            The same as .csv has the columns:
              id,group,context.length,small.quality,small.cost,small.evidence.margin,large.quality,large.cost
            """,
        subcommands: [LogShowCommand.self, LogCheckCommand.self, LogConvertCommand.self, LogExportCommand.self])
}
