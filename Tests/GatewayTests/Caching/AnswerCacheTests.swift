import HTTPTypes
import NIOCore
import Probability
import Testing

@testable import Gateway

@Suite(.timeLimit(.minutes(5))) struct `answers that are given again` {
    private func key(_ number: Int, scope: String? = "team", frame: Int = 0) -> CacheKey {
        CacheKey(
            scope: scope, api: .chatCompletions, model: "fast", group: nil, fields: [],
            body: ByteBuffer(string: "request \(number) of \(frame)"))
    }

    private func reply(
        _ id: Int, _ key: CacheKey, at time: Double, bytes: Int = 100, vector: [Float]? = nil, frame: Int = 0
    ) -> CachedReply {
        CachedReply(
            id: "ans_\(id)", key: key, stage: "small", version: "v\(id % 3)", contentType: "application/json",
            bytes: ByteBuffer(repeating: 0x61, count: bytes), money: 1, created: time,
            meaning: vector.map {
                CachedReply.Meaning(frame: self.key(-1, frame: frame), text: "question \(id)", vector: $0)
            })
    }

    /// What is simplest: a list from the least to the most recently used.
    private struct Plain {
        var limits: AnswerCache.Limits
        var list: [CachedReply] = []
        /// Evicted questions.
        var literal: Set<String> = []

        mutating func evict(_ id: String) {
            if list.first(where: { $0.id == id })?.meaning != nil { literal.insert(id) }
            list.removeAll { $0.id == id }
        }

        mutating func answer(_ key: CacheKey, at now: Double) -> CachedReply? {
            guard let place = list.firstIndex(where: { $0.key == key }) else { return nil }
            let reply = list.remove(at: place)
            guard now - reply.created < limits.seconds else { return nil }
            list.append(reply)
            return reply
        }

        mutating func insert(_ reply: CachedReply) {
            list.removeAll { $0.key == reply.key || $0.id == reply.id }
            var reply = reply
            if literal.contains(reply.id) { reply.meaning = nil }
            guard reply.size <= min(limits.entryBytes, limits.bytes) else { return }
            list.append(reply)
            while list.count > limits.entries || list.reduce(0, { $0 + $1.size }) > limits.bytes { list.removeFirst() }
        }
    }

    @Test(arguments: 0..<8)
    func `are those of a plain list, whatever happens`(_ seed: Int) {
        var random = Random(seed: UInt64(seed))
        let limits = AnswerCache.Limits(seconds: 50, entries: 8, bytes: 6000, entryBytes: 1500)
        var cache = AnswerCache(limits)
        var plain = Plain(limits: limits)
        var now = 0.0
        for step in 0..<3000 {
            now += random.uniform() * 3
            let key = key(random.integer(below: 14), scope: random.bernoulli(0.5) ? "a" : "b")
            switch random.integer(below: 8) {
            case 0..<4: #expect(cache.answer(key, at: now)?.id == plain.answer(key, at: now)?.id)
            case 4..<7:
                let reply = reply(
                    random.integer(below: 60), key, at: now, bytes: random.integer(below: 1600),
                    vector: random.bernoulli(0.5) ? [1, 0] : nil)
                cache.insert(reply, at: now)
                plain.insert(reply)
            default:
                let id = "ans_\(random.integer(below: 60))"
                let isThere = plain.list.contains { $0.id == id }
                #expect(cache.evict(id) == isThere)
                plain.evict(id)
            }
            if step % 500 == 499 {
                let version = "v\(random.integer(below: 3))"
                let removed = cache.removeAll { $0.version == version }
                #expect(removed == plain.list.count { $0.version == version })
                plain.list.removeAll { $0.version == version }
            }
            #expect(cache.ids == plain.list.reversed().map(\.id))
            #expect(cache.count == plain.list.count && cache.bytes == plain.list.reduce(0) { $0 + $1.size })
        }
    }

    @Test func `nothing but the same request by the same key is answered`() {
        var cache = AnswerCache()
        let first = CacheKey(
            scope: "a", api: .chatCompletions, model: "fast", group: "g", fields: ["anthropic-beta: x"],
            body: ByteBuffer(string: "{}"))
        cache.insert(reply(1, first, at: 0), at: 0)
        #expect(cache.answer(first, at: 1)?.id == "ans_1")
        var others = [CacheKey](repeating: first, count: 6)
        others[0].scope = "b"
        others[1].api = .messages
        others[2].model = "safe"
        others[3].group = nil
        others[4].fields = []
        others[5].body = ByteBuffer(string: "{} ")
        for other in others { #expect(cache.answer(other, at: 1) == nil) }
        #expect(cache.answer(first, at: 3601) == nil && cache.count == 0)
    }

    @Test func `a clock that jumps gives nothing that is too old`() {
        var cache = AnswerCache(AnswerCache.Limits(seconds: 100))
        cache.insert(reply(1, key(1), at: 1000), at: 1000)
        #expect(cache.answer(key(1), at: 950)?.id == "ans_1")
        #expect(cache.answer(key(1), at: 800) == nil)
    }

    @Test func `the nearest question of the same frame is found, and an evicted one is never taken for another again`()
    {
        var cache = AnswerCache()
        cache.insert(reply(1, key(1), at: 0, vector: [1, 0]), at: 0)
        cache.insert(reply(2, key(2), at: 0, vector: [0.6, 0.8]), at: 0)
        cache.insert(reply(3, key(3), at: 0, vector: [0, 1], frame: 1), at: 0)
        func near(_ vector: [Float], frame: Int = 0, least: Double = 0.9) -> String? {
            cache.nearest(key(-1, frame: frame), vector, least: least, at: 1)?.reply.id
        }
        #expect(near([0.8, 0.6]) == "ans_2" && near([1, 0.0001]) == "ans_1")
        #expect(near([0, 1]) == nil && near([0, 1], frame: 1) == "ans_3" && near([0, 1], frame: 2) == nil)
        #expect(near([-1, 0], least: 0) == nil)
        #expect(near([1, 0, 0]) == nil)
        #expect(cache.evict("ans_1") && !cache.evict("ans_1"))
        #expect(near([1, 0]) == nil)
        // It may answer itself again, and nobody else.
        cache.insert(reply(1, key(1), at: 2, vector: [1, 0]), at: 2)
        #expect(cache.answer(key(1), at: 3)?.id == "ans_1")
        #expect(near([1, 0]) == nil)
    }

    @Test func `a frame is all but the last question`() throws {
        func frame(_ text: String) throws -> CacheKey? {
            let body = ByteBuffer(string: text)
            var key = key(0)
            key.body = body
            return key.frame(try RequestFields(body))
        }
        func chat(_ system: String, _ user: String, more: String = "") -> String {
            #"{"model":"m","messages":[{"role":"system","content":"\#(system)"},{"role":"user","content":"\#(user)"}]\#(more)}"#
        }
        let one = try frame(chat("Be brief.", "enable 2FA"))
        #expect(try one == frame(chat("Be brief.", "disable 2FA, please")))
        #expect(try one != frame(chat("Be long.", "enable 2FA")))
        #expect(try one != frame(chat("Be brief.", "enable 2FA", more: #","temperature":1"#)))
        #expect(try frame(#"{"model":"m","messages":[]}"#) == nil)
    }

    @Test(arguments: [
        #""messages":[{"role":"user","content":"a"}],"tools":[{"type":"function","function":{"name":"f"}}]"#,
        #""messages":[{"role":"user","content":"a"},{"role":"tool","tool_call_id":"1","content":"3"}]"#,
        #""messages":[{"role":"user","content":"a"},{"role":"\u0074ool","content":"3"}]"#,
        #""messages":[{"role":"user","content":"a"},{"role":"assistant","tool_calls":[{"id":"1"}]}]"#,
        #""messages":[{"role":"user","content":[{"type":"tool_result","tool_use_id":"1","content":"3"}]}]"#,
        #""input":[{"type":"function_call_output","call_id":"1","output":"3"}]"#,
        #""input":"a","previous_response_id":"resp_1""#, #""input":"a","conversation":"conv_1""#,
        #""input":"a","background":true"#, #""messages":[],"functions":[{"name":"f"}]"#,
    ])
    func `turns with tools and kept conversations are never answered`(_ body: String) throws {
        let fields = try RequestFields(ByteBuffer(string: "{\"model\":\"m\",\(body)}"))
        #expect(!CacheRules.mayAnswer(fields, HTTPFields()))
    }

    @Test func `plain turns are answered, unless the client wants none of it`() throws {
        for body in [
            #""messages":[{"role":"system","content":"tool_calls"},{"role":"user","content":"\"role\":\"tool\""}]"#,
            #""messages":[{"role":"user","content":[{"type":"text","text":"a"},{"type":"image_url","image_url":{"url":"u"}}]}]"#,
            #""messages":[{"role":"assistant","content":"a","tool_calls":null,"function_call":null}]"#,
            #""input":[{"type":"message","role":"user","content":"a"}],"previous_response_id":null,"background":false"#,
        ] {
            let fields = try RequestFields(ByteBuffer(string: "{\"model\":\"m\",\(body)}"))
            #expect(CacheRules.mayAnswer(fields, HTTPFields()), "\(body)")
            for (name, value) in [
                (HTTPField.Name.cacheControl, "no-cache"), (.cacheControl, "max-age=0, No-Store"),
                (.cascadeExplain, "body"), (.cascadeDrill, "small=reset"),
            ] {
                var head = HTTPFields()
                head[name] = value
                #expect(!CacheRules.mayAnswer(fields, head))
            }
        }
    }
}
