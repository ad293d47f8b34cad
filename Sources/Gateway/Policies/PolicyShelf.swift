import Cascades
import Deferral
import Foundation
import Logging
import NIOCore
import Storage
import Synchronization

/// Where the versions of the policies are kept and put into force: in the store, which several gateways share, or in memory.
///
/// With a store, a policy file that the configuration names becomes a version when its content is new to the store
/// (``PolicyFileKeeper``); from then on the store says what is in force, and every gateway follows within a second. Without one the files decide, and
/// what is learned lasts until the gateway stops or reads its configuration again. A request keeps the policy it began with.
final class PolicyShelf: Sendable {
    private struct State {
        var configuration: GatewayConfiguration
        /// Those in use and, in memory, all others.
        var versions: [String: [PolicyVersion]] = [:]
        /// How often the store was asked, and the last time whose answer is in force: an answer that comes late is old.
        var asked = 0
        var followed = 0
        /// What is tried again while the store is away.
        var retries: [Task<Void, Never>] = []
        /// The models whose next version is being learned.
        var learning: Set<String> = []
        /// The last time that the files are brought to the store.
        var bringing: Task<Void, Never>?
    }

    private let core: GatewayCore
    private let stages: [String: GatewayStage]
    private let group: any EventLoopGroup
    private let logger: Logger
    private let state: Mutex<State>
    /// Brings the files' policies to the store; nil where there is none.
    private let files: PolicyFileKeeper?
    /// Held while versions are put into force, so that what was known last stays in force.
    private let publishing = Mutex(())
    private var store: Store? { core.store }
    private var learning: Learning { core.learning }

    init(
        core: GatewayCore, configuration: GatewayConfiguration, stages: [String: GatewayStage],
        group: any EventLoopGroup, logger: Logger
    ) {
        self.core = core
        self.stages = stages
        self.group = group
        self.logger = logger
        state = Mutex(State(configuration: configuration))
        files = core.store.map { PolicyFileKeeper($0.policies, logger: logger) }
    }

    /// Publishes what `configuration` says from now on.
    /// - Throws: ``GatewayError``; then everything stays as it was.
    func reload(_ configuration: GatewayConfiguration) throws(GatewayError) {
        // With a store the files are not what is published, and yet a broken one changes nothing.
        for model in configuration.models { _ = try PolicyFiles.versions(of: model, in: configuration) }
        try publishing.withLock { (_) throws(GatewayError) in
            try publish(configuration, store == nil ? [:] : state.withLock { $0.versions })
        }
        guard store != nil else { return }
        // Files whose content is new become versions; one time after the other, so that the last one's files stay in force.
        state.withLock { state in
            let before = state.bringing
            state.bringing = Task { [weak self] in
                await before?.value
                await self?.synchronise()
            }
        }
    }

    /// Follows the store and carries out what learning asks for, until it is cancelled.
    func run() async {
        await withDiscardingTaskGroup { group in
            if let store {
                group.addTask { [self] in
                    for await _ in store.database.changes(on: PolicyRepository.channel) { await refresh() }
                }
            }
            group.addTask { [self] in await restore() }
            group.addTask { [self] in
                for await event in learning.events { await carryOut(event) }
            }
        }
        for retry in state.withLock({ $0.retries }) { retry.cancel() }
    }

    /// Reads what was explored before, where something is to be learned from it.
    private func restore() async {
        guard let store else { return }
        for name in learning.models {
            guard let state = learning.state(of: name), state.settings.learner != nil else { continue }
            do {
                let rows = try await ExploredRow.remembered(of: name, schema: state.policies.schema, in: store)
                learning.restore(rows, of: name)
            } catch {
                logger.warning(
                    "what was explored before is not learned from",
                    metadata: ["model": "\(name)", "error": "\(error)"])
            }
        }
    }

    /// All versions of `model` that are in use.
    func versions(of model: String) -> [PolicyVersion] {
        core.models.byName[model]?.policies?.versions ?? []
    }

    // MARK: - Following the store

    /// Brings the files' policies to the store, and follows it.
    func synchronise() async {
        guard let files else { return }
        await files.bring(state.withLock { $0.configuration })
        await refresh()
    }

    /// Puts into force what the store says.
    private func refresh() async {
        guard let store else { return }
        let number = state.withLock { state in
            state.asked += 1
            return state.asked
        }
        do {
            let records = try await store.policies.all(inUse: true)
            try publishing.withLock { _ in try follow(records, number) }
        } catch {
            logger.error("policies stay as they are", metadata: ["error": "\(error)"])
        }
    }

