import ArgumentParser
import Language

/// How an answer's tokens are drawn.
struct SamplingOptions: ParsableArguments {
    @Option(
        name: .long, help: "How freely tokens are drawn: 0 always takes the likeliest. (default: 0; 1 with --steer)")
    var temperature: Double?

    @Option(
        name: .long,
        help: ArgumentHelp("The most tokens of an answer. (default: 256, or the task's)", valueName: "tokens"))
    var maxTokens: Int?

    @Option(name: .long, help: "Where all chance comes from: the same seed gives the same answer.")
    var seed: UInt64 = 1

    func validate() throws {
        if let temperature, !(temperature >= 0 && temperature.isFinite) {
            throw ValidationError("--temperature \(temperature): expected 0 or more.")
        }
        if let maxTokens, maxTokens < 1 { throw ValidationError("--max-tokens \(maxTokens): expected 1 or more.") }
    }

    var parameters: SamplingParameters { parameters(temperature: 0) }

    /// The parameters, with this temperature where none was given.
    func parameters(temperature: Double) -> SamplingParameters {
        var parameters = SamplingParameters()
        parameters.temperature = self.temperature ?? temperature
        return parameters
    }
}
