import Probability

/// Drafts at one place of a text, and the nodes that they became.
struct DraftProposal {
    /// What they were drawn from.
    var law: DraftLaw
    /// The drafts, in order.
    var drafts: [Token]
    /// The node of each of them.
    var children: [Token: Int] = [:]
}

/// The drafts of a block.
struct DraftedBlock {
    var tree = DraftTree()
    /// By the number of the node that they come behind, -1 for the beginning.
    var proposals: [Int: DraftProposal] = [:]
    /// How many tokens were drafted in a row.
    var length = 0
    /// Seconds of the models.
    var modelSeconds = 0.0
}

/// Lets models write ahead, level by level, each level in one batch a model.
struct DraftWriter {
    let models: [any TokenScorer]
    let settings: SpeculationSettings
    let isEnd: @Sendable (Token) -> Bool

    /// A text that goes on.
    private struct Open {
        var node: Int
        var path: [Token]
        var constraint: (any TokenConstraint)?
        /// The drafts that have come this way. Each is one model's from beginning to end.
        var lines: [Int]
    }

    /// Drafts of this length after `history`.
    func write(
        after history: [Token], length: Int, state: inout SpeculativeDecoder.State
    ) async throws -> DraftedBlock {
        var block = DraftedBlock()
        var parameters = settings.sampling ?? state.sampler.parameters
        parameters.mirostat = nil
        var open = [Open(node: -1, path: [], constraint: state.constraint, lines: Array(0..<settings.drafts))]
        for level in 0..<max(0, length) where !open.isEmpty {
            let rows = try await rows(after: history, open, &block.modelSeconds)
            var next: [Open] = []
            for (index, place) in open.enumerated() {
                // A place at which no token may come gets no drafts; the target will say what is wrong.
                guard let law = try? law(at: place, rows[index], parameters, history, isFirst: level == 0)
                else { continue }
                var proposal = DraftProposal(law: law, drafts: law.sample(using: &state.random))
                for token in proposal.drafts where proposal.children[token] == nil {
                    let child = block.tree.add(token, after: place.node < 0 ? nil : place.node)
                    proposal.children[token] = child
                    block.length = level + 1
                    var constraint = place.constraint
                    guard !isEnd(token), (try? constraint?.accept(token)) != nil || constraint == nil,
                        constraint?.mustEnd != true
                    else { continue }
                    let lines = zip(place.lines, proposal.drafts).filter { $0.1 == token }.map(\.0)
                    next.append(
                        Open(node: child, path: place.path + [token], constraint: constraint, lines: lines))
                }
                block.proposals[place.node] = proposal
            }
            open = next
        }
        return block
    }

    /// For each place the models that draft there, each with its logits.
    private func rows(
        after history: [Token], _ open: [Open], _ seconds: inout Double
    ) async throws -> [[(model: Int, logits: ArraySlice<Float>)]] {
        let clock = ContinuousClock()
        let prefixes = open.map { history + $0.path }
        var result = [[(model: Int, logits: ArraySlice<Float>)]](repeating: [], count: open.count)
        for model in models.indices {
            let places = open.indices.filter { open[$0].lines.contains { $0 % models.count == model } }
            if places.isEmpty { continue }
            let wanted = places.count == open.count ? prefixes : places.map { prefixes[$0] }
            let start = clock.now
            let rows = try await models[model].logits(after: wanted)
            seconds += start.duration(to: clock.now) / .seconds(1)
            for (row, place) in places.enumerated() { result[place].append((model, rows[row])) }
        }
        return result
    }

    /// The law of the drafts at a place.
    private func law(
        at place: Open, _ rows: [(model: Int, logits: ArraySlice<Float>)], _ parameters: SamplingParameters,
        _ history: [Token], isFirst: Bool
    ) throws -> DraftLaw {
        let allowed = try place.constraint?.allowedTokens()
        let text = parameters.isPlain ? [] : history + place.path
        let distributions = try rows.map {
            try TokenDistribution(
                row: $0.logits, parameters: parameters, history: text, allowed: allowed)
        }
        let sources = place.lines.map { line in rows.firstIndex { $0.model == line % models.count } ?? 0 }
        return settings.isWithoutReplacement && isFirst
            ? .withoutReplacement(distributions, sources: sources)
            : .independent(distributions, sources: sources)
    }
}