    /// Puts `records` into force, unless what was asked later is in force already.
    private func follow(_ records: [PolicyRecord], _ number: Int) throws(GatewayError) {
        let isLate = state.withLock { state in
            if number < state.followed { return true }
            state.followed = number
            return false
        }
        if isLate { return }
        let (configuration, before) = state.withLock { ($0.configuration, $0.versions) }
        var versions = before
        for model in configuration.models where model.policy != nil {
            let own = records.filter { $0.model == model.name }.compactMap { version($0) }
            versions[model.name] = own.isEmpty ? nil : own
            do throws(GatewayError) {
                // One model's fault is no other's.
                _ = try models(configuration, versions)
            } catch {
                versions[model.name] = before[model.name]
                logger.error("policies stay as they are", metadata: ["model": "\(model.name)", "error": "\(error)"])
            }
        }
        try publish(configuration, versions)
    }

    /// The version in `record`; nil where this gateway can't read it, which is said.
    private func version(_ record: PolicyRecord) -> PolicyVersion? {
        do {
            return try PolicyVersion(record)
        } catch {
            logger.error(
                "a version is left out", metadata: ["model": "\(record.model)", "error": "\(error)"])
            return nil
        }
    }

    private func models(
        _ configuration: GatewayConfiguration, _ versions: [String: [PolicyVersion]]
    ) throws(GatewayError) -> [VirtualModel] {
        var builder = GatewayBuilder(configuration, over: stages, group: group)
        builder.versions = versions
        return try builder.models()
    }

    private func publish(
        _ configuration: GatewayConfiguration, _ versions: [String: [PolicyVersion]]
    ) throws(GatewayError) {
        let models = try models(configuration, versions)
        state.withLock { state in
            state.configuration = configuration
            state.versions = versions
        }
        core.replace(models)
    }

    // MARK: - Carrying out

    private func carryOut(_ event: Learning.Event) async {
        switch event {
        case .unknown(let request, let stage, let quality, let source):
            defer { learning.asked() }
            guard let store, let record = try? await store.requests.request(request), let number = record.policyVersion,
                record.serving?.isRegular ?? true
            else { return }
            await learning.judged(
                request, model: record.model, version: "v\(number)", answered: record.answered, stage: stage,
                quality: quality, source: source)
        case .action(let action, let model, let time):
            switch action {
            case .alarm(let kind, let text):
                logger.warning(
                    "alarm", metadata: ["model": "\(model)", "kind": "\(kind.rawValue)", "text": "\(text)"])
            case .rollBack(let version, let reason):
                await insist("\(version) of \(model) could not be rolled back") {
                    try await self.rollBack(model, version, reason, time)
                }
            case .promote(let version, let reason):
                await insist("\(version) of \(model) could not be promoted") {
                    try await self.set(.active, model: model, version: version, note: reason)
                }
            case .learn:
                // Beside other actions: a roll-back does not wait for it.
                let isFirst = state.withLock { $0.learning.insert(model).inserted }
                guard isFirst else { return }
                Task { [weak self] in
                    await self?.learn(model, time)
                    self?.state.withLock { _ = $0.learning.remove(model) }
                }
            }
        }
    }

    /// Does `work`, and where the store is away, again every second until it is done.
    private func insist(_ failure: String, _ work: @escaping @Sendable () async throws -> Void) async {
        do {
            try await work()
        } catch {
            logger.error("\(failure); it is tried again", metadata: ["error": "\(error)"])
            state.withLock { state in
                state.retries.append(
                    Task { [logger] in
                        while !Task.isCancelled {
                            try? await Task.sleep(for: .seconds(1))
                            if Task.isCancelled { return }
                            do {
                                try await work()
                                return
                            } catch {
                                logger.debug("\(failure)", metadata: ["error": "\(error)"])
                            }
                        }
                    })
            }
        }
    }

