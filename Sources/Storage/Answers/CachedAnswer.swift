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
    /// The stage that gave it.
    public var stage: String?
    /// What the policy that decided is called; its answers go when it is taken back.
    public var policy: String?
    /// What it cost, in dollars: what is saved when it is given again.
    public var money: Double
    /// When it was given, in seconds since 1970.
    public var created: Double
    /// When it is no longer given, in seconds since 1970; never where it is nil.
    public var expires: Double?

    /// An answer.
    public init(
        id: String, scope: String, model: String, body: [UInt8], contentType: String = "application/json",
        stage: String? = nil, policy: String? = nil, money: Double = 0, created: Double, expires: Double? = nil
    ) {
        self.id = id
        self.scope = scope
        self.model = model
        self.body = body
        self.contentType = contentType
        self.stage = stage
        self.policy = policy
        self.money = money
        self.created = created
        self.expires = expires
    }

    static let insert = """
        INSERT INTO answers (id, scope, model, body, content_type, created, expires, stage, policy, money)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
        ON CONFLICT (id) DO UPDATE SET scope = $2, model = $3, body = $4, content_type = $5, created = $6, expires = $7,
            stage = $8, policy = $9, money = $10
        """

    var row: [SQLValue] {
        [
            .text(id), .text(scope), .text(model), .bytes(body), .text(contentType), .double(created),
            .number(expires), .text(stage), .text(policy), .double(money),
        ]
    }
}
