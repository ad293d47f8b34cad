import Cascades
import Foundation
import Testing

@Suite struct `writing files` {
    let folder: String

    init() throws {
        folder = NSTemporaryDirectory() + "/atomic-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    }

    private func contents(_ name: String) throws -> String {
        try String(contentsOfFile: "\(folder)/\(name)", encoding: .utf8)
    }

    @Test func `replaces the whole file and leaves nothing beside it`() throws {
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let path = "\(folder)/report.html"
        try AtomicFile.write(String(repeating: "long ", count: 100_000), to: path)
        try AtomicFile.write("kürzer\n", to: path)
        #expect(try contents("report.html") == "kürzer\n")
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["report.html"])
    }

    @Test func `writes an empty file and one whose name is as long as allowed`() throws {
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let name = String(repeating: "x", count: 255)
        try AtomicFile.write(Data(), to: "\(folder)/\(name)")
        #expect(try contents(name).isEmpty)
    }

    @Test func `keeps the permissions of the file it replaces`() throws {
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let path = "\(folder)/secret.json"
        try AtomicFile.write("{}", to: path)
        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: path)
        try AtomicFile.write("{\"version\": 1}", to: path)
        let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
        #expect(mode == 0o600)
    }

    @Test func `writes through a symbolic link`() throws {
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try AtomicFile.write("old", to: "\(folder)/target")
        try FileManager.default.createSymbolicLink(atPath: "\(folder)/link", withDestinationPath: "target")
        try AtomicFile.write("new", to: "\(folder)/link")
        #expect(try contents("target") == "new")
        #expect(try FileManager.default.destinationOfSymbolicLink(atPath: "\(folder)/link") == "target")
    }

    @Test func `names the folder that is missing`() throws {
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let path = "\(folder)/nowhere/policy.json"
        let error = #expect(throws: FileError.self) { try AtomicFile.write("{}", to: path) }
        #expect(error == .noSuchFolder(path: path, folder: "\(folder)/nowhere"))
        #expect(error?.description.contains("mkdir -p \(folder)/nowhere") == true)
    }

    @Test func `refuses a folder and an empty path`() throws {
        defer { try? FileManager.default.removeItem(atPath: folder) }
        #expect(throws: FileError.isDirectory(path: folder)) { try AtomicFile.write("{}", to: folder) }
        #expect(throws: FileError.cannotWrite(path: "", reason: "the path is empty")) {
            try AtomicFile.write("{}", to: "")
        }
    }

    @Test func `says why a device took nothing`() throws {
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try AtomicFile.write("gone", to: "/dev/null")
        guard FileManager.default.fileExists(atPath: "/dev/full") else { return }
        let error = #expect(throws: FileError.self) { try AtomicFile.write("no room", to: "/dev/full") }
        #expect(error == .cannotWrite(path: "/dev/full", reason: "No space left on device"))
    }
}