    /// Takes `version` out of use; the active one gives its place back to the version before it.
    func rollBack(_ model: String, _ version: String, _ reason: String, _ time: Double) async throws {
        guard let known = versions(of: model).first(where: { $0.name == version }) else { return }
        await core.caching.evict(model: model, version: version)
        let isDone: Bool
        if let store, let number = known.number {
            isDone = try await store.policies.rollBack(model: model, version: number, note: reason) != nil
            await refresh()
        } else {
            isDone = try change(model) { versions in
                guard let place = versions.firstIndex(where: { $0.name == version }) else { return false }
                if versions[place].state == .active {
                    guard let previous = versions[place].previous,
                        let before = versions.firstIndex(where: { $0.number == previous })
                    else { return false }
                    versions[before].state = .active
                    versions[before].share = 0
                }
                versions[place].state = .retired
                return true
            }
        }
        let stays = versions(of: model).contains { $0.name == version && $0.state == .active }
        if !isDone, stays {
            let text = "\(version) is to be taken back (\(reason)), and no version was there before it"
            learning.raise(
                LearningAlarm(time: time, model: model, kind: .nothingToRollBackTo, text: text))
            logger.error("\(text)", metadata: ["model": "\(model)"])
        }
    }

    /// Makes `version` of `model` do something else.
    func set(
        _ new: PolicyRecord.State, share: Double = 0, model: String, version: String, note: String
    ) async throws {
        guard let known = versions(of: model).first(where: { $0.name == version }) else { return }
        if let store, let number = known.number {
            try await store.policies.set(new, share: share, model: model, version: number, note: note)
            await refresh()
            return
        }
        _ = try change(model) { versions in
            guard let place = versions.firstIndex(where: { $0.name == version }) else { return false }
            if new == .active, let active = versions.firstIndex(where: { $0.state == .active }), active != place {
                versions[active].state = .retired
                versions[place].previous = versions[active].number
            }
            versions[place].state = new
            versions[place].share = share
            return true
        }
    }

    /// Adds a version, and says what it is called.
    @discardableResult
    func add(
        _ file: PolicyFile, model: String, state: PolicyRecord.State, share: Double, note: String
    ) async throws -> String {
        if let store {
            let content = String(decoding: try file.encoded(), as: UTF8.self)
            let number = try await store.policies.add(content, model: model, state: state, share: share, note: note)
            await refresh()
            return "v\(number)"
        }
        var name = ""
        _ = try change(model) { versions in
            let number = (versions.compactMap(\.number).max() ?? 0) + 1
            name = "v\(number)"
            versions.append(PolicyVersion(name: name, number: number, file: file, state: state, share: share))
            return true
        }
        return name
    }

    /// Changes the versions of `model` that are kept in memory.
    private func change(
        _ model: String, _ change: (inout [PolicyVersion]) throws -> Bool
    ) throws -> Bool {
        try publishing.withLock { _ in
            let (configuration, kept) = state.withLock { ($0.configuration, $0.versions) }
            var versions = kept
            var own: [PolicyVersion] = []
            if let known = versions[model] {
                own = known
            } else if let published = configuration.models.first(where: { $0.name == model }) {
                own = try PolicyFiles.versions(of: published, in: configuration)
            }
            guard try change(&own) else { return false }
            versions[model] = own
            try publish(configuration, versions)
            return true
        }
    }

    // MARK: - Learning

    /// Learns the next version of `model` and puts it on trial.
    func learn(_ model: String, _ time: Double) async {
        guard let learned = learning.state(of: model), let settings = learned.settings.learner else { return }
        let rule = learned.policies.acting[0].rule
        let inForce = learned.policies.active.file
        let outcome: Result<PolicyTrainer.Outcome, any Error>
        do {
            // Off the event loops that serve requests. A lower priority would wait for ever in a busy process.
            outcome = .success(
                try await Task.detached {
                    try PolicyTrainer(settings: settings).learn(
                        learned.rows, inForce: inForce, rule: rule, seed: UInt64(learned.rows.count))
                }.value)
        } catch {
            outcome = .failure(error)
        }
        do {
            switch try outcome.get() {
            case .noGain(let reason):
                logger.info("nothing new was learned", metadata: ["model": "\(model)", "reason": "\(reason)"])
            case .better(let file):
                let version = try await add(
                    file, model: model, state: settings.canary > 0 ? .canary : .shadow, share: settings.canary,
                    note: "learned from \(learned.rows.count) explored requests")
                logger.notice("a policy was learned", metadata: ["model": "\(model)", "version": "\(version)"])
            }
        } catch {
            learning.raise(
                LearningAlarm(time: time, model: model, kind: .learningFailed, text: "\(error)"))
            logger.error("no policy could be learned", metadata: ["model": "\(model)", "error": "\(error)"])
        }
    }
}
