import Catalog
import Foundation
import Testing

@Suite struct `the data store` {
    private let empty = DataStore(root: NSTemporaryDirectory() + "cascade-tests-\(UUID().uuidString)")

    @Test func `finds the logs that come with the repository`() throws {
        let folder = try empty.folder(of: "nine-models")
        #expect(FileManager.default.fileExists(atPath: folder + "/nine-models.jsonl"))
    }

    @Test func `says what to do about data that can't be fetched`() throws {
        let data = try DataSets.named("emotion-eleven-models")
        #expect(!empty.has(data.name))
        #expect {
            try DataFetcher(store: empty).fetch(data)
        } throws: { error in
            guard case CatalogError.fetchFailed(let name, _, let remedy) = error else { return false }
            return name == data.name && remedy.contains(empty.root)
        }
    }

    @Test func `knows no other names`() {
        #expect(throws: CatalogError.unknownData(name: "x", known: DataSets.all.map(\.name))) {
            try DataSets.named("x")
        }
    }
}
