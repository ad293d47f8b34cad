import ArgumentParser

/// An item that no log holds: its group, its context, and what stages have said of it.
struct ItemOptions: ParsableArguments {
    @Option(name: .long, help: ArgumentHelp("The item's group.", valueName: "name"))
    var group: String?

    @Option(
        name: .long, parsing: .upToNextOption,
        help: ArgumentHelp("The item's context; what is left out is missing.", valueName: "name=value"))
    var context: [NamedNumber] = []

    @Option(
        name: .long, parsing: .upToNextOption,
        help: ArgumentHelp("What stages have said so far.", valueName: "stage.name=value"))
    var evidence: [NamedNumber] = []

    @Option(
        name: .long, parsing: .upToNextOption,
        help: ArgumentHelp("Stages that were asked, for those that give no evidence.", valueName: "stage"))
    var asked: [String] = []

    /// Whether nothing was told.
    var isEmpty: Bool { group == nil && context.isEmpty && evidence.isEmpty && asked.isEmpty }

    /// A number with its name: `length=120`.
    struct NamedNumber: ExpressibleByArgument {
        var name: String
        var value: Double

        init?(argument: String) {
            guard let mark = argument.lastIndex(of: "="), mark > argument.startIndex,
                let value = Double(argument[argument.index(after: mark)...]), value.isFinite
            else { return nil }
            name = String(argument[..<mark])
            self.value = value
        }
    }
}
