import Cascades
import HTTPTypes
import Logging
import NIOCore
import Storage
import Synchronization

/// The caches of all virtual models: finds answers that may be given again, and keeps those that may.
final class AnswerCaching: Sendable {
    /// What a request that found nothing may leave behind.
    struct Plan: Sendable {
        @Boxed var key: CacheKey
        @Boxed var meaning: CachedReply.Meaning?
    }

    /// How an answer was found.
    enum Match: String, Sendable {
        case exact, semantic
    }

    /// What was found.
    struct Hit: Sendable {
        var reply: CachedReply
        var match: Match
    }

    /// What came of looking.
    enum Finding: Sendable {
        case hit(Boxed<Hit>)
        case miss(Plan)
        /// Nothing of this request is of the cache's business.
        case none

        fileprivate static func hit(_ reply: CachedReply, _ match: Match) -> Finding {
            .hit(Boxed(wrappedValue: Hit(reply: reply, match: match)))
        }
    }

    private let caches = Mutex<[String: AnswerCache]>([:])
    private let spending = Mutex(0.0)
    /// The most answers in the store; nil where none is kept.
    private let mostKept = Mutex<Int?>(nil)
    private let logger: Logger
    /// Where answers are kept that outlast this process; nil where nothing is.
    private let services: StoreServices?
    private let time: @Sendable () -> Double

    init(services: StoreServices?, logger: Logger, time: @escaping @Sendable () -> Double) {
        self.services = services
        self.logger = logger
        self.time = time
    }

    /// The models that have caches from now on; what is kept for them stays.
    func renew(_ models: [VirtualModel]) {
        caches.withLock { caches in
            var next: [String: AnswerCache] = [:]
            for model in models {
                guard let settings = model.caching else { continue }
                var cache = caches.removeValue(forKey: model.name) ?? AnswerCache(settings.limits)
                if cache.limits != settings.limits { cache.limits = settings.limits }
                next[model.name] = cache
            }
            caches = next
        }
        let kept = models.compactMap(\.caching).filter(\.isKept).map(\.limits.entries)
        mostKept.withLock { $0 = kept.isEmpty ? nil : kept.reduce(0, +) }
    }

    /// An answer for `run`'s request that was given before: to the same request. No stage is asked.
    @inline(never) func find(_ run: ModelRun, head: HTTPFields, caller: Caller) async -> Finding {
        guard let settings = run.model.caching, CacheRules.mayAnswer(run.fields, head) else { return .none }
        let name = run.model.name
        var key = CacheKey(
            scope: settings.isShared ? nil : caller.key ?? "", api: run.api, model: name, group: run.record.group,
            fields: [], body: run.body)
        for (field, value) in run.passedOn where field != "traceparent" && field != "tracestate" {
            key.fields.append("\(field): \(value)")
        }
        let now = time()
        if settings.isKept { return await kept(key, now) }
        let exact = caches.withLock { caches -> CachedReply? in
            guard let reply = caches[name]?.answer(key, at: now) else { return nil }
            caches[name]?.counts.exactHits += 1
            caches[name]?.counts.saved += reply.money
            return reply
        }
        if let exact { return .hit(exact, .exact) }
        if settings.semantic == nil { caches.withLock { $0[name]?.counts.misses += 1 } }
        return .miss(Plan(key: key))
    }

    /// An answer to a question that means the same as that of `run`, where such ones are looked for. What stages are asked for
    /// that is added to `run`'s own cost, so room must have been reserved for it.
    @inline(never) func findMeaning(_ run: inout ModelRun, _ plan: inout Plan) async -> Boxed<Hit>? {
        let name = run.model.name
        guard let semantic = run.model.caching?.semantic else { return nil }
        if let frame = plan.key.frame(run.fields), let found = await find(&run, semantic, frame, time(), &plan) {
            return Boxed(wrappedValue: Hit(reply: found, match: .semantic))
        }
        caches.withLock { $0[name]?.counts.misses += 1 }
        return nil
    }

    /// What the store has for `key`. A store that is away has nothing.
    private func kept(_ key: CacheKey, _ now: Double) async -> Finding {
        var found: CachedAnswer?
        do {
            found = try await services?.store.answers.answer(key.hash, scope: key.scope ?? "*", at: now)
        } catch {
            logger.debug("the store's answers can't be read", metadata: ["error": "\(error)"])
        }
        guard let found else {
            caches.withLock { $0[key.model]?.counts.misses += 1 }
            return .miss(Plan(key: key))
        }
        caches.withLock { caches in
            caches[key.model]?.counts.exactHits += 1
            caches[key.model]?.counts.saved += found.money
        }
        return .hit(
            CachedReply(
                id: found.id, key: key, stage: found.stage, version: found.policy, contentType: found.contentType,
                bytes: ByteBuffer(bytes: found.body), money: found.money, created: found.created), .exact)
    }

