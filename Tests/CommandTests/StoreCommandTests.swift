import Cascades
import Foundation
import Storage
import Testing

@Suite(.timeLimit(.minutes(5))) struct `cascade keys` {
    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    @Test func `create, list and revoke`() async throws {
        let path = folder.path("gateway.sqlite")
        let made = try Cascade.run(
            "keys", "create", "--store", path, "--name", "team-a", "--limit", "money=50/month", "--limit",
            "requests=60/minute", "--model", "fast")
        #expect(made.status == 0, "\(made.errors)")
        let secret = made.output.trimmingCharacters(in: .newlines)
        // The secret stands alone, so that a script can take it.
        #expect(secret.hasPrefix("csk-") && secret.count == 47)
        #expect(made.errors.contains("team-a") && !made.errors.contains(secret))
        let store = try await Store.open(path)
        let record = try #require(try await store.keys.find(APIKey(secret)))
        #expect(record.limits == [Limit(.money, 50, per: .month), Limit(.requests, 60, per: .minute)])
        #expect(record.models == ["fast"] && record.roles == [.use])

        let list = try Cascade.run("keys", "list", "--store", path)
        #expect(list.status == 0, "\(list.errors)")
        for text in [record.prefix, "team-a", "money=50/month", "fast"] {
            #expect(list.output.contains(text), "no '\(text)' in\n\(list.output)")
        }
        #expect(!list.output.contains(secret))
        let json = try Cascade.run("keys", "list", "--store", path, "--json")
        let keys = try #require(json.json["keys"] as? [[String: Any]])
        #expect(keys.first?["id"] as? String == record.id)
        #expect((keys.first?["spent"] as? [String: Any])?["money/month"] as? Double == 0)

        let revoked = try Cascade.run("keys", "revoke", "team-a", "--store", path)
        #expect(revoked.status == 0, "\(revoked.errors)")
        #expect(try await store.keys.find(APIKey(secret))?.isValid == false)
        let again = try Cascade.run("keys", "revoke", "team-a", "--store", path)
        #expect(again.status == 65 && again.errors.contains("already"))
        await store.close()
    }

    @Test func `bad input says what is right`() throws {
        let path = folder.path("gateway.sqlite")
        for (arguments, status, words) in [
            (["keys", "create", "--store", path, "--name", "a", "--limit", "money=5/year"], 64, "money=5/year"),
            (["keys", "create", "--store", path, "--name", ""], 64, "empty"),
            (
                ["keys", "create", "--store", path, "--name", "a", "--limit", "money=1/day", "--limit", "money=2/day"],
                64, "two"
            ),
            (["keys", "create", "--name", "a"], 64, "--store"),
            (["keys", "create", "--store", folder.path("none/x.sqlite"), "--name", "a"], 69, "no folder"),
            (["keys", "list", "--store", folder.path("none.sqlite")], 69, "no such file"),
            (["keys", "list", "--store", "mysql://u:s3cret@h/d"], 64, "mysql"),
            (["keys", "list", "--store", "postgresql://u:s3cret@localhost:1/d"], 69, "can't be reached"),
        ] as [([String], Int32, String)] {
            let run = try Cascade.run(arguments)
            #expect(run.status == status, "\(arguments): \(run.status) \(run.errors)")
            #expect(run.errors.contains(words), "no '\(words)' in \(run.errors)")
            #expect(!run.errors.contains("s3cret"))
        }
        // Looking for a store makes none.
        #expect(folder.files.allSatisfy { !$0.hasPrefix("none") })
        let bad = try folder.write(String(repeating: "this is no store. ", count: 300), "bad.sqlite")
        let run = try Cascade.run("keys", "list", "--store", bad)
        #expect(run.status == 65 && run.errors.contains("damaged"), "\(run.errors)")
    }
}

@Suite(.timeLimit(.minutes(5))) struct `cascade log export` {
    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    @Test func `writes recorded traffic as a log that fit learns from`() async throws {
        let path = folder.path("gateway.sqlite")
        let source = try OutcomeLog.read(from: folder.write(SampleLog.jsonl(items: 400), "source.jsonl"))
        let store = try await Store.open(path)
        let writer = RecordWriter(store)
        for item in 0..<source.count {
            // A gateway that asked the first stage always, the others together half of the time.
            let asked = item % 2 == 0 ? Array(0..<source.stageCount) : [0]
            var trace = Trace<String>(
                schema: source.schema, context: [source.context[item]], group: source.groups[item],
                coin: item % 2 == 0 ? 0.25 : 0.75)
            for stage in asked {
                trace.moves.append(.ask(stage))
                let cell = item * source.stageCount + stage
                trace.choices.append(
                    Trace<String>.Choice(
                        stage: stage, output: "x", evidence: [source.evidence[cell]],
                        cost: Cost(money: source.money[cell], seconds: source.seconds[cell])))
                writer.submit(
                    .feedback(
                        Feedback(
                            request: source.ids[item], stage: stage, source: "test", quality: source.quality[cell],
                            time: 10)))
            }
            trace.moves.append(.stop(answer: asked[asked.count - 1]))
            writer.submit(
                .request(
                    RequestRecord(
                        id: source.ids[item], time: Double(item), model: "fast", trace: trace,
                        propensities: [1, 0.5, 0.5], answered: asked.last)))
        }
        await writer.close()
        await store.close()

        let log = folder.path("log.jsonl")
        let export = try Cascade.run("log", "export", "--store", path, "-o", log)
        #expect(export.status == 0, "\(export.errors)")
        #expect(export.output.contains("400 requests, 3 stages"))
        let read = try OutcomeLog.read(from: log)
        #expect(read.propensities.prefix(3).elementsEqual([1, 0.5, 0.5]))
        #expect(read.quality[4].isNaN && !read.quality[1].isNaN)
        let policy = folder.path("policy.json")
        let fit = try Cascade.run(["fit", log, "--keep", "0.95", "-o", policy] + SampleLog.quick)
        #expect(fit.status == 0, "\(fit.errors)")
        #expect(FileManager.default.fileExists(atPath: policy))

        let since = try Cascade.run(
            "log", "export", "--store", path, "-o", "-", "--since", "1970-01-01T00:05:00Z", "--model", "fast")
        #expect(since.status == 0, "\(since.errors)")
        #expect(since.output.split(separator: "\n").count == 100)
        for (arguments, status) in [
            (["--since", "yesterday"], 64), (["--model", "none"], 65), (["--answers", "some"], 64),
        ] as [([String], Int32)] {
            let run = try Cascade.run(["log", "export", "--store", path, "-o", log] + arguments)
            #expect(run.status == status, "\(arguments): \(run.errors)")
        }
    }
}
