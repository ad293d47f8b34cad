import Foundation

/// The first bytes of a GGUF file, looked at before the file is given to the C library.
struct GGUFHeader {
    var version: UInt32
    var tensorCount: UInt64
    var metadataCount: UInt64

    /// Reads the header of the file at `path`.
    /// - Throws: ``LanguageError/badModel(path:reason:remedy:)`` where there is no file, or it is no GGUF file.
    init(path: String) throws(LanguageError) {
        guard let file = FileHandle(forReadingAtPath: path) else {
            let exists = FileManager.default.fileExists(atPath: path)
            throw .badModel(
                path: path, reason: exists ? "it can't be read" : "there is no such file",
                remedy: "Give the path of a GGUF file, or a name from `cascade models list`.")
        }
        defer { try? file.close() }
        let bytes = [UInt8]((try? file.read(upToCount: 24)) ?? Data())
        func number<Number: FixedWidthInteger>(at offset: Int, _: Number.Type) -> Number {
            bytes.withUnsafeBytes { Number(littleEndian: $0.loadUnaligned(fromByteOffset: offset, as: Number.self)) }
        }
        guard bytes.count == 24, bytes.starts(with: Array("GGUF".utf8)) else {
            throw .badModel(
                path: path, reason: "it is not a GGUF file (\(bytes.count) bytes of its header could be read)",
                remedy: "Download it again, or convert the model to GGUF.")
        }
        version = number(at: 4, UInt32.self)
        tensorCount = number(at: 8, UInt64.self)
        metadataCount = number(at: 16, UInt64.self)
        guard (2...3).contains(version) else {
            throw .badModel(
                path: path, reason: "its GGUF version is \(version); 2 and 3 can be read",
                remedy: "Convert the model to GGUF version 3.")
        }
    }
}