    private func find(
        _ run: inout ModelRun, _ semantic: CacheSettings.Semantic, _ frame: CacheKey, _ now: Double, _ plan: inout Plan
    ) async -> CachedReply? {
        let name = run.model.name
        let question = run.lastText
        do {
            let (vector, cost) = try await Embedding.of(question, by: semantic.embedder)
            spending.withLock { $0 += cost.money }
            run.record.aside = cost
            plan.meaning = CachedReply.Meaning(frame: frame, text: question, vector: vector)
            let near = caches.withLock {
                $0[name]?.nearest(frame, vector, least: semantic.similarity, at: now)?.reply
            }
            guard let near else { return nil }
            let verdict = try await MeaningVerifier(verifier: semantic.verifier).verify(
                question, near, mark: "\(run.record.id)-\(run.record.id.hashValue)")
            spending.withLock { $0 += verdict.cost.money }
            run.record.aside = run.record.aside + verdict.cost
            return caches.withLock { caches -> CachedReply? in
                guard verdict.isSame else {
                    caches[name]?.counts.refused += 1
                    return nil
                }
                // It may have been evicted meanwhile.
                guard caches[name]?.reply(near.id) != nil else { return nil }
                caches[name]?.counts.semanticHits += 1
                caches[name]?.counts.saved += near.money
                return near
            }
        } catch {
            // The request goes on without the cache.
            logger.debug("no meaning was found", metadata: ["model": "\(name)", "error": "\(error)"])
            return nil
        }
    }

    /// Keeps the answer to `run`, as the client got it.
    func keep(_ bytes: ByteBuffer, contentType: String, of run: ModelRun, _ plan: Plan) {
        guard CacheRules.mayKeep(run.record) else { return }
        let now = time()
        // What looking for it took is not saved when it is given again.
        let money = run.record.choices.reduce(0) { $0 + $1.cost.money }
        if let settings = run.model.caching, settings.isKept {
            guard bytes.readableBytes <= settings.limits.entryBytes else { return }
            services?.writer.submit(
                .answer(
                    CachedAnswer(
                        id: plan.key.hash, scope: plan.key.scope ?? "*", model: run.model.name,
                        body: Array(bytes.readableBytesView), contentType: contentType, stage: run.record.answeredBy,
                        policy: run.record.policy, money: money, created: now,
                        expires: now + settings.limits.seconds)))
            return
        }
        let reply = CachedReply(
            id: CachedReply.id(of: run.record.id), key: plan.key, stage: run.record.answeredBy,
            version: run.record.policy, contentType: contentType, bytes: bytes, money: money,
            created: now, meaning: plan.meaning)
        caches.withLock { $0[run.model.name]?.insert(reply, at: now) }
    }

    /// The most bytes of an answer of `model` that can be kept.
    func mostBytes(_ model: String) -> Int { caches.withLock { $0[model]?.limits.entryBytes ?? 0 } }

    /// Evicts the answer called `id`, where `caller` may be given it, and says whether there was one.
    /// - Throws: `StorageError`.
    func evict(_ id: String, caller: Caller) async throws -> Bool {
        func isTheirs(_ scope: String?) -> Bool {
            caller.isAdministrator || scope == nil || scope == caller.key ?? ""
        }
        let isGone = caches.withLock { caches -> Bool? in
            for name in caches.keys {
                guard let reply = caches[name]?.reply(id) else { continue }
                return isTheirs(reply.key.scope) ? caches[name]?.evict(id) ?? false : false
            }
            return nil
        }
        if let isGone { return isGone }
        guard let answers = services?.store.answers, mostKept.withLock({ $0 }) != nil else { return false }
        // It may be on its way still.
        try? await services?.writer.flush()
        guard let kept = try await answers.answer(id, scope: nil, at: time()),
            isTheirs(kept.scope == "*" ? nil : kept.scope)
        else { return false }
        caches.withLock { $0[kept.model]?.counts.evicted += 1 }
        return try await answers.remove(id)
    }

    /// Evicts what `version` of `model`'s policy decided, since it was taken back.
    func evict(model: String, version: String) async {
        caches.withLock { caches in _ = caches[model]?.removeAll { $0.version == version } }
        guard mostKept.withLock({ $0 }) != nil else { return }
        do {
            try? await services?.writer.flush()
            try await services?.store.answers.removeAll(model: model, policy: version)
        } catch {
            logger.warning(
                "answers of \(version) stay until they are too old", metadata: ["error": "\(error)"])
        }
    }

    /// Takes what is too old or too much out of the store, until it is cancelled.
    func run() async {
        guard let services else { return }
        while !Task.isCancelled {
            let entries = mostKept.withLock { $0 }
            if let entries {
                do {
                    try await services.store.answers.trim(at: time(), keeping: entries)
                } catch {
                    logger.debug("old answers stay", metadata: ["error": "\(error)"])
                }
            }
            try? await Task.sleep(for: .seconds(30))
        }
    }

    /// What is there of one model's.
    struct Status: Sendable {
        var entries: Int
        var bytes: Int
        var counts: AnswerCache.Counts
    }

    /// What is there, by model.
    var status: [String: Status] {
        caches.withLock { caches in
            caches.mapValues { Status(entries: $0.count, bytes: $0.bytes, counts: $0.counts) }
        }
    }

    /// Dollars that embedding and verifying cost.
    var spent: Double { spending.withLock { $0 } }
}

/// Passes a stream on and keeps what went by, up to a limit.
final class KeepingSink: ReplySink {
    private let sink: any ReplySink
    private let limit: Int
    private let kept = Mutex<ByteBuffer?>(ByteBuffer())

    init(_ sink: any ReplySink, limit: Int) {
        self.sink = sink
        self.limit = limit
    }

    func write(_ bytes: ByteBuffer) async throws {
        try await sink.write(bytes)
        kept.withLock { kept in
            guard let sofar = kept else { return }
            if sofar.readableBytes + bytes.readableBytes > limit {
                kept = nil
            } else {
                kept?.writeImmutableBuffer(bytes)
            }
        }
    }

    /// All that went by; nil where it was too much.
    var bytes: ByteBuffer? { kept.withLock { $0 } }
}
