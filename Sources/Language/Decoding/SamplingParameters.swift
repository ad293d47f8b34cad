/// How the next token is drawn from what the model says.
///
/// The steps are taken in this order, each on what the one before has left: bias and penalties on the logits, top-k,
/// typical, top-p, min-p, temperature, mirostat. With the defaults the model's own distribution is sampled.
public struct SamplingParameters: Sendable, Hashable, Codable {
    /// Divides the logits; 0 always takes the likeliest token.
    public var temperature = 1.0
    /// Keeps the `k` likeliest tokens; nil keeps all.
    public var topK: Int?
    /// Keeps the fewest tokens whose probabilities add up to this (Holtzman et al., 2019, nucleus sampling).
    public var topP = 1.0
    /// Keeps tokens at least this many times as likely as the likeliest (Nguyen et al., 2024).
    public var minP = 0.0
    /// Keeps the tokens whose surprise is nearest to the entropy, up to this probability (Meister et al., 2022).
    public var typicalP = 1.0
    /// Divides positive logits, and multiplies negative ones, of tokens among the last `penaltyWindow` (Keskar et al., 2019).
    public var repetitionPenalty = 1.0
    /// Taken from the logit of a token once for each time it occurs there.
    public var frequencyPenalty = 0.0
    /// Taken from the logit of a token that occurs there at all.
    public var presencePenalty = 0.0
    /// How many of the last tokens the penalties look at.
    public var penaltyWindow = 64
    /// Controls the surprise of the text; nil does not.
    public var mirostat: Mirostat?
    /// Added to the logits of these tokens; `-infinity` forbids one.
    public var bias: [Token: Double] = [:]

    /// The model's own distribution.
    public init() {}

    /// The likeliest token, always.
    public static var greedy: SamplingParameters {
        var parameters = SamplingParameters()
        parameters.temperature = 0
        return parameters
    }

    /// Checks that every number is in its range.
    /// - Throws: ``LanguageError/improperParameter(name:value:expected:)``.
    public func check() throws(LanguageError) {
        func require(_ holds: Bool, _ name: String, _ value: Double, _ expected: String) throws(LanguageError) {
            if !holds { throw .improperParameter(name: name, value: "\(value)", expected: expected) }
        }
        try require(temperature >= 0 && temperature.isFinite, "temperature", temperature, "0 or more")
        try require((topK ?? 1) >= 1, "topK", Double(topK ?? 1), "1 or more")
        try require(topP > 0 && topP <= 1, "topP", topP, "above 0, up to 1")
        try require(minP >= 0 && minP <= 1, "minP", minP, "0 to 1")
        try require(typicalP > 0 && typicalP <= 1, "typicalP", typicalP, "above 0, up to 1")
        try require(
            repetitionPenalty > 0 && repetitionPenalty.isFinite, "repetitionPenalty", repetitionPenalty, "above 0")
        try require(frequencyPenalty.isFinite, "frequencyPenalty", frequencyPenalty, "a finite number")
        try require(presencePenalty.isFinite, "presencePenalty", presencePenalty, "a finite number")
        try require(penaltyWindow >= 0, "penaltyWindow", Double(penaltyWindow), "0 or more")
        if let mirostat {
            try require(
                mirostat.target > 0 && mirostat.target.isFinite, "mirostat.target", mirostat.target, "above 0")
            try require(
                mirostat.rate >= 0 && mirostat.rate.isFinite, "mirostat.rate", mirostat.rate, "0 or more")
        }
        for value in bias.values { try require(value < .infinity, "bias", value, "a finite number or -infinity") }
    }
}
