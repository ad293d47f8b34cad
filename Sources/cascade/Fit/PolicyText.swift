import Cascades

/// A policy's rule as text.
enum PolicyText {
    /// The formula in lines; long ones are cut, since a page of coefficients tells a person nothing.
    static func formula(_ policy: any Policy, _ schema: LogSchema, limit: Int = 12) -> (lines: [String], isCut: Bool) {
        let all = policy.formula(schema).split(separator: "\n", omittingEmptySubsequences: false).map {
            line -> String in
            line.count > 400 ? String(line.prefix(400)) + " …" : String(line)
        }
        guard all.count > limit else { return (all, false) }
        return (Array(all.prefix(limit)) + ["… \(all.count - limit) more lines in the policy file"], true)
    }
}
