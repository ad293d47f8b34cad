import CZlib
import Foundation

/// Unpacks gzip files.
enum GZip {
    /// The content of the gzip file at `path`.
    /// - Throws: ``CatalogError/badData(path:reason:)``.
    static func contents(of path: String) throws -> [UInt8] {
        guard let file = gzopen(path, "rb") else {
            throw CatalogError.badData(path: path, reason: "it can't be opened")
        }
        defer { gzclose(file) }
        gzbuffer(file, 1 << 17)
        var result: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 1 << 20)
        while true {
            let count = gzread(file, &chunk, UInt32(chunk.count))
            if count < 0 { throw CatalogError.badData(path: path, reason: "it is not a whole gzip file") }
            if count == 0 { break }
            result.append(contentsOf: chunk[0..<Int(count)])
        }
        return result
    }
}
