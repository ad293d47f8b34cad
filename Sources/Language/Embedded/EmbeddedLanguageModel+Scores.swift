import NumericalMethods

extension EmbeddedLanguageModel {
    /// Multiply-adds of the matrix products: every weight once a token, but the output layer once a distribution only.
    public func operations(tokens: Int, distributions: Int) -> Double {
        let output = Double(model.vocabularyCount * model.embeddingCount)
        // The table of embeddings is looked up, not multiplied; both models share it with the output layer.
        let body = max(0, Double(model.parameterCount) - output)
        return body * Double(tokens) + output * Double(distributions)
    }

    /// The prompt is decoded once; the continuations share its cells, and only what they do not have in common with it is
    /// decoded, all in one batch. A continuation of one token needs nothing beyond the prompt.
    public func scores(of continuations: [String], after prompt: Prompt) async throws -> ContinuationScores {
        let clock = ContinuousClock()
        let start = clock.now
        let before = try tokens(of: prompt)
        let after = continuations.map { model.tokens(of: $0) }
        var scores = ContinuationScores()
        scores.usage.promptTokens = before.count
        scores.usage.completionTokens = after.reduce(0) { $0 + $1.count }
        let sequence = try await context.open(before)
        do {
            scores.usage.cachedTokens = try await context.cachedCount(of: sequence)
            let first = try await context.logits(after: [sequence])
            await context.close([sequence])
            scores.usage.firstTokenSeconds = start.duration(to: clock.now) / .seconds(1)
            let next = first.logProbabilities(0)
            scores.logProbabilities = after.map { $0.first.map { next[Int($0)] } ?? 0 }
            scores.distributions = 1
            scores.computedTokens = before.count - scores.usage.cachedTokens
        } catch {
            await context.close([sequence])
            throw error
        }
        let longer = after.indices.filter { after[$0].count > 1 }
        if !longer.isEmpty {
            // The prompt's sequence is closed by now, and its cells are shared all the same: with it in hand, many callers could
            // wait for each other's seats.
            let read = try await context.read(
                longer.map { before + after[$0].dropLast() }[...], rows: longer.map { after[$0].count - 1 }[...])
            var row = 0
            for index in longer {
                for token in after[index].dropFirst() {
                    let logits = read.logits[row]
                    scores.logProbabilities[index] +=
                        Double(logits[logits.startIndex + Int(token)]) - logSumExp(logits.map(Double.init))
                    row += 1
                }
            }
            scores.distributions += row
            scores.computedTokens += read.decoded
        }
        scores.usage.seconds = start.duration(to: clock.now) / .seconds(1)
        return scores
    }
}
