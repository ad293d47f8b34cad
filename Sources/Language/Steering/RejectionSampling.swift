import Foundation
import Probability

/// Draws an allowed token by drawing tokens and asking about those alone: adaptive weighted rejection sampling.
///
/// Tokens are drawn from the law without replacement until one is allowed; it has the law restricted to what is allowed,
/// whatever was refused before. What a particle's weight needs, the share Z of the law that is allowed, is not known then, but
/// estimated without bias, and independently of the token. With c the share not refused so far and a the drawn token's own:
///
/// - where the likeliest token has not been refused and holds half of c at least, one more token is drawn from the others:
///   Z = a + (c - a) if that one is allowed, else a. What was refused has no share in Z, so that the mean is Z given all that
///   came before.
/// - else drawing goes on, refused tokens being left out and the allowed one not, until a second one is allowed. Given the
///   refused ones in their order, the first success lay behind j of them with probability proportional to 1/c_j; so that the
///   indicator of a success at the first draw, which has the mean Z, has the mean 1 / Σ_j 1/c_j given these.
///
/// The second form is never 0, and its relative variance grows only as the logarithm of 1/Z.
/// - Source: B. Lipkin et al., "Fast controlled generation from language models with adaptive weighted rejection sampling",
///   2025; the second estimate is the conditional mean (Rao and Blackwell) of a simpler one.
struct RejectionSampling {
    /// The token; nil where none is allowed.
    private(set) var token: Token?
    /// ln of the estimate of the share of the law that is allowed, in nats.
    private(set) var logShare = -Double.infinity
    /// How many tokens were asked about.
    private(set) var checks = 0

    /// Draws from `law`, asking `allows` about tokens.
    init<Source: TokenDrawing>(
        _ law: LogitLaw, using source: inout Source, allows: (Token) throws -> Bool
    ) throws {
        let whole = law.total
        var pool = law
        // The largest weight is 1, of a token whose logit is the largest.
        var hasLargest = true
        while hasLargest && pool.total <= 2 {
            guard let first = try source.token(from: pool) else { return }
            checks += 1
            if try allows(first) {
                let own = pool.weight(of: first)
                var share = own
                pool.remove(first)
                if let second = try source.token(from: pool) {
                    checks += 1
                    if try allows(second) { share += pool.total }
                }
                token = first
                logShare = log(share / whole)
                return
            }
            hasLargest = pool.row[pool.row.startIndex + Int(first)] < pool.shift
            pool.remove(first)
        }
        var inverses = pool.total > 0 ? 1 / pool.total : 0
        while let next = try source.token(from: pool) {
            checks += 1
            if try next == token || allows(next) {
                if token != nil {
                    logShare = -log(inverses * whole)
                    return
                }
                token = next
            } else {
                pool.remove(next)
                if pool.total > 0 { inverses += 1 / pool.total }
            }
        }
    }
}

/// What tokens are drawn by: a random stream, or a test that walks through all of them.
protocol TokenDrawing: ChoiceSource {
    /// A token with its probability in `law`; nil where none is left.
    mutating func token(from law: LogitLaw) throws -> Token?
}

extension Random: TokenDrawing {
    mutating func token(from law: LogitLaw) -> Token? { law.draw(using: &self) }
}
