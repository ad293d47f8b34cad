@testable import Cascades
import Foundation
import Probability
import Testing

@Suite struct `reading an outcome log` {
    @Test func `takes every key of a JSONL line`() throws {
        let log = try read(
            """
            {"id": "a", "input": "caf\\u00e9 \\uD83D\\uDE00\\n", "group": "g1", "time": 12.5, "split": "train", "context": {"length": 3, "long": true}, "stages": {"small": {"quality": 1, "cost": 0.001, "latency": 0.2, "operations": 1e6, "tokens_in": 10, "tokens_out": 2, "answer": "yes", "propensity": 0.5, "evidence": {"margin": -0.25}}, "large": {"quality": false, "answer": 42}}}
            { "stages" : { "large" : { "quality" : 0.5 , "evidence" : { "entropy" : 1.5 } } } , "time" : "1970-01-02T00:00:00Z" , "id" : 7 }

            """)
        #expect(log.ids == ["a", "7"])
        #expect(
            log.schema.stages == [
                StageSchema(name: "small", evidence: ["margin"]), StageSchema(name: "large", evidence: ["entropy"]),
            ])
        #expect(log.schema.context == ["length", "long"])
        #expect(log.inputs == ["café 😀\n", ""])
        #expect(log.groups[0] == "g1" && log.groups[1] == nil && log.splits[0] == "train")
        #expect(log.times == [12.5, 86_400])
        #expect(log.context[0...1] == [3, 1] && log.context[2].isNaN && log.context[3].isNaN)
        #expect(log.quality[0...1] == [1, 0] && log.quality[2].isNaN && log.quality[3] == 0.5)
        #expect(log.money[0] == 0.001 && log.money[1...].allSatisfy(\.isNaN))
        #expect(log.seconds[0] == 0.2 && log.operations[0] == 1e6 && log.tokensIn[0] == 10 && log.tokensOut[0] == 2)
        #expect(log.propensities[0] == 0.5)
        #expect(log.answers[0][0] == "yes" && log.answers[1][0] == "42" && log.answers[1][1] == nil)
        #expect(log.evidence[0] == -0.25 && log.evidence[1].isNaN && log.evidence[2].isNaN && log.evidence[3] == 1.5)
    }

    @Test func `takes every column of a CSV file`() throws {
        let log = try read(
            "\u{FEFF}id,input,group,time,split,context.length,a.b.quality,a.b.cost,a.b.answer,a.b.evidence.log.p\r\n"
                + "1,\"say \"\"hi\"\",\nthere\",g,2026-05-01,test,3,true,0,\"\",-1e-3\r\n" + "2,,,,,,,,,\r\n\n"
                + "3,\"\",,,,,0.5,,x,",
            .csv)
        #expect(log.ids == ["1", "2", "3"])
        #expect(log.schema == LogSchema(context: ["length"], stages: [StageSchema(name: "a.b", evidence: ["log.p"])]))
        #expect(log.inputs == ["say \"hi\",\nthere", "", ""])
        #expect(log.times[0] == 1_777_593_600)
        #expect(log.quality[0] == 1 && log.quality[1].isNaN && log.quality[2] == 0.5)
        #expect(log.answers[0][0] == "" && log.answers[0][1] == nil && log.answers[0][2] == "x")
        #expect(log.evidence[0] == -0.001 && log.evidence[1].isNaN)
    }

    @Test(arguments: [
        (#"{"id": 1, "stages": {"a": {"qualty": 1}}}"#, "log:1: unknown column 'a.qualty'. Did you mean 'a.quality'?"),
        (#"{"id": 1, "inptu": "x"}"#, "log:1: unknown column 'inptu'. Did you mean 'input'?"),
        (
            #"{"id": 1, "stages": {"a": {"quality": "good"}}}"#,
            "log:1: column 'a.quality': expected a number, true, false or null, found '\"good\"}}}'"
        ),
        (
            #"{"id": 1, "stages": {"a": {"cost": NaN}}}"#,
            "log:1: column 'a.cost': expected a number or null, found 'NaN}}}'"
        ),
        (
            #"{"id": 1, "stages": {"a": {"quality": 1e999}}}"#,
            "log:1: column 'a.quality': expected a finite number, found '1e999}}}'"
        ),
        (
            #"{"id": 1, "stages": {"a": {"cost": -1}}}"#,
            "log:1: column 'a.cost': expected a number of at least 0, found '-1}}}'"
        ),
        (
            #"{"id": 1, "stages": {"a": {"propensity": 0}}}"#,
            "log:1: column 'a.propensity': expected a probability above 0 and at most 1, found '0}}}'"
        ),
        (
            #"{"id": 1, "stages": {"a": {"quality": 1, "quality": 1}}}"#,
            "log:1: column 'a.quality': expected each key once, found it again"
        ),
        (
            #"{"id": 1, "stages": {"a": {"evidence": {"m": 1, "m": 2}}}}"#,
            "log:1: column 'a.evidence.m': expected each key once, found it again"
        ),
        (#"{"id": 1.5}"#, "log:1: column 'id': expected a string or an integer, found '1.5}'"),
        (#"{"id": 1, "time": "2026-02-30"}"#, "log:1: column 'time': expected seconds or an ISO 8601 time"),
        (#"{"id": 1"#, "log:1: column 'id': expected ',' or '}' after the value, found nothing"),
        (#"{"id": "a\uD83D"}"#, "log:1: column 'id': expected a JSON escape, found"),
        (#"{"id": 01}"#, "log:1: column 'id': expected a string or an integer"),
        (#"{"id": 1} {"id": 2}"#, "log:1: column 'line': expected one object a line, found '{\"id\": 2}'"),
        (#"[1]"#, "log:1: column 'line': expected a JSON object, found '[1]'"),
        ("", "log: the log holds no items"), ("\n \n", "log: the log holds no items"),
        (#"{"id": 1}"#, "log:1: column 'stages': expected at least one stage, found none"),
        (
            "{\"id\": 1, \"stages\": {\"a\": {\"quality\": 1}}}\n\n{\"id\": \"1\"}",
            "log:3: column 'id': '1' was used on line 1 already"
        ),
        ("{\"id\": 1}\n{}", "log:2: column 'id': expected an id, as on line 1, found none"),
        ("{}\n{\"id\": 1}", "log:2: column 'id': expected no id, as on line 1"),
    ]) func `says what is wrong with a JSONL line`(line: String, expected: String) throws {
        let error = try #require(try readError(line))
        #expect(error.hasPrefix(expected), "\(error)")
    }

    @Test(arguments: [
        ("id,a.qualty\n1,1\n", "log:1: unknown column 'a.qualty'. Did you mean 'a.quality'?"),
        ("id,a.quality,a.quality\n", "log:1: column 'a.quality': expected each column once, found it again"),
        ("id,a.quality\n1\n", "log:2: column 'line': expected 2 cells, found 1"),
        ("id,a.quality\n1,2,3\n", "log:2: column 'line': expected 2 cells, found more"),
        (
            "id,a.quality\n1,1\n2,good\n",
            "log:3: column 'a.quality': expected a number, true, false or an empty cell, found 'good'"
        ),
        ("id,a.cost\n\"x\ny\",1\n2,-1\n", "log:4: column 'a.cost': expected a number of at least 0, found '-1'"),
        ("id,a.cost\n1,NaN\n", "log:2: column 'a.cost': expected a number or an empty cell, found 'NaN'"),
        (
            "id,input,a.cost\n1,a\"b,1\n",
            "log:2: column 'input': expected quotes around the whole cell and doubled inside it, found 'a\"b'"
        ),
        ("id,input,a.cost\n1,\"open,1\n", "log:2: column 'input': expected a closing quote, found the end of the file"),
        ("id,a.cost\n1,1\n1,1\n", "log:3: column 'id': '1' was used on line 2 already"),
        ("id,a.cost\n", "log: the log holds no items"), ("", "log: the log holds no items"),
    ]) func `says what is wrong with a CSV file`(text: String, expected: String) throws {
        let error = try #require(try readError(text, .csv))
        #expect(error.hasPrefix(expected), "\(error)")
    }

    @Test func `refuses a 65th stage and bytes that are no UTF-8`() throws {
        let stages = (0..<65).map { "\"s\($0)\": {\"quality\": 1}" }.joined(separator: ", ")
        let error = try #require(try readError("{\"stages\": {\(stages)}}"))
        #expect(error.contains("at most 64 stages"))
        let file = try ScratchFile(Array("{\"id\": \"".utf8) + [0xC3, 0x28] + Array("\"}".utf8), ending: "jsonl")
        #expect(
            throws: LogError.badLine(
                file: file.path, line: 1, column: "id", expected: "text in UTF-8", found: "other bytes")
        ) {
            try OutcomeLog.read(from: file.path)
        }
    }

    @Test func `counts lines as ids only where no line has an id`() throws {
        let log = try read("{\"stages\": {\"a\": {\"quality\": 1}}}\n\n{\"stages\": {\"a\": null}}\n")
        #expect(log.ids == ["1", "3"])
        #expect(log.quality[1].isNaN)
    }

    @Test func `reports every bad line and counts those beyond the limit`() throws {
        let good = "\"stages\": {\"a\": {\"quality\": 1}}"
        let lines = (1...50).map {
            $0 % 5 == 0 ? "{\"id\": \($0), \"oops\": 1}" : "{\"id\": \($0 == 7 ? 6 : $0), \(good)}"
        }
        let file = try ScratchFile(lines.joined(separator: "\n"), ending: "jsonl")
        let report = try OutcomeLog.readCollectingErrors(from: file.path, limit: 4)
        #expect(report.errorCount == 11 && report.errors.count == 4 && report.log == nil && report.itemCount == 39)
        #expect(report.errors[1] == .duplicateID(file: file.path, id: "6", firstLine: 6, line: 7))
        guard case .unknownColumn(_, 5, "oops", _, _) = report.errors[0] else {
            Issue.record("\(report.errors[0])"); return
        }
    }

    @Test func `says which file can't be opened`() {
        #expect(throws: LogError.unreadable(file: "/no/such.jsonl", reason: "No such file or directory")) {
            try OutcomeLog.read(from: "/no/such.jsonl")
        }
    }

    @Test(arguments: [LogFormat.jsonl, .csv]) func `gives the same log for any size of blocks`(format: LogFormat) throws
    {
        var random = Random(seed: 11)
        for _ in 0..<20 {
            let log = LogSamples.log(&random)
            let file = try ScratchFile("", ending: format.rawValue)
            guard (try? log.write(to: file.path)) != nil else { continue }
            let whole = try OutcomeLog.read(from: file.path)
            for (blockSize, blocksAtOnce) in [(1, 1), (100, 3), (1000, 8)] {
                let report = try LogReader(
                    path: file.path, limit: 1, stops: true, blockSize: blockSize, blocksAtOnce: blocksAtOnce
                ).read()
                #expect(same(try #require(report.log), whole))
            }
        }
    }

    @Test func `joins schemas that differ from line to line`() throws {
        // Stages, evidence and context appear in any order; each line names some of them.
        var random = Random(seed: 5)
        var lines: [String] = []
        var expected: [[String: Double]] = []
        for item in 0..<400 {
            var cells: [String: Double] = [:]
            var stages: [String] = []
            for stage in random.permutation(of: 6) where random.uniform() < 0.4 {
                cells["s\(stage).quality"] = Double(item + stage)
                var evidence: [String] = []
                for number in random.permutation(of: 3) where random.uniform() < 0.5 {
                    cells["s\(stage).evidence.e\(number)"] = Double(item * number) + 0.5
                    evidence.append("\"e\(number)\": \(Double(item * number) + 0.5)")
                }
                stages.append(
                    "\"s\(stage)\": {\"evidence\": {\(evidence.joined(separator: ","))}, \"quality\": \(item + stage)}")
            }
            lines.append("{\"id\": \(item), \"stages\": {\(stages.joined(separator: ", "))}}")
            expected.append(cells)
        }
        let file = try ScratchFile(lines.joined(separator: "\n"), ending: "jsonl")
        let log = try #require(try LogReader(path: file.path, limit: 1, stops: true, blockSize: 300).read().log)
        #expect(log.stageCount == 6 && log.schema.evidenceCount == 18)
        for item in 0..<log.count {
            for stage in 0..<6 {
                let name = log.schema.stages[stage].name
                let quality = log.quality(item: item, stage: stage)
                #expect(expected[item]["\(name).quality"] == (quality.isNaN ? nil : quality))
                for (index, number) in log.schema.stages[stage].evidence.enumerated() {
                    let value = log.signal(item: item, log.schema.evidenceRange(of: stage).lowerBound + index)
                    #expect(expected[item]["\(name).evidence.\(number)"] == (value.isNaN ? nil : value))
                }
            }
        }
    }
}
