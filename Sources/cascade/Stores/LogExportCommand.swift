import ArgumentParser
import Cascades
import Storage

/// `cascade log export`: what a gateway recorded, as a log that `cascade fit` reads.
struct LogExportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export", abstract: "Write what a gateway recorded as a log of outcomes.",
        discussion: """
            One item a request: what each stage that was asked said of its answer and cost, the quality that feedback gave \
            it, and the probability with which the policy asked it, by which `cascade fit` corrects for what was not asked.

            Requests without feedback teach nothing and are left out, unless --unjudged.

            Examples:
              cascade log export --store gateway.sqlite -o log.jsonl
              cascade log export --store gateway.sqlite --model cascade-fast --since 2026-11-01 -o log.jsonl
              cascade log export --store postgresql://gateway@db/cascade --policy 3 -o log.csv
            """)

    @OptionGroup var store: StoreOption
    @Option(name: .shortAndLong, help: "The file to write: .jsonl or .csv; - is standard output.", completion: .file())
    var output: String
    @Option(name: .long, help: "Only this virtual model.")
    var model: String?
    @Option(name: .long, help: "Only requests of this key, by its id.")
    var key: String?
    @Option(name: .long, help: "Only requests that this version of the policy decided.")
    var policy: Int?
    @Option(
        name: .long, help: "Only requests at this time or later: ISO 8601, like 2026-11-01 or 2026-11-01T12:00:00Z.")
    var since: String?
    @Option(name: .long, help: "Only requests before this time.")
    var until: String?
    @Flag(name: .long, help: "Requests without feedback too.")
    var unjudged = false
    @Option(
        name: .long, help: "What stands for the answers: texts (where they were kept), digests or none.",
        transform: { text in
            guard let answers = LogExport.Answers(rawValue: text) else {
                throw ValidationError("expected texts, digests or none")
            }
            return answers
        })
    var answers = LogExport.Answers.texts
    @OptionGroup var options: OutputOptions

    func run() async throws {
        let file = output == "-" ? nil : try OutputFile(output)
        let export = LogExport(
            RequestRepository.Filter(
                model: model, key: key, policyVersion: policy, from: try time("--since", since),
                until: try time("--until", until)),
            includesUnjudged: unjudged, answers: answers)
        let log = try await store.with { try await $0.outcomeLog(export) }
        try log.write(to: file?.path ?? "-")
        if output == "-" { return }
        if options.json {
            let report: JSONValue = [
                "file": .string(output), "items": .integer(log.count),
                "stages": .array(log.schema.stages.map { .string($0.name) }),
            ]
            Output.text(report.text)
        } else {
            Output.line("\(log.count) requests, \(log.stageCount) stages written to \(output).")
        }
    }

    private func time(_ option: String, _ text: String?) throws -> Double? {
        guard let text else { return nil }
        guard let time = ISOTime.seconds(text) else {
            throw ValidationError(
                "\(option) \(text): expected a time of ISO 8601, like 2026-11-01 or 2026-11-01T12:00:00Z.")
        }
        return time
    }
}
