import Cascades
import Deferral
import Foundation
import Testing

@Suite struct `cascade fit` {
    let folder: TemporaryFolder
    let log: String

    init() throws {
        folder = try TemporaryFolder()
        log = try folder.write(SampleLog.jsonl(), "log.jsonl")
    }

    @Test func `prints the table, the choice and the rule, and writes the policy`() throws {
        let policy = folder.path("policy.json")
        let run = try Cascade.run(["fit", log, "--keep", "0.95", "-o", policy] + SampleLog.quick)
        #expect(run.status == 0, "\(run.errors)")
        for text in [
            "500 items, 3 stages", "best single stage", "single-stage", "thresholds", "group-router", "Why: ",
            "The rule", policy, "The whole frontier of", "Dekoninck et al. 2024", "RouterBench", "at equal quality",
        ] {
            #expect(run.output.contains(text), "no '\(text)' in\n\(run.output)")
        }
        #expect(!run.output.contains("\u{1B}"), "colours only on a terminal")
        let file = try PolicyFile.read(from: policy)
        #expect(file.schema.stages.map(\.name) == ["small", "medium", "large"])
        #expect(file.goal == .keep(0.95))
        #expect(folder.files == ["log.jsonl", "policy.json"], "nothing half-written is left")
    }

    @Test func `prints the same as JSON`() throws {
        let run = try Cascade.run(["fit", log, "--json", "--budget", "50%"] + SampleLog.quick)
        #expect(run.status == 0, "\(run.errors)")
        let rows = run.json["rows"] as? [[String: Any]] ?? []
        let names = rows.compactMap { $0["name"] as? String }
        #expect(names.contains("best single: large"))
        #expect(names.contains("thresholds"))
        #expect(rows.count { $0["isChosen"] as? Bool == true } == 1)
        for row in rows {
            let quality = row["quality"] as? [String: Double] ?? [:]
            #expect((quality["lower"] ?? .nan) <= (quality["upper"] ?? .nan))
            let shares = row["answered"] as? [String: Double] ?? [:]
            let abstained = row["abstained"] as? Double ?? .nan
            #expect(abs(shares.values.reduce(0, +) + abstained - 1) < 1e-9)
        }
        #expect(run.json["policyFile"] is NSNull)
        let frontier = run.json["frontier"] as? [String: Any] ?? [:]
        #expect((frontier["points"] as? [[String: Any]] ?? []).count > 10)
        let areas = frontier["areas"] as? [[String: Any]] ?? []
        #expect(areas.compactMap { $0["id"] as? String } == ["area", "averageImprovementInQuality"])
        let equal = frontier["equalQuality"] as? [[String: Any]] ?? []
        #expect(equal.count == 3)
        for level in equal {
            let saved = level["savedOfReference"] as? [String: Double] ?? [:]
            #expect((0...1).contains(saved["estimate"] ?? .nan))
        }
        #expect((run.json["choice"] as? [String: Any])?["tried"] as? [String] == ["thresholds", "group-router"])
    }

    @Test func `adds the figures of two models where there are two`() throws {
        let two = try folder.write(SampleLog.jsonl(stages: ["small", "medium"]), "two.jsonl")
        let run = try Cascade.run("fit", two, "--policy", "thresholds")
        #expect(run.status == 0, "\(run.errors)")
        for text in ["APGR", "CPT(50%)", "CPT(80%)", "RouteLLM"] { #expect(run.output.contains(text), "no \(text)") }
    }

    @Test func `writes the same bytes for the same seed`() throws {
        var texts: [Data] = []
        for name in ["a.json", "b.json"] {
            let run = try Cascade.run(["fit", log, "--seed", "7", "-o", folder.path(name)] + SampleLog.quick)
            #expect(run.status == 0, "\(run.errors)")
            texts.append(try #require(FileManager.default.contents(atPath: folder.path(name))))
        }
        #expect(texts[0] == texts[1])
    }

    @Test func `fits a narrow terminal`() throws {
        let run = try Cascade.run(["fit", log] + SampleLog.quick, environment: ["COLUMNS": "80"])
        let table = run.output.split(separator: "\n").filter { $0.contains("│") || $0.contains("─") }
        #expect(!table.isEmpty)
        #expect(table.allSatisfy { $0.count <= 80 }, "\(run.output)")
    }

    @Test func `certifies or says that the log is too small`() throws {
        let run = try Cascade.run([
            "fit", log, "--keep", "0.9", "--guarantee", "0.9", "--json", "--policy", "thresholds",
        ])
        #expect(run.status == 0, "\(run.errors)")
        let certificate = run.json["certificate"] as? [String: Any] ?? [:]
        #expect(certificate["isCertified"] is Bool)
        #expect(certificate["confidence"] as? Double == 0.9)
    }

    @Test func `counts latency when asked to`() throws {
        let run = try Cascade.run(["fit", log, "--objective", "latency", "--json", "--policy", "thresholds"])
        #expect(run.json["costUnit"] as? String == "seconds per item")
    }

    @Test func `goes on when its reader goes away`() throws {
        let policy = folder.path("policy.json")
        let command =
            "\"\(Cascade.path)\" fit \"\(log)\" --policy thresholds -o \"\(policy)\" | true; echo ${PIPESTATUS[0]}"
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/bin/bash")
        process.arguments = ["-c", command]
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        #expect(text == "0\n")
        #expect(FileManager.default.fileExists(atPath: policy))
    }
}
