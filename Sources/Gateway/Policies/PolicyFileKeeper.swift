import Deferral
import Logging
import Storage
import Synchronization

/// Brings the policies that a configuration names by files to the store.
///
/// Content that is new to the store becomes a version. Content that it knows is what the store says it is: a version that
/// lost its trial, or whose place a better one took, does not come back because its file still lies there. Only where this
/// gateway sees a file change into content that the store knows (an older file is put back while it runs) is that the
/// operator's word, and the version does again what the configuration says.
final class PolicyFileKeeper: Sendable {
    private let policies: PolicyRepository
    private let logger: Logger
    /// What the files held when they were brought last: by model, and by their part in it.
    private let seen = Mutex<[String: [String: String]]>([:])

    init(_ policies: PolicyRepository, logger: Logger) {
        self.policies = policies
        self.logger = logger
    }

    /// Adds what is new in the files of `configuration` to the store, and puts back what was put back there.
    func bring(_ configuration: GatewayConfiguration) async {
        for model in configuration.models where model.policy != nil {
            do {
                try await bring(try PolicyFiles.versions(of: model, in: configuration), of: model.name)
            } catch {
                logger.warning(
                    "policies stay as they are: the store can't be brought up to date",
                    metadata: ["model": "\(model.name)", "error": "\(error)"])
            }
        }
    }

    private func bring(_ versions: [PolicyVersion], of model: String) async throws {
        let before = seen.withLock { $0[model] }
        var now: [String: String] = [:]
        for version in versions {
            let content = String(decoding: try version.file.encoded(), as: UTF8.self)
            // A shadow is one of several; the others are alone in what they do.
            let part = version.state == .shadow ? "shadow \(version.name)" : version.state.rawValue
            now[part] = content
            if let old = before?[part], old != content, version.state != .active {
                try await retire(old, of: model, version)
            }
            var known = try await policies.all(of: model).last { $0.content == content }
            if known == nil {
                let added = try await policies.addNew(
                    content, model: model, state: version.state, share: version.share,
                    note: "from the file \(version.name)")
                if added != nil { continue }
                // Another gateway was first.
                known = try await policies.all(of: model).last { $0.content == content }
            }
            guard let known, known.state != version.state else { continue }
            let names: Logger.Metadata = [
                "model": "\(model)", "version": "v\(known.version)", "file": "\(version.name)",
                "state": "\(known.state.rawValue)",
            ]
            if let before, before[part] != content {
                try await policies.set(
                    version.state, share: version.share, model: model, version: known.version,
                    note: "the file \(version.name) again")
                logger.notice("a policy file was put back, and so is its version", metadata: names)
            } else if known.state == .retired {
                logger.notice(
                    "a policy file holds a version that is not in use; it stays so: promote it, or change the file",
                    metadata: names)
            }
        }
        seen.withLock { [now] in $0[model] = now }
    }

    /// Takes out of use what the file of `version` held before, where it still does what that file's does: two canaries would
    /// decide for twice the share.
    private func retire(_ content: String, of model: String, _ version: PolicyVersion) async throws {
        for old in try await policies.all(of: model) where old.content == content && old.state == version.state {
            try await policies.set(
                .retired, model: model, version: old.version, note: "the file \(version.name) holds another")
        }
    }
}
