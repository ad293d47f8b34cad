import ArgumentParser

/// What every command that prints can be asked.
struct OutputOptions: ParsableArguments {
    @Flag(name: .long, help: "Print JSON instead of text: full precision, stable keys.")
    var json = false
}
