import Cascades
import Deferral
import Probability
import Testing

@Suite struct `the checks of a log` {
    /// With 600 items a difference of 0.1 can be told, and 0.02 can't.
    private let context = CheckContext(tolerance: 0.1)

    @Test func `raise a false alarm on at most the stated share of clean logs`() {
        // The unanimity note is no test; all others must be silent. With 300 logs and a rate of 0.05 the share has a
        // standard error of 0.0126: above 0.05 + 4 standard errors with probability below 0.0001 if the rate holds.
        let logs = 300
        let alarms = (0..<logs).count { index in
            var random = Random(seed: 2026).split(UInt64(index))
            let findings = LogChecks.run(CleanLog.clean(using: &random), context: context)
            let certain = findings.filter {
                $0.severity > .ok && $0.pValue == nil && $0.check != "labels" && $0.check != "metric"
            }
            #expect(certain.isEmpty, "\(certain)")
            return findings.contains { $0.pValue != nil }
        }
        #expect(
            Double(alarms) / Double(logs) <= 0.05 + 4 * (0.05 * 0.95 / Double(logs)).squareRoot(),
            "\(alarms) of \(logs)")
    }

    @Test func `have ids of their own and cover all nine tips`() {
        #expect(Set(LogChecks.all.map(\.id)).count == LogChecks.all.count)
        #expect(Set(LogChecks.all.map(\.tip)) == Set(MachineLearningTip.allCases))
    }

    @Test func `give a finding for every check, also on tiny and odd logs`() {
        let one = OutcomeLog(
            schema: LogSchema(stages: [StageSchema(name: "a", evidence: ["m"])]), ids: ["1"], quality: [1])
        var tiny = one
        tiny.evidence = [.nan]
        var empty = OutcomeLog(schema: one.schema, ids: [], quality: [])
        empty.evidence = []
        for log in [tiny, empty] {
            let found = Set(LogChecks.run(log).map(\.check))
            #expect(found == Set(LogChecks.all.map(\.id)))
        }
    }

    /// A defect, the check that must fire, and the column it must name.
    struct Defect: Sendable, CustomTestStringConvertible {
        let name: String
        let check: String
        let column: String
        let severity: Finding.Severity
        let plant: @Sendable (inout OutcomeLog, inout Random) -> Void

        var testDescription: String { name }
    }

    static let defects: [Defect] = [
        Defect(name: "quality that falls with time", check: "drift", column: "small.quality", severity: .warning) {
            log, random in
            for item in 0..<log.count {
                log.quality[item * 3] = random.bernoulli(0.8 - 0.4 * log.times[item] / 1e6) ? 1 : 0
            }
        },
        Defect(name: "evidence that drifts", check: "drift", column: "large.evidence.entropy", severity: .warning) {
            log, _ in
            for item in 0..<log.count { log.evidence[item * 6 + 5] += log.times[item] / 1e6 }
        },
        Defect(name: "splits by context", check: "splits", column: "context.length", severity: .warning) { log, _ in
            let lengths = (0..<log.count).map { log.context[$0 * 2] }
            log.splits = CodedColumn(lengths.map { $0 > 0 ? "train" : "test" })
        },
        Defect(
            name: "missing outcomes without propensities", check: "missing", column: "large.propensity",
            severity: .warning
        ) { log, random in
            for item in 0..<log.count where random.bernoulli(0.4) { log.quality[item * 3 + 2] = .nan }
        },
        Defect(
            name: "outcomes missing where another stage is right", check: "missing", column: "large.quality",
            severity: .note
        ) { log, random in
            log.propensities = [Double](repeating: 1, count: log.count * 3)
            for item in 0..<log.count {
                let p = log.quality[item * 3] == 1 ? 0.3 : 0.7
                log.propensities[item * 3 + 2] = p
                if !random.bernoulli(p) { log.quality[item * 3 + 2] = .nan }
            }
        },
        Defect(name: "a stage never asked", check: "missing", column: "medium.quality", severity: .error) { log, _ in
            for item in 0..<log.count { log.quality[item * 3 + 1] = .nan }
        },
        Defect(name: "constant evidence", check: "signals", column: "medium.evidence.entropy", severity: .warning) {
            log, _ in
            for item in 0..<log.count { log.evidence[item * 6 + 3] = 0.5 }
        },
        Defect(name: "context that is missing", check: "signals", column: "context.words", severity: .warning) {
            log, _ in
            for item in 0..<log.count { log.context[item * 2 + 1] = .nan }
        },
        Defect(
            name: "evidence missing where the answer is wrong", check: "signals", column: "small.evidence.margin",
            severity: .warning
        ) { log, random in
            for item in 0..<log.count where log.quality[item * 3] == 0 && random.bernoulli(0.3) {
                log.evidence[item * 6] = .nan
            }
        },
        Defect(name: "one answer with two scores", check: "labels", column: "small.quality", severity: .error) {
            log, _ in
            log.answers[0] = log.answers[1]
        },
        Defect(name: "repeated inputs", check: "duplicates", column: "input", severity: .warning) { log, _ in
            for item in 0..<20 { log.inputs[item] = log.inputs[item + 20] }
        },
        Defect(name: "repeats with other outcomes", check: "duplicates", column: "small.quality", severity: .note) {
            log, _ in
            for item in 0..<20 {
                log.inputs[item] = log.inputs[item + 20]
                log.quality[item * 3] = 1 - log.quality[(item + 20) * 3]
            }
        },
        Defect(name: "repeated rows of numbers", check: "duplicates", column: "context.length", severity: .warning) {
            log, _ in
            log.inputs = []
            for column in 0..<2 { log.context[column] = log.context[20 + column] }
            for column in 0..<6 { log.evidence[column] = log.evidence[60 + column] }
            // A column with values that repeat, so that equal rows could come by chance.
            for item in 0..<log.count { log.context[item * 2] = (log.context[item * 2] * 4).rounded() }
        },
        Defect(name: "too few items", check: "power", column: "large.quality", severity: .warning) { log, _ in
            log = log.subset(Array(0..<60))
        },
        Defect(name: "too few events", check: "events", column: "large.quality", severity: .warning) { log, _ in
            for item in 0..<log.count { log.quality[item * 3 + 2] = item % 40 == 0 ? 0 : 1 }
        },
        Defect(name: "inputs in two splits", check: "leakage", column: "input", severity: .error) { log, _ in
            let train = (0..<log.count).first { log.splits[$0] == "train" }!
            let test = (0..<log.count).first { log.splits[$0] == "test" }!
            log.inputs[test] = log.inputs[train]
        },
        Defect(name: "groups of different difficulty", check: "groups", column: "medium.quality", severity: .warning) {
            log, random in
            for item in 0..<log.count {
                log.quality[item * 3 + 1] = random.bernoulli(log.groups[item] == "g0" ? 0.3 : 0.8) ? 1 : 0
            }
        },
        Defect(
            name: "a quality that is nearly constant", check: "imbalance", column: "small.quality", severity: .warning
        ) { log, _ in
            for item in 0..<log.count { log.quality[item * 3] = item < 3 ? 0 : 1 }
        },
        Defect(name: "a rare group", check: "imbalance", column: "group", severity: .note) { log, _ in
            log.groups = CodedColumn((0..<log.count).map { $0 < 2 ? "rare" : log.groups[$0] })
        },
        Defect(name: "no better than one answer", check: "metric", column: "large.answer", severity: .warning) {
            log, _ in
            RareClass.plant(&log, errors: [0, 12, 15])
        },
        Defect(name: "one stage no better than one answer", check: "metric", column: "small.answer", severity: .note) {
            log, _ in
            RareClass.plant(&log, errors: [0, 12, 200])
        },
        Defect(name: "stages that rank by group otherwise", check: "metric", column: "group", severity: .note) {
            log, _ in
            // The large stage fails on three small groups and shines on the large one.
            log.groups = CodedColumn((0..<log.count).map { $0 < 60 ? "t\($0 % 3)" : "big" })
            for item in 0..<60 { log.quality[item * 3 + 2] = 0 }
            for item in 60..<log.count { log.quality[item * 3 + 2] = 1 }
        },
        Defect(
            name: "evidence made from the label", check: "shortcut", column: "medium.evidence.margin",
            severity: .warning
        ) { log, random in
            for item in 0..<log.count {
                log.evidence[item * 6 + 2] = log.quality[item * 3 + 1] + 0.01 * random.normal()
            }
        },
        Defect(name: "a stage dearer and worse", check: "dominated", column: "large.quality", severity: .note) {
            log, random in
            for item in 0..<log.count { log.quality[item * 3 + 2] = random.bernoulli(0.4) ? 1 : 0 }
        },
        Defect(name: "no costs", check: "dominated", column: "small.cost", severity: .warning) { log, _ in
            log.money = []
        },
    ]

    @Test func `says once that stages are no better than one answer, and only where answers are classes`() {
        var random = Random(seed: 7)
        var log = CleanLog.clean(using: &random)
        RareClass.plant(&log, errors: [0, 12, 15])
        let findings = MetricCheck().run(log, context: context).filter { $0.columns.contains("small.answer") }
        #expect(findings.count == 1)
        #expect(findings.first?.columns.contains("large.answer") == true)
        // Answers coded right and wrong say nothing about classes: each stage is right as often as it says so.
        log.answers = (0..<3).map { stage in
            CodedColumn((0..<log.count).map { log.quality[$0 * 3 + stage] == 1 ? "right" : "wrong" })
        }
        #expect(MetricCheck().run(log, context: context).allSatisfy { !$0.columns.contains("small.answer") })
        // Nor do answers of which several are right.
        log.answers = (0..<3).map { stage in CodedColumn((0..<log.count).map { "c\($0 % 3) by \(stage)" }) }
        #expect(MetricCheck().run(log, context: context).allSatisfy { !$0.columns.contains("small.answer") })
    }

    @Test(arguments: defects) func `find each planted defect and name its column`(defect: Defect) {
        var random = Random(seed: 7)
        var log = CleanLog.clean(using: &random)
        defect.plant(&log, &random)
        let findings = LogChecks.run(log, context: context)
        #expect(
            findings.contains {
                $0.check == defect.check && $0.columns.contains(defect.column) && $0.severity == defect.severity
            },
            "\(findings.filter { $0.severity > .ok })")
    }
}

/// Answers of which one is rare: 'c1' on every twentieth item, else 'c0'.
enum RareClass {
    /// Every stage answers 'c0', but each `errors[stage]`-th item otherwise than is right; 0 is never.
    static func plant(_ log: inout OutcomeLog, errors: [Int]) {
        let stages = errors.count
        for (stage, every) in errors.enumerated() {
            let answers = (0..<log.count).map { item -> String in
                let label = item % 20 == 0 ? "c1" : "c0"
                // Without errors it always answers 'c0'.
                if every == 0 { return "c0" }
                return item % every == 1 ? (label == "c0" ? "c1" : "c0") : label
            }
            for (item, answer) in answers.enumerated() {
                log.quality[item * stages + stage] = answer == (item % 20 == 0 ? "c1" : "c0") ? 1 : 0
            }
            log.answers[stage] = CodedColumn(answers)
        }
    }
}
