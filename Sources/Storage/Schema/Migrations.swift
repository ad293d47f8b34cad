extension Migration {
    /// All steps, in order. A step that was ever released is never changed: add another.
    static let all: [Migration] = [
        Migration(
            version: 1,
            statements: [
                // Who may ask, by the hash of the key.
                """
                CREATE TABLE keys (
                    id TEXT PRIMARY KEY, hash TEXT NOT NULL UNIQUE, prefix TEXT NOT NULL, name TEXT NOT NULL,
                    roles TEXT NOT NULL, models TEXT NOT NULL, limits TEXT NOT NULL,
                    created DOUBLE PRECISION NOT NULL, revoked DOUBLE PRECISION)
                """,
                // The policies of each virtual model, by version.
                """
                CREATE TABLE policies (
                    model TEXT NOT NULL, version BIGINT NOT NULL, content TEXT NOT NULL, state TEXT NOT NULL,
                    share DOUBLE PRECISION NOT NULL, created DOUBLE PRECISION NOT NULL, note TEXT NOT NULL,
                    PRIMARY KEY (model, version))
                """,
                // The names of stages and numbers that requests were recorded with, by the hash of the names.
                "CREATE TABLE schemas (id TEXT PRIMARY KEY, content TEXT NOT NULL)",
                """
                CREATE TABLE requests (
                    id TEXT PRIMARY KEY, time DOUBLE PRECISION NOT NULL, key_id TEXT, model TEXT NOT NULL,
                    policy_version BIGINT, schema_id TEXT NOT NULL, coin DOUBLE PRECISION NOT NULL,
                    propensities {bytes}, context {bytes}, item_group TEXT, moves TEXT NOT NULL, answered BIGINT,
                    status TEXT NOT NULL, seconds DOUBLE PRECISION, money DOUBLE PRECISION,
                    tokens_in DOUBLE PRECISION, tokens_out DOUBLE PRECISION,
                    operations DOUBLE PRECISION, input TEXT)
                """,
                "CREATE INDEX requests_by_time ON requests (time)",
                "CREATE INDEX requests_by_model ON requests (model, time)",
                "CREATE INDEX requests_by_key ON requests (key_id, time)",
                """
                CREATE TABLE choices (
                    request_id TEXT NOT NULL, position BIGINT NOT NULL, stage BIGINT NOT NULL, evidence {bytes},
                    money DOUBLE PRECISION, tokens_in DOUBLE PRECISION,
                    tokens_out DOUBLE PRECISION, seconds DOUBLE PRECISION,
                    operations DOUBLE PRECISION, log_score DOUBLE PRECISION,
                    started DOUBLE PRECISION, duration DOUBLE PRECISION, digest TEXT, output TEXT,
                    inner_trace TEXT, PRIMARY KEY (request_id, position))
                """,
                // Stage -1 is the answer that was given.
                """
                CREATE TABLE feedback (
                    request_id TEXT NOT NULL, stage BIGINT NOT NULL, source TEXT NOT NULL,
                    quality DOUBLE PRECISION NOT NULL, time DOUBLE PRECISION NOT NULL, note TEXT,
                    PRIMARY KEY (request_id, stage, source))
                """,
                // What was spent of a key's limit in a window, and what gateways hold of the rest.
                """
                CREATE TABLE ledger (
                    key_id TEXT NOT NULL, account TEXT NOT NULL, window_start BIGINT NOT NULL, settled BIGINT NOT NULL,
                    PRIMARY KEY (key_id, account, window_start))
                """,
                """
                CREATE TABLE leases (
                    gateway TEXT NOT NULL, key_id TEXT NOT NULL, account TEXT NOT NULL, window_start BIGINT NOT NULL,
                    outstanding BIGINT NOT NULL, PRIMARY KEY (gateway, key_id, account, window_start))
                """,
                "CREATE INDEX leases_by_account ON leases (key_id, account, window_start)",
                "CREATE TABLE gateways (id TEXT PRIMARY KEY, beats BIGINT NOT NULL)",
                // The last batch of each writer that was committed, and how many records it had to drop.
                "CREATE TABLE writers (id TEXT PRIMARY KEY, last_batch BIGINT NOT NULL, lost BIGINT NOT NULL)",
                // Answers to be given again.
                """
                CREATE TABLE answers (
                    id TEXT PRIMARY KEY, scope TEXT NOT NULL, model TEXT NOT NULL, body {bytes} NOT NULL,
                    content_type TEXT NOT NULL, created DOUBLE PRECISION NOT NULL, expires DOUBLE PRECISION)
                """,
                "CREATE INDEX answers_by_expiry ON answers (expires)",
                "CREATE TABLE changes (channel TEXT PRIMARY KEY, number BIGINT NOT NULL)",
            ]),
        Migration(
            version: 2,
            statements: [
                // What went one way in one minute: sums, so that a page need not read all requests. Version -1 and stage ''
                // stand for none, since a primary key knows no missing values.
                """
                CREATE TABLE traffic (
                    minute BIGINT NOT NULL, model TEXT NOT NULL, policy_version BIGINT NOT NULL, stage TEXT NOT NULL,
                    status TEXT NOT NULL, requests BIGINT NOT NULL, deferred BIGINT NOT NULL,
                    money DOUBLE PRECISION NOT NULL, seconds DOUBLE PRECISION NOT NULL,
                    answer_money DOUBLE PRECISION NOT NULL, answer_tokens_in DOUBLE PRECISION NOT NULL,
                    answer_tokens_out DOUBLE PRECISION NOT NULL,
                    PRIMARY KEY (minute, model, policy_version, stage, status))
                """
            ]),
        Migration(
            version: 3,
            // How a gateway served a request.
            statements: [
                "interface TEXT", "policy_name TEXT", "decision TEXT", "http_status BIGINT",
                "elapsed DOUBLE PRECISION", "first_byte DOUBLE PRECISION", "streamed BIGINT", "estimated BIGINT",
                "failures TEXT",
            ].map { "ALTER TABLE requests ADD COLUMN \($0)" }),
        // The version whose place one took, so that it can be rolled back to.
        Migration(version: 4, statements: ["ALTER TABLE policies ADD COLUMN previous BIGINT"]),
        // Where an answer came from, and what it cost.
        Migration(
            version: 5,
            statements: ["stage TEXT", "policy TEXT", "money DOUBLE PRECISION"].map {
                "ALTER TABLE answers ADD COLUMN \($0)"
            }),
        // What a cache saved.
        Migration(version: 6, statements: ["ALTER TABLE requests ADD COLUMN repeated_money DOUBLE PRECISION"]),
        Migration(
            version: 7,
            statements: [
                // What the tests of each gateway have come to.
                """
                CREATE TABLE learning_states (
                    model TEXT NOT NULL, holder TEXT NOT NULL, content TEXT NOT NULL, judged BIGINT NOT NULL,
                    saved DOUBLE PRECISION NOT NULL, PRIMARY KEY (model, holder))
                """
            ]),
        Migration(
            version: 8,
            statements: [
                // The requests whose answers were counted as judged. Those that were judged before are taken for counted.
                "CREATE TABLE verdicts (request_id TEXT PRIMARY KEY)",
                """
                INSERT INTO verdicts (request_id) SELECT DISTINCT f.request_id FROM feedback f
                JOIN requests r ON r.id = f.request_id WHERE f.stage = -1 OR f.stage = r.answered
                """,
            ]),
        // Whether the policy asked more than one stage.
        Migration(version: 9, statements: ["ALTER TABLE requests ADD COLUMN deferred BIGINT"]),
    ]
}
