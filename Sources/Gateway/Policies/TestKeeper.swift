import Foundation
import Logging
import Storage

/// Keeps in the store what the tests have come to, and goes on with what a gateway that is gone has left behind.
///
/// Only what rests on more judged requests than the gateway's own tests is taken over, so that each test is one gateway's at a
/// time and its error stays what it is. A gateway that was killed may lose the last seconds.
struct TestKeeper: Sendable {
    private let learning: Learning
    private let services: StoreServices
    private let logger: Logger
    private let interval: Duration

    init(_ learning: Learning, _ services: StoreServices, logger: Logger, interval: Duration = .seconds(5)) {
        self.learning = learning
        self.services = services
        self.logger = logger
        self.interval = interval
    }

    /// Works until it is cancelled, and keeps what there is then.
    func run() async {
        var saved: [String: TestState] = [:]
        while !Task.isCancelled {
            for model in learning.models {
                do {
                    try await takeOver(model)
                    try await save(model, &saved)
                } catch {
                    // It is tried again, and requests go on without it.
                    logger.debug("tests are not kept", metadata: ["model": "\(model)", "error": "\(error)"])
                }
            }
            try? await Task.sleep(for: interval)
        }
        // A task that was cancelled can't wait for the store any more; this must.
        let known = saved
        await Task {
            var saved = known
            for model in learning.models { try? await save(model, &saved) }
        }.value
    }

    private func takeOver(_ model: String) async throws {
        let judged = learning.tests(of: model)?.judged ?? 0
        let content = try await services.store.learningStates.take(
            model, beyond: judged, holder: services.keeper.holder)
        guard let content else { return }
        guard let tests = try? JSONDecoder().decode(TestState.self, from: Data(content.utf8)) else {
            logger.warning(
                "tests begin anew: another release's can't be read", metadata: ["model": "\(model)"])
            return
        }
        learning.resume(tests, of: model)
        logger.notice("tests go on", metadata: ["model": "\(model)", "judged": "\(tests.judged)"])
    }

    private func save(_ model: String, _ saved: inout [String: TestState]) async throws {
        guard let tests = learning.tests(of: model), tests.judged > 0, saved[model] != tests else { return }
        let content = String(decoding: try JSONEncoder().encode(tests), as: UTF8.self)
        try await services.store.learningStates.save(
            content, judged: tests.judged, model: model, holder: services.keeper.holder)
        saved[model] = tests
    }
}
