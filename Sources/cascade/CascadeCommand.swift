import ArgumentParser

@main
struct CascadeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cascade", abstract: "Learn, run and study cascades of models.")
}
