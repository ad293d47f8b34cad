/// What PostgreSQL's five letters of an error say.
///
/// - Source: PostgreSQL's documentation, appendix A, "PostgreSQL Error Codes".
struct PostgresState: Sendable, Equatable {
    /// The letters.
    let code: String

    init(_ code: String) { self.code = code }

    /// libpq's names for an error's parts: `PG_DIAG_SQLSTATE`, `PG_DIAG_MESSAGE_PRIMARY` (macros of characters).
    static let field = Int32(UInt8(ascii: "C"))
    static let message = Int32(UInt8(ascii: "M"))

    /// The error that it stands for.
    func error(place: String, statement: String, reason: String) -> StorageError {
        switch code {
        case "40001", "40P01", "55P03", "57014": .locked(place: place, reason: reason)
        case "53100", "53200", "54000": .full(place: place, reason: reason)
        case "25006", "42501": .readOnly(place: place, reason: reason)
        case "53300", "57P01", "57P02", "57P03", "57P05", "25P03": .unreachable(place: place, reason: reason)
        case "XX001", "XX002": .damaged(place: place, reason: reason)
        default:
            code.hasPrefix("08") || code.hasPrefix("28") || code.hasPrefix("58")
                ? .unreachable(place: place, reason: reason)
                : .refused(place: place, statement: statement, reason: reason)
        }
    }
}
