import ArgumentParser
import Language

/// How an answer's tokens are drawn.
struct SamplingOptions: ParsableArguments {
    @Option(
        name: .long,
        help:
            "How freely tokens are drawn: 0 always takes the likeliest. (default: 0; 1 with --steer and where the options below say how to draw)"
    )
    var temperature: Double?

    @Option(
        name: .long,
        help: ArgumentHelp("Draw among so many of the likeliest tokens only.", valueName: "count"))
    var topK: Int?

    @Option(
        name: .long,
        help: ArgumentHelp(
            "Draw among the fewest tokens whose probabilities add up to this.", valueName: "probability"))
    var topP: Double?

    @Option(
        name: .long,
        help: ArgumentHelp("Leave out tokens less than so many times as likely as the likeliest.", valueName: "share"))
    var minP: Double?

    @Option(
        name: .long,
        help: ArgumentHelp(
            "Draw among the tokens whose surprise is nearest to what is expected, up to this probability.",
            valueName: "probability"))
    var typicalP: Double?

    @Option(
        name: .long,
        help: ArgumentHelp("Make tokens that were there lately less likely: 1.1 a little.", valueName: "factor"))
    var repetitionPenalty: Double?

    @Option(
        name: .long,
        help: ArgumentHelp("Hold the mean surprise of a token at so many nats (mirostat 2).", valueName: "nats"))
    var mirostat: Double?

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
        func require(_ holds: Bool, _ option: String, _ value: Double?, _ expected: String) throws {
            if let value, !holds { throw ValidationError("\(option) \(value): expected \(expected).") }
        }
        if let topK, topK < 1 { throw ValidationError("--top-k \(topK): expected 1 or more.") }
        try require((topP ?? 1) > 0 && (topP ?? 1) <= 1, "--top-p", topP, "more than 0, up to 1")
        try require((0...1).contains(minP ?? 0), "--min-p", minP, "0 to 1")
        try require((typicalP ?? 1) > 0 && (typicalP ?? 1) <= 1, "--typical-p", typicalP, "more than 0, up to 1")
        try require(
            (repetitionPenalty ?? 1) > 0 && (repetitionPenalty ?? 1).isFinite, "--repetition-penalty",
            repetitionPenalty, "more than 0")
        try require((mirostat ?? 1) > 0 && (mirostat ?? 1).isFinite, "--mirostat", mirostat, "more than 0")
        if temperature == 0, draws {
            throw ValidationError(
                "--temperature 0 always takes the likeliest token: leave it out, or --top-k, --top-p, --min-p, --typical-p and --mirostat."
            )
        }
    }

    /// Whether an option was given that makes sense only where tokens are drawn.
    private var draws: Bool { topK != nil || topP != nil || minP != nil || typicalP != nil || mirostat != nil }

    var parameters: SamplingParameters { parameters(temperature: 0) }

    /// The parameters, with this temperature where none was given.
    func parameters(temperature: Double) -> SamplingParameters {
        var parameters = SamplingParameters()
        parameters.temperature = self.temperature ?? (draws ? 1 : temperature)
        parameters.topK = topK
        parameters.topP = topP ?? 1
        parameters.minP = minP ?? 0
        parameters.typicalP = typicalP ?? 1
        parameters.repetitionPenalty = repetitionPenalty ?? 1
        parameters.mirostat = mirostat.map { Mirostat(target: $0) }
        return parameters
    }
}
