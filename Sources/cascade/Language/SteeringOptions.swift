import ArgumentParser
import Cascades
import Foundation
import Language
import Reports

/// What an answer must look like, and how many texts are written side by side to find it.
struct SteeringOptions: ParsableArguments {
    @Option(
        name: .long,
        help: ArgumentHelp(
            "A file that says what the answer must look like, by its ending: a grammar (.gbnf), a JSON schema (.json), a regular expression (.regex), or one word or phrase a line (.txt).",
            valueName: "file"), completion: .file(extensions: ["gbnf", "json", "regex", "txt"]))
    var steer: String?

    @Option(name: .long, help: "With --steer: how many texts are written side by side. (default: 16)")
    var particles: Int?

    func validate() throws {
        if let particles {
            if steer == nil { throw ValidationError("--particles are those of --steer: give that, too.") }
            if !(1...48).contains(particles) { throw ValidationError("--particles \(particles): expected 1 to 48.") }
        }
    }

    /// How many texts.
    var count: Int { particles ?? 16 }

    /// What the file says.
    func constraint() throws -> TextConstraint? {
        guard let steer else { return nil }
        guard let data = FileManager.default.contents(atPath: steer), let text = String(data: data, encoding: .utf8)
        else { throw Failure(.data, "\(steer) can't be read, or is no text.") }
        switch URL(fileURLWithPath: steer).pathExtension.lowercased() {
        case "gbnf": return .grammar(text)
        case "json": return .jsonSchema(text)
        case "regex": return .regularExpression(text.trimmingCharacters(in: .newlines))
        case "txt": return .words(text.split(whereSeparator: \.isNewline).map(String.init))
        case let ending:
            throw Failure(
                .usage,
                "--steer \(steer): the ending .\(ending) says nothing of what is in it. Expected .gbnf, .json, .regex or .txt."
            )
        }
    }

    /// The likeliest of the texts that were found, with what was found beside it.
    func answer(
        _ request: GenerationRequest, _ constraint: TextConstraint, _ model: EmbeddedLanguageModel
    ) async throws -> (cloud: SteeredCloud, text: String) {
        var settings = SteeringSettings()
        settings.particles = count
        let potential = ConstraintPotential(try model.model.constraint(constraint))
        let cloud = try await Steering(SteeringModel(model), by: potential, settings: settings).cloud(request)
        return (cloud, cloud.posterior[0].text)
    }
}

extension SteeredCloud {
    /// What was found, for people.
    func explain() {
        var table = TextTable(columns: ["probability", "particles", "text"])
        for text in posterior.prefix(16) {
            table.add([
                .number(text.probability, significant: 3), .count(text.particles),
                .text(text.text.replacing("\n", with: "\\n")),
            ])
        }
        Output.line()
        Output.table(table)
        let resampled = steps.count { $0.wasResampled }
        Output.line(
            "The model writes a text like this with probability e^\(NumberText.significant(logEvidence, digits: 4)) (an estimate). \(NumberText.significant(effectiveSampleSize, digits: 3)) of \(particles.count) particles count; they were resampled at \(resampled) of \(steps.count) tokens, and \(usage.completionTokens) of \(steps.count * particles.count) tokens were read."
        )
    }

    /// What was found, for programs.
    var json: JSONValue {
        [
            "posterior": .array(
                posterior.map { ["text": .string($0.text), "probability": .number($0.probability)] }),
            "logEvidence": .number(logEvidence), "effectiveSampleSize": .number(effectiveSampleSize),
            "effectiveSampleSizes": .array(steps.map { .number($0.effectiveSampleSize) }),
            "resampledAt": .array(
                steps.indices.filter { steps[$0].wasResampled }.map { .number(Double($0 + 1)) }),
        ]
    }
}
