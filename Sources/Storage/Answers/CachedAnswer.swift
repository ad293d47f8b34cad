/// An answer that may be given again.
public struct CachedAnswer: Sendable, Hashable {
    /// The hash of all that the answer depends on; false hits are evicted by it.
    public var id: String
    /// Who may be given it: a key's id, or a name that several keys share.
    public var scope: String
    /// The virtual model that gave it.
    public var model: String
    /// The reply.
    public var body: [UInt8]
    /// The reply's content type.
    public var contentType: String
    /// When it was given, in seconds since 1970.
    public var created: Double
    /// When it is no longer given, in seconds since 1970; never where it is nil.
    public var expires: Double?

    /// An answer.
    public init(
        id: String, scope: String, model: String, body: [UInt8], contentType: String = "application/json",
        created: Double, expires: Double? = nil
    ) {
        self.id = id
        self.scope = scope
        self.model = model
        self.body = body
        self.contentType = contentType
        self.created = created
        self.expires = expires
    }

    static let insert = """
        INSERT INTO answers (id, scope, model, body, content_type, created, expires)
        VALUES ($1, $2, $3, $4, $5, $6, $7)
        ON CONFLICT (id) DO UPDATE SET scope = $2, model = $3, body = $4, content_type = $5, created = $6, expires = $7
        """

    var row: [SQLValue] {
        [
            .text(id), .text(scope), .text(model), .bytes(body), .text(contentType), .double(created),
            .number(expires),
        ]
    }
}
