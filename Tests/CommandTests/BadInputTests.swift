import Foundation
import Testing

@Suite struct `bad input` {
    let folder: TemporaryFolder
    let log: String

    init() throws {
        folder = try TemporaryFolder()
        log = try folder.write(SampleLog.jsonl(items: 200), "log.jsonl")
    }

    /// Runs `arguments` and expects the exit status and the words, on standard error only.
    private func expect(
        _ arguments: [String], status: Int32, says words: String..., source: SourceLocation = #_sourceLocation
    ) throws {
        let run = try Cascade.run(arguments)
        #expect(run.status == status, "\(run.errors)", sourceLocation: source)
        #expect(run.errors.hasPrefix("cascade: "), "\(run.errors)", sourceLocation: source)
        #expect(run.output.isEmpty, sourceLocation: source)
        for word in words {
            #expect(run.errors.contains(word), "no '\(word)' in \(run.errors)", sourceLocation: source)
        }
    }

    @Test func `wrong usage ends with 64`() throws {
        try expect(["fit"], status: 64, says: "Missing expected argument", "cascade fit --help")
        try expect(["fit", log, "--keep", "-1"], status: 64, says: "--keep")
        try expect(
            ["fit", log, "--keep", "0.9", "--budget", "1"], status: 64, says: "one of --keep, --budget and --price")
        try expect(["fit", log, "--policy", "magic"], status: 64, says: "no policy family 'magic'", "thresholds")
        try expect(["fit", log, "--reference", "huge"], status: 64, says: "no stage 'huge'", "small, medium, large")
        try expect(["fit", log, "--objective", "joy"], status: 64, says: "joy")
        try expect(["fit", log, "--guarantee", "1.5"], status: 64, says: "--guarantee")
        try expect(["evaluate", log, "policy.json"], status: 64, says: "The policy comes first")
        try expect(["nonsense"], status: 64)
    }

    @Test func `a missing log ends with 65`() throws {
        try expect(["fit", folder.path("none.jsonl")], status: 65, says: "none.jsonl: can't be read")
        try expect(["evaluate", "small", folder.path("none.jsonl")], status: 65, says: "can't be read")
    }

    @Test func `bad lines end with 65 and name file, line and column`() throws {
        let cases: [(name: String, text: String, says: String)] = [
            ("unknown.csv", "id,a.quality,a.qualty\n1,1,1\n", "unknown column 'a.qualty'"),
            ("text.csv", "id,a.quality,a.cost\n1,1,cheap\n", ":2: column 'a.cost'"),
            ("nan.csv", "id,a.quality,a.cost\n1,nan,1\n", ":2: column 'a.quality'"),
            ("negative.csv", "id,a.quality,a.cost\n1,1,-2\n", ":2: column 'a.cost'"),
            ("twice.csv", "id,a.quality\n1,1\n1,0\n", ":3: column 'id'"),
            ("semicolons.csv", "id;a.quality;a.cost\n1;1;1\n", "expected cells separated by commas, found semicolons"),
            ("empty.csv", "id,a.quality\n", "holds no items"),
            ("empty.jsonl", "", "holds no items"),
            ("broken.jsonl", "{\"id\": 1, \"stages\": {\"a\": {\"quality\": }}}\n", ":1: column"),
        ]
        for (name, text, says) in cases {
            let path = try folder.write(text, name)
            try expect(["fit", path, "-o", folder.path("policy.json")], status: 65, says: says)
        }
        #expect(!folder.files.contains { $0.hasPrefix("policy.json") }, "nothing half-written")
    }

    @Test func `one stage leaves nothing to choose`() throws {
        let path = try folder.write(SampleLog.jsonl(stages: ["only"]), "one.jsonl")
        try expect(["fit", path], status: 65, says: "one stage only, only")
    }

    @Test func `too few items are said to be too few`() throws {
        let path = try folder.write(SampleLog.jsonl(items: 20), "few.jsonl")
        try expect(["fit", path], status: 65, says: "14 items to learn from")
    }

    @Test func `an objective that the log lacks is refused`() throws {
        try expect(["fit", log, "--objective", "operations"], status: 65, says: "the log has no operations")
    }

    @Test func `an output that can't be written ends with 69 before any work`() throws {
        try expect(["fit", log, "-o", "/nowhere/policy.json"], status: 69, says: "no folder /nowhere")
        try expect(["report", log, "-o", folder.root], status: 69, says: "it is a folder")
        try expect(["log", "convert", log, "/nowhere/log.csv"], status: 69, says: "no folder /nowhere")
    }

    @Test func `policy files of another version or other stages are refused`() throws {
        let policy = folder.path("policy.json")
        #expect(try Cascade.run("fit", log, "--policy", "thresholds", "-o", policy).status == 0)
        let text = try String(contentsOfFile: policy, encoding: .utf8)
        let newer = try folder.write(text.replacing("\"version\" : 1", with: "\"version\" : 99"), "newer.json")
        try expect(["evaluate", newer, log], status: 65, says: "version 99")
        let damaged = try folder.write(String(text.prefix(text.count / 2)), "damaged.json")
        try expect(["evaluate", damaged, log], status: 65, says: "damaged.json")
        try expect(
            ["evaluate", try folder.write("not JSON", "text.json"), log], status: 65, says: "text.json",
            "valid JSON. Learn")
        let other = try folder.write(SampleLog.jsonl(items: 50, stages: ["small", "tiny"]), "other.jsonl")
        try expect(["evaluate", policy, other], status: 65, says: "stage medium, stage large. The policy")
        try expect(["explain", policy, "--log", log, "--item", "nobody"], status: 64, says: "no item 'nobody'")
        try expect(
            ["compare", "none.json", "small", "--log", log], status: 65, says: "no such file", "small, medium, large")
    }

    @Test func `every command explains itself with examples`() throws {
        let commands = [
            ["fit"], ["evaluate"], ["compare"], ["explain"], ["report"], ["log", "show"], ["log", "check"],
            ["log", "convert"],
            ["catalog", "list"], ["catalog", "show"], ["catalog", "run"], ["catalog", "verify"], ["data", "list"],
            ["data", "get"], ["ask"], ["score"], ["record"], ["models", "list"], ["models", "get"], ["models", "info"],
        ]
        for command in commands {
            let run = try Cascade.run(command + ["--help"])
            #expect(run.status == 0)
            #expect(run.output.contains("Examples:"), "\(command)")
            #expect(run.output.contains("--json"), "\(command)")
        }
        #expect(try Cascade.run("--version").output.hasPrefix("0."))
    }
}
