public import Probability

/// Turns the drafts for one place of a text into one token that has the target's law, whatever the drafts' law is.
///
/// Drafts are looked at in order. `acceptance(of: i, among: x)` is the probability that x_i is taken, those before it
/// having been refused; where all are refused the token comes from `remainder(after: x)`. Over the drafts' law this adds
/// up to the target:
///
///     p(y) = Σ_x Q(x) (Σ_i [x_i = y] taken_i(x) + refused(x) remainder(y | x))
///
/// These two functions are all the chance there is, so that a test adds it up exactly.
public protocol DraftVerifier: Sendable {
    /// The probability that draft `index` is taken, those before it having been refused. Asked for in order, from 0 on.
    mutating func acceptance(of index: Int, among drafts: [Token]) -> Double

    /// The law of the token where all drafts are refused; asked for after the acceptance of the last one.
    mutating func remainder(after drafts: [Token]) -> TokenRemainder

    /// The probability that a draft is taken, over all drafts; nil where that takes going through all of them.
    var expectedAcceptance: Double? { get }
}

/// The token that a verifier came to.
public struct VerifiedToken: Sendable, Hashable {
    /// The token, which has the target's law.
    public var token: Token
    /// Which draft it is; nil where all were refused.
    public var draft: Int?
}

extension DraftVerifier {
    /// The token that the drafts become.
    public mutating func verify(_ drafts: [Token], using random: inout Random) -> VerifiedToken {
        for index in drafts.indices {
            // A number is drawn also where there is nothing to decide: whether a probability is 1 or 1 - 1e-7 must not
            // change which numbers the rest of the text is drawn with.
            if random.uniform() < acceptance(of: index, among: drafts) {
                return VerifiedToken(token: drafts[index], draft: index)
            }
        }
        return VerifiedToken(token: remainder(after: drafts).sample(using: &random), draft: nil)
    }

    /// For given drafts, the probabilities that each is taken, and that all are refused.
    mutating func probabilities(of drafts: [Token]) -> (taken: [Double], refused: Double) {
        var rest = 1.0
        var taken: [Double] = []
        for index in drafts.indices {
            let probability = acceptance(of: index, among: drafts)
            taken.append(rest * probability)
            rest *= 1 - probability
        }
        return (taken, rest)
    }
}
