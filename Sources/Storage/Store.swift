/// All that a gateway keeps: keys, policies, requests, feedback, the ledger of spending, answers.
///
///     let store = try await Store.open("gateway.sqlite")              // made where there is none
///     let shared = try await Store.open("postgresql://gateway@db/cascade")
///
/// The tables are brought up to date as it opens, once, however many processes open it.
public struct Store: Sendable {
    /// Where it is kept.
    public let database: any Database

    /// Who may ask.
    public var keys: KeyRepository { KeyRepository(database: database) }
    /// What decides.
    public var policies: PolicyRepository { PolicyRepository(database: database) }
    /// What was found out about it.
    public var learningStates: LearningStateRepository { LearningStateRepository(database: database) }
    /// What happened.
    public var requests: RequestRepository { RequestRepository(database: database) }
    /// How much of it there was, by the minute.
    public var traffic: TrafficRepository { TrafficRepository(database: database) }
    /// How good it was.
    public var feedback: FeedbackRepository { FeedbackRepository(database: database) }
    /// Of which it was counted.
    public var verdicts: VerdictRepository { VerdictRepository(database: database) }
    /// What was spent.
    public var ledger: LedgerRepository { LedgerRepository(database: database) }
    /// What may be answered again.
    public var answers: AnswerRepository { AnswerRepository(database: database) }

    /// The store in `database`, whose tables are brought up to date.
    /// - Throws: ``StorageError``.
    public init(_ database: any Database) async throws {
        try await self.init(database, migrations: Migration.all)
    }

    init(_ database: any Database, migrations: [Migration]) async throws {
        self.database = database
        try await Migration.run(migrations, on: database)
    }

    /// The store at `address`: the path of a SQLite file, which is made where there is none, or `postgresql://…`.
    /// Where `creates` is false, a file that is not there is an error.
    /// - Throws: ``StorageError``.
    public static func open(_ address: String, creates: Bool = true) async throws -> Store {
        switch try StoreAddress(address) {
        case .sqlite(let path):
            var options = SQLiteDatabase.Options()
            options.createsFile = creates
            return try await Store(SQLiteDatabase(path: path, options: options))
        case .postgres(let connection): return try await Store(PostgresDatabase(connection))
        }
    }

    /// A keeper of the keys' limits for one gateway, by the way this store is shared.
    public func budgetKeeper(
        time: @escaping @Sendable () -> Double = WallClock.now
    ) -> BudgetKeeper {
        var options = BudgetKeeper.Options()
        options.trustsLeasesWithoutStore = database.dialect == .sqlite
        return BudgetKeeper(ledger, options: options, time: time)
    }

    /// How many records writers of this store had to drop, as far as they could say so.
    public func lostRecords() async throws -> Int {
        try await database.read { connection in
            try connection.first("SELECT CAST(COALESCE(SUM(lost), 0) AS BIGINT) FROM writers") { try $0.int(0) } ?? 0
        }
    }

    /// Closes it.
    public func close() async { await database.close() }
}
