import Cascades
import Foundation
import Testing

@testable import Language

@Suite struct `named models behind endpoints` {
    let path = NSTemporaryDirectory() + "cascade-list-\(UInt64.random(in: 0 ... .max))/models.json"

    @Test func `what is written is read, with the defaults that go unsaid`() throws {
        defer { try? FileManager.default.removeItem(atPath: (path as NSString).deletingLastPathComponent) }
        #expect(try RemoteModelList.read(from: path).models.isEmpty)
        var list = RemoteModelList()
        var mini = RemoteModelList.Entry(name: "mini", endpoint: "https://example.org/v1", model: "mini-4")
        mini.pricePerMillionTokensIn = 0.15
        mini.aliases = ["mini-4-turbo"]
        mini.logProbabilities = 0
        var base = RemoteModelList.Entry(name: "base", endpoint: "http://127.0.0.1:1/v1", model: "b")
        base.conversations = false
        base.logProbabilities = -1
        base.dialect = .llamaServer
        list.models = [mini, base]
        try list.write(to: path)
        #expect(try RemoteModelList.read(from: path) == list)
        let model = try #require(try RemoteModelList.read(from: path)["mini"]).load()
        #expect(model.name == "mini" && model.model == "mini-4" && model.aliases == ["mini-4-turbo"])
        #expect(model.capabilities.probabilities == .chosenToken && model.capabilities.holdsConversations)
        #expect(model.prices.perMillionTokensIn == 0.15)
        let plain = try base.load()
        #expect(plain.capabilities.probabilities == .none && !plain.capabilities.holdsConversations)
        #expect(!plain.capabilities.callsTools && plain.client.endpoint.dialect == .llamaServer)
        #expect(list["none"] == nil)
    }

    @Test func `a file that is none is an error; a key in it is one, too, and is not shown`() throws {
        let folder = (path as NSString).deletingLastPathComponent
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        for text in [
            "", "[]", "{}", #"{"version": 2, "models": []}"#, #"{"version": 1, "models": [{"name": "a"}]}"#,
            #"{"version": 1, "models": [{"name": "a", "endpoint": "b", "model": "c", "apiKey": "sk-hunter2"}]}"#,
        ] {
            try text.write(toFile: path, atomically: false, encoding: .utf8)
            do {
                _ = try RemoteModelList.read(from: path)
                Issue.record("\(text) was read")
            } catch {
                guard case .badModel = error else {
                    Issue.record("\(error)")
                    continue
                }
                #expect(!"\(error)".contains("hunter2"))
            }
        }
    }
}
