import Deferral
import Foundation
import Testing

@Suite struct `commands on policies` {
    let folder: TemporaryFolder
    let log: String
    let policy: String

    init() throws {
        folder = try TemporaryFolder()
        log = try folder.write(SampleLog.jsonl(), "log.jsonl")
        policy = folder.path("policy.json")
        _ = try Cascade.run("fit", log, "--keep", "0.9", "--policy", "thresholds", "-o", policy)
    }

    @Test func `evaluate judges a policy on the items held out`() throws {
        let run = try Cascade.run("evaluate", policy, log, "--json")
        #expect(run.status == 0, "\(run.errors)")
        #expect(run.json["items"] as? Int == 150)
        #expect(run.json["isExact"] as? Bool == true)
        // The same items and the same policy as fit measured.
        let file = try PolicyFile.read(from: policy)
        let quality = run.json["quality"] as? [String: Double] ?? [:]
        let measured = try #require(file.measured["quality"])
        #expect(abs((quality["estimate"] ?? .nan) - measured) < 1e-12)
        let all = try Cascade.run("evaluate", policy, log, "--json", "--all-items")
        #expect(all.json["items"] as? Int == 500)
    }

    @Test func `evaluate says what is saved at equal quality`() throws {
        let run = try Cascade.run("evaluate", policy, log)
        #expect(run.output.contains("at equal quality") && run.output.contains("stages mixed at random"))
        let json = try Cascade.run("evaluate", policy, log, "--json")
        let saved = json.json["savedAtEqualQuality"] as? [String: [String: Double]] ?? [:]
        #expect((saved["ofStagesMixed"]?["estimate"] ?? .nan) > 0, "\(json.output)")
        #expect((saved["ofBestSingleStage"]?["estimate"] ?? .nan) >= 0)
    }

    @Test func `evaluate takes a family and shows its whole frontier`() throws {
        let run = try Cascade.run("evaluate", "thresholds", log)
        #expect(run.status == 0, "\(run.errors)")
        for text in ["500 items, each by a policy learned without it", "from the cheapest policy", "AIQ"] {
            #expect(run.output.contains(text), "no '\(text)' in\n\(run.output)")
        }
        let json = try Cascade.run("evaluate", "thresholds", log, "--json", "--folds", "3")
        let frontier = json.json["frontier"] as? [String: Any] ?? [:]
        #expect(frontier["family"] as? String == "thresholds")
        #expect(json.json["folds"] as? Int == 3)
        let nothing = try Cascade.run("evaluate", "magic", log)
        #expect(nothing.status == 65)
        #expect(nothing.errors.contains("one of the stages: small, medium, large, or a family: single-stage"))
    }

    @Test func `evaluate takes a stage`() throws {
        let run = try Cascade.run("evaluate", "small", log)
        #expect(run.status == 0, "\(run.errors)")
        #expect(run.output.contains("small") && run.output.contains("100.0%"))
    }

    @Test func `evaluate weighs items where cells are missing`() throws {
        // Every third item lacks the large stage.
        let lines = SampleLog.jsonl().split(separator: "\n").enumerated().map { index, line in
            index % 3 == 0 ? String(line).replacing(/, "large": \{.*?\}\}/, with: "") : String(line)
        }
        let partial = try folder.write(lines.joined(separator: "\n") + "\n", "partial.jsonl")
        let run = try Cascade.run("evaluate", "large", partial, "--json")
        #expect(run.status == 0, "\(run.errors)")
        #expect(run.json["isExact"] as? Bool == false)
        #expect(run.json["replayed"] as? Int == 333)
        #expect(run.json["offPolicy"] is [String: Any])
        #expect(try Cascade.run("evaluate", "large", partial).output.contains("doubly robust"))
    }

    @Test func `compare says in words what the intervals say`() throws {
        let run = try Cascade.run("compare", "large", "small", "--log", log)
        #expect(run.status == 0, "\(run.errors)")
        #expect(run.output.contains("large is better and dearer"))
        let same = try Cascade.run("compare", "small", "small", "--log", log)
        #expect(same.output.contains("do the same on every item"))
        let json = try Cascade.run("compare", policy, "large", "--log", log, "--json")
        let difference = json.json["difference"] as? [String: [String: Double]] ?? [:]
        #expect((difference["cost"]?["upper"] ?? .nan) < 0, "\(json.output)")
    }

    @Test func `explain shows what would have changed each move`() throws {
        let run = try Cascade.run("explain", policy, "--log", log, "--item", "q3", "--json")
        #expect(run.status == 0, "\(run.errors)")
        let steps = run.json["steps"] as? [[String: Any]] ?? []
        #expect(steps.count >= 2)
        #expect((steps.last?["move"] as? [String: Any])?["stop"] is String)
        let text = try Cascade.run("explain", policy, "--log", log, "--item", "q3")
        #expect(text.output.contains("said: confidence"))
        #expect(text.output.contains("Spent:"))
    }

    @Test func `explain takes an item that no log holds`() throws {
        let start = try Cascade.run("explain", policy, "--group", "maths", "--context", "length=300")
        #expect(start.status == 0, "\(start.errors)")
        for text in ["A new item, group maths", "length 300", "1. ask", "is not known yet", "--evidence"] {
            #expect(start.output.contains(text), "no '\(text)' in\n\(start.output)")
        }
        // With the answers of all stages it comes to an end, and other values show what would have changed it.
        let told = ["small", "medium", "large"].map { "\($0).confidence=0.01" }
        let end = try Cascade.run(["explain", policy, "--log", log, "--json", "--evidence"] + told)
        #expect(end.status == 0, "\(end.errors)")
        #expect(end.json["isComplete"] as? Bool == true)
        let steps = end.json["steps"] as? [[String: Any]] ?? []
        #expect((steps.last?["move"] as? [String: Any])?["stop"] as? String == "large")
        #expect(steps.contains { ($0["changes"] as? [Any])?.isEmpty == false })
    }

    @Test(arguments: [
        (["--context", "size=3"], 64, "It knows length"), (["--evidence", "tiny.confidence=1"], 64, "no stage 'tiny'"),
        (["--evidence", "small.margin=1"], 64, "It gives confidence"),
        (["--context", "length=long"], 64, "length=long"),
        (["--asked", "huge"], 64, "no stage 'huge'"), ([], 64, "Which item?"),
        (["--item", "q1"], 64, "give --log"),
    ])
    func `explain says what it can't make of an item`(options: [String], status: Int32, says: String) throws {
        let run = try Cascade.run(["explain", policy] + options)
        #expect(run.status == status)
        #expect(run.errors.contains(says), "\(run.errors)")
    }

    @Test func `report is one page with all sections and no outside links`() throws {
        let page = folder.path("report.html")
        let run = try Cascade.run("report", log, "--policy", policy, "--family", "thresholds", "-o", page)
        #expect(run.status == 0, "\(run.errors)")
        let html = try String(contentsOfFile: page, encoding: .utf8)
        for title in ["Frontier", "Families", "Who wins where", "Calibration", "Cost ledger", "Churn", "Data checks"] {
            #expect(html.contains(">\(title)</h2>"), "no section \(title)")
        }
        #expect(html.contains("<svg"))
        #expect(html.contains("Area under the frontier") && html.contains("RouterBench"))
        #expect(!html.contains("src=\"http") && !html.contains("href=\"http"))
        #expect(folder.files == ["log.jsonl", "policy.json", "report.html"])
    }
}
