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
        var forks: [SequenceID] = []
        do {
            scores.usage.cachedTokens = try await context.cachedCount(of: sequence)
            let first = try await context.logits(after: [sequence])
            scores.usage.firstTokenSeconds = start.duration(to: clock.now) / .seconds(1)
            let next = first.logProbabilities(0)
            scores.logProbabilities = after.map { $0.first.map { next[Int($0)] } ?? 0 }
            scores.distributions = 1
            scores.computedTokens = before.count - scores.usage.cachedTokens
            let longer = after.indices.filter { after[$0].count > 1 }
            if !longer.isEmpty {
                forks = try await context.fork(sequence, count: longer.count)
                for (fork, index) in zip(forks, longer) {
                    try await context.append(Array(after[index].dropLast()), to: fork)
                }
                let counts = longer.map { after[$0].count - 1 }
                let rows = try await context.logits(after: forks, rows: counts)
                var row = 0
                for (index, count) in zip(longer, counts) {
                    for place in 0..<count {
                        let logits = rows[row + place]
                        let token = Int(after[index][place + 1])
                        scores.logProbabilities[index] +=
                            Double(logits[logits.startIndex + token]) - logSumExp(logits.map(Double.init))
                    }
                    row += count
                }
                scores.distributions += row
                // Each fork computes the prompt's last token again, and all of its own but the last.
                scores.computedTokens += row + longer.count
            }
            await context.close(forks + [sequence])
        } catch {
            await context.close(forks + [sequence])
            throw error
        }
        scores.usage.seconds = start.duration(to: clock.now) / .seconds(1)
        return scores
    }
}
