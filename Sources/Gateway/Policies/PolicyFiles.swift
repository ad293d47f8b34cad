import Deferral
import Foundation
import Storage

/// The policies that a configuration names by files.
enum PolicyFiles {
    /// The versions of `model`: the active one, and a canary and shadows where they are named. Each is called by its file's
    /// name.
    /// - Throws: ``GatewayError/badConfiguration(file:line:reason:remedy:)``.
    static func versions(
        of model: GatewayConfiguration.Model, in configuration: GatewayConfiguration
    ) throws(GatewayError) -> [PolicyVersion] {
        func version(
            _ path: String, _ number: Int, _ state: PolicyRecord.State, share: Double = 0
        ) throws(GatewayError) -> PolicyVersion {
            do {
                let file = try PolicyFile.read(from: path)
                let name = URL(fileURLWithPath: path).deletingPathExtension().lastPathComponent
                return PolicyVersion(name: name, number: number, file: file, state: state, share: share)
            } catch {
                throw .badConfiguration(
                    file: configuration.file, line: model.line, reason: "model \(model.name): \(error)",
                    remedy: "Give another policy.")
            }
        }
        guard let path = model.policy else { return [] }
        var versions = [try version(path, 1, .active)]
        if let canary = model.canary {
            versions.append(try version(canary.policy, 2, .canary, share: canary.share))
        }
        for shadow in model.shadows { versions.append(try version(shadow, versions.count + 1, .shadow)) }
        var names = Set<String>()
        for version in versions where !names.insert(version.name).inserted {
            throw .badConfiguration(
                file: configuration.file, line: model.line,
                reason: "model \(model.name): two policies are called \(version.name)",
                remedy: "Give their files different names.")
        }
        return versions
    }
}
