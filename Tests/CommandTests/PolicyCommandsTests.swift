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

    @Test func `report is one page with all sections and no outside links`() throws {
        let page = folder.path("report.html")
        let run = try Cascade.run("report", log, "--policy", policy, "--family", "thresholds", "-o", page)
        #expect(run.status == 0, "\(run.errors)")
        let html = try String(contentsOfFile: page, encoding: .utf8)
        for title in ["Frontier", "Families", "Who wins where", "Calibration", "Cost ledger", "Churn", "Data checks"] {
            #expect(html.contains(">\(title)</h2>"), "no section \(title)")
        }
        #expect(html.contains("<svg"))
        #expect(!html.contains("src=\"http") && !html.contains("href=\"http"))
        #expect(folder.files == ["log.jsonl", "policy.json", "report.html"])
    }
}
