import Foundation
import Testing

@Suite struct `cascade log` {
    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    @Test func `show summarises a log`() throws {
        let log = try folder.write(SampleLog.jsonl(items: 100), "log.jsonl")
        let run = try Cascade.run("log", "show", log)
        #expect(run.status == 0, "\(run.errors)")
        for text in ["100 items, 3 stages", "small", "confidence", "maths (50)", "q0, q1"] {
            #expect(run.output.contains(text), "no '\(text)' in\n\(run.output)")
        }
        let json = try Cascade.run("log", "show", log, "--json")
        #expect((json.json["summary"] as? [String: Any])?["items"] as? Int == 100)
    }

    @Test func `convert goes to CSV and back without loss`() throws {
        let log = try folder.write(SampleLog.jsonl(items: 100), "log.jsonl")
        let (csv, back) = (folder.path("log.csv"), folder.path("back.jsonl"))
        #expect(try Cascade.run("log", "convert", log, csv).status == 0)
        #expect(try Cascade.run("log", "convert", csv, back).status == 0)
        #expect(try String(contentsOfFile: csv, encoding: .utf8).hasPrefix("id,group,context.length,small.quality,"))
        let again = folder.path("again.csv")
        #expect(try Cascade.run("log", "convert", back, again).status == 0)
        #expect(FileManager.default.contents(atPath: csv) == FileManager.default.contents(atPath: again))
        #expect(folder.files == ["again.csv", "back.jsonl", "log.csv", "log.jsonl"])
    }

    @Test func `check reports every bad line`() throws {
        let log = try folder.write("id,a.quality,a.cost\n1,x,1\n2,1,-3\n3,1,2\n3,1,2\n", "bad.csv")
        let run = try Cascade.run("log", "check", log)
        #expect(run.status == 65)
        for text in ["bad.csv:2: column 'a.quality'", "bad.csv:3: column 'a.cost'", "'3' was used on line 4"] {
            #expect(run.output.contains(text), "no '\(text)' in\n\(run.output)")
        }
        let json = try Cascade.run("log", "check", log, "--json", "--limit", "1")
        #expect(json.status == 65)
        #expect(json.json["errorCount"] as? Int == 3)
        #expect((json.json["errors"] as? [String])?.count == 1)
    }

    @Test func `check runs the data checks on a sound file`() throws {
        let log = try folder.write(SampleLog.jsonl(items: 100), "log.jsonl")
        let run = try Cascade.run("log", "check", log)
        #expect(run.output.contains("no bad lines"))
        #expect(run.output.contains("too few items"))
        let json = try Cascade.run("log", "check", log, "--json")
        #expect((json.json["findings"] as? [[String: Any]])?.isEmpty == false)
    }
}
