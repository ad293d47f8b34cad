import Foundation
import StorageTesting
import Testing

@testable import Storage

@Suite(.timeLimit(.minutes(5))) struct `keys` {
    let folder: ScratchFolder

    init() throws { folder = try ScratchFolder() }

    @Test(arguments: TestDatabase.available)
    func `are found by their secret, listed without it, and revoked`(_ kind: TestDatabase) async throws {
        let store = try await Store(kind.make(folder))
        let limits = [Limit(.money, 50, per: .month), Limit(.requests, 60, per: .minute)]
        let made = try await store.keys.create(
            name: "team \"a\"", roles: [.use, .view], models: ["fast", "safe"], limits: limits, time: 5)
        let other = try await store.keys.create(name: "b", time: 6)
        let found = try #require(try await store.keys.find(APIKey(made.key.secret)))
        #expect(found == made.record)
        #expect(found.limits == limits && found.models == ["fast", "safe"] && found.roles == [.use, .view])
        #expect(found.isValid)
        for wrong in [
            "", "csk-", made.key.secret + "x", String(made.key.secret.dropLast()), made.key.hash, made.record.id,
        ] {
            #expect(try await store.keys.find(APIKey(wrong)) == nil)
        }
        #expect(try await store.keys.all() == [made.record, other.record])
        #expect(try await store.keys.allByHash()[other.key.hash] == other.record)
        #expect(try await store.keys.named("b").map(\.id) == [other.record.id])
        #expect(try await store.keys.named(made.key.prefix).map(\.id) == [made.record.id])
        try await store.keys.setLimits([], of: other.record.id)
        #expect(try await store.keys.find(other.key)?.limits == [])
        try await store.keys.revoke(made.record.id, time: 9)
        try await store.keys.revoke(made.record.id, time: 10)
        #expect(try await store.keys.find(made.key)?.revoked == 9)
        await #expect(throws: StorageError.notFound(kind: "key", name: "none")) {
            try await store.keys.revoke("none")
        }
        for bad in [[limits[0], limits[0]]] {
            await #expect(throws: StorageError.self) { _ = try await store.keys.create(name: "c", limits: bad) }
        }
        await #expect(throws: StorageError.self) { _ = try await store.keys.create(name: "") }
        await store.close()
    }

    @Test func `no byte of the store has a secret`() async throws {
        let path = folder.path("store.sqlite")
        let store = try await Store.open(path)
        let made = try await store.keys.create(name: "a")
        await store.close()
        let secret = Data(made.key.secret.dropFirst(made.record.prefix.count).utf8.prefix(12))
        for ending in ["", "-wal"] {
            guard let data = FileManager.default.contents(atPath: path + ending) else { continue }
            #expect(data.firstRange(of: secret) == nil)
        }
    }

    @Test func `secrets are 256 random bits`() {
        let keys = (0..<1_000).map { _ in APIKey() }
        #expect(Set(keys).count == 1_000)
        for key in keys { #expect(key.secret.count == 47 && key.secret.hasPrefix("csk-")) }
        // Every one of the 43 places takes many letters. The last holds 4 bits, the others 6: of 1,000 draws, one of 64
        // letters is missed with probability e^-15.6, so 60 are seen but for one time in 10^20.
        for place in 4..<47 {
            let letters = Set(keys.map { Array($0.secret)[place] })
            #expect(letters.count >= (place == 46 ? 16 : 60), "place \(place)")
        }
        // FIPS 180-4's example.
        #expect(APIKey("abc").hash == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
    }
}

@Suite(.timeLimit(.minutes(5))) struct `policies` {
    let folder: ScratchFolder

    init() throws { folder = try ScratchFolder() }

    @Test(arguments: TestDatabase.available)
    func `have one active version, and any can come back`(_ kind: TestDatabase) async throws {
        let store = try await Store(kind.make(folder))
        #expect(try await store.policies.add("{1}", model: "fast", note: "first", time: 1) == 1)
        #expect(try await store.policies.add("{2}", model: "fast", state: .canary, share: 0.1, time: 2) == 2)
        #expect(try await store.policies.add("{3}", model: "fast", state: .shadow, time: 3) == 3)
        #expect(try await store.policies.add("{x}", model: "safe", time: 4) == 1)
        func states() async throws -> [PolicyRecord.State] { try await store.policies.all(of: "fast").map(\.state) }
        #expect(try await states() == [.active, .canary, .shadow])
        try await store.policies.set(.active, model: "fast", version: 2)
        #expect(try await states() == [.retired, .active, .shadow])
        #expect(try await store.policies.all(inUse: true).map(\.content) == ["{2}", "{3}", "{x}"])
        try await store.policies.set(.active, model: "fast", version: 1)
        #expect(try await states() == [.active, .retired, .shadow])
        // A version that is not there changes nothing.
        await #expect(throws: StorageError.notFound(kind: "policy", name: "fast version 9")) {
            try await store.policies.set(.active, model: "fast", version: 9)
        }
        #expect(try await states() == [.active, .retired, .shadow])
        await #expect(throws: StorageError.self) {
            try await store.policies.set(.canary, share: 1.5, model: "fast", version: 2)
        }
        await store.close()
    }

    @Test(arguments: TestDatabase.available)
    func `that several add at once get versions of their own`(_ kind: TestDatabase) async throws {
        let store = try await Store(kind.make(folder))
        let versions = try await withThrowingTaskGroup(of: Int.self) { group in
            for number in 0..<20 { group.addTask { try await store.policies.add("\(number)", model: "m") } }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(versions.sorted() == Array(1...20))
        #expect(try await store.policies.all(of: "m", inUse: true).count == 1)
        await store.close()
    }
}
