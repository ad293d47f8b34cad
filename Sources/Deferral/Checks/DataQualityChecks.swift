public import Cascades

/// Tip 3: outcomes that are missing, why, and whether their propensities are known.
///
/// For each stage with missing cells and each other stage, Welch's test that the other's quality is the same on the items
/// that the stage answered and on those it didn't.
public struct MissingOutcomesCheck: LogCheck {
    public let id = "missing"
    public let title = "missing outcomes"
    public let tip = MachineLearningTip.dataQuality

    public init() {}

    public func run(_ log: OutcomeLog, context: CheckContext) -> [Finding] {
        var findings: [Finding] = []
        let columns = CheckColumns(log: log)
        let missing = log.schema.stages.indices.filter { stage in
            (0..<log.count).contains { !log.isPresent(item: $0, stage: stage) }
        }
        for stage in missing {
            let name = log.schema.stages[stage].name
            let count = (0..<log.count).count { !log.isPresent(item: $0, stage: stage) }
            if count == log.count {
                findings.append(
                    Finding(
                        check: id, severity: .error, columns: [columns.qualityName(stage)],
                        evidence: "'\(name)' has no quality on any of \(log.count) items",
                        remedy: "Ask the stage on some items and score its answers, or leave it out."))
                continue
            }
            let unknown = (0..<log.count).count {
                log.isPresent(item: $0, stage: stage)
                    && (log.propensities.isEmpty || log.propensities[$0 * log.stageCount + stage].isNaN)
            }
            if unknown > 0 {
                findings.append(
                    Finding(
                        check: id, severity: .warning, columns: ["\(name).propensity"],
                        evidence:
                            "'\(name)' lacks \(count) of \(log.count) outcomes (\(CheckText.share(Double(count) / Double(log.count)))), and \(unknown) of its outcomes have no propensity",
                        remedy:
                            "Log the probability with which each stage was asked; without it, policies are judged on the items the old policy chose."
                    ))
            }
            for other in log.schema.stages.indices where other != stage {
                let (items, _) = columns.qualities(other)
                let asked = items.filter { log.isPresent(item: $0, stage: stage) }.map {
                    log.quality(item: $0, stage: other)
                }
                let left = items.filter { !log.isPresent(item: $0, stage: stage) }.map {
                    log.quality(item: $0, stage: other)
                }
                guard let (difference, p) = CheckStatistics.welch(asked, left) else { continue }
                findings.append(
                    Finding(
                        check: id, severity: log.propensities.isEmpty ? .warning : .note,
                        columns: [columns.qualityName(stage), columns.qualityName(other)],
                        evidence:
                            "where '\(name)' was asked, the quality of '\(log.schema.stages[other].name)' differs by \(CheckText.number(difference)) from where it wasn't (\(CheckText.p(p)))",
                        remedy: "Weight by inverse propensities, or ask '\(name)' on a random part of the items.",
                        pValue: p))
            }
        }
        return findings
    }
}

/// Tip 3: context and evidence that say nothing: constant, missing, or missing where the answer is good or bad.
///
/// Welch's test that the quality is the same with and without the number.
public struct SignalQualityCheck: LogCheck {
    public let id = "signals"
    public let title = "constant or missing evidence"
    public let tip = MachineLearningTip.dataQuality

    public init() {}

    public func run(_ log: OutcomeLog, context: CheckContext) -> [Finding] {
        var findings: [Finding] = []
        let columns = CheckColumns(log: log)
        for (signal, column) in columns.signals.enumerated() {
            let stage = log.schema.stages.indices.first { log.schema.evidenceRange(of: $0).contains(signal) }
            // Evidence can be there only where its stage answered.
            let items = (0..<log.count).filter { item in stage.map { log.isPresent(item: item, stage: $0) } ?? true }
            let present = items.filter { !column.value($0).isNaN }
            if items.isEmpty { continue }
            if present.isEmpty {
                findings.append(
                    Finding(
                        check: id, severity: .warning, columns: [column.name],
                        evidence: "'\(column.name)' is missing on all \(items.count) items",
                        remedy: "Leave the column out, or log it."))
                continue
            }
            let first = column.value(present[0])
            if present.count > 1, present.allSatisfy({ column.value($0) == first }) {
                findings.append(
                    Finding(
                        check: id, severity: .warning, columns: [column.name],
                        evidence:
                            "'\(column.name)' is \(CheckText.number(first)) on all \(present.count) items that have it",
                        remedy: "Leave the column out, or look whether it is computed as it should be."))
            }
            guard present.count < items.count else { continue }
            for scored in stage.map({ [$0] }) ?? Array(log.schema.stages.indices) {
                let answered = items.filter { log.isPresent(item: $0, stage: scored) }
                let with = answered.filter { !column.value($0).isNaN }.map { log.quality(item: $0, stage: scored) }
                let without = answered.filter { column.value($0).isNaN }.map { log.quality(item: $0, stage: scored) }
                guard let (difference, p) = CheckStatistics.welch(with, without) else { continue }
                findings.append(
                    Finding(
                        check: id, severity: .warning, columns: [column.name, columns.qualityName(scored)],
                        evidence:
                            "'\(column.name)' is missing on \(without.count) of \(answered.count) items, and '\(columns.qualityName(scored))' is \(CheckText.number(abs(difference))) \(difference > 0 ? "lower" : "higher") there (\(CheckText.p(p)))",
                        remedy:
                            "Find out why it is missing; its absence is evidence of its own and must be the same in use.",
                        pValue: p))
            }
        }
        return findings
    }
}

/// Tip 3: labels that contradict each other.
///
/// Certain: the same answer to one item scored differently. Suspected: all stages agree on an answer that is scored wrong.
public struct LabelNoiseCheck: LogCheck {
    public let id = "labels"
    public let title = "noisy labels"
    public let tip = MachineLearningTip.dataQuality

    public init() {}

    public func run(_ log: OutcomeLog, context: CheckContext) -> [Finding] {
        if log.answers.isEmpty || log.stageCount < 2 { return [] }
        var (contradictory, unanimous, agreeing) = ([Int](), [Int](), 0)
        for item in 0..<log.count {
            let given = log.schema.stages.indices.compactMap { stage -> (answer: String, quality: Double)? in
                guard log.isPresent(item: item, stage: stage), let answer = log.answers[stage][item] else { return nil }
                return (answer, log.quality(item: item, stage: stage))
            }
            if given.count < 2 { continue }
            let contradicts = given.indices.contains { i in
                given[..<i].contains { $0.answer == given[i].answer && $0.quality != given[i].quality }
            }
            if contradicts { contradictory.append(item) }
            if given.allSatisfy({ $0.answer == given[0].answer }) {
                agreeing += 1
                if given.allSatisfy({ $0.quality == 0 }) { unanimous.append(item) }
            }
        }
        func some(_ items: [Int]) -> String { items.prefix(3).map { "'\(log.ids[$0])'" }.joined(separator: ", ") }
        var findings: [Finding] = []
        if !contradictory.isEmpty {
            findings.append(
                Finding(
                    check: id, severity: .error, columns: log.schema.stages.map { "\($0.name).quality" },
                    evidence:
                        "on \(contradictory.count) of \(log.count) items two stages gave the same answer and were scored differently (\(some(contradictory)))",
                    remedy: "Score answers, not stages: the same answer to one item must get one score."))
        }
        if !unanimous.isEmpty {
            findings.append(
                Finding(
                    check: id, severity: .note, columns: log.schema.stages.map { "\($0.name).answer" },
                    evidence:
                        "on \(unanimous.count) of \(agreeing) items where all stages agree, their answer is scored wrong (\(some(unanimous))): an upper bound on the label noise there",
                    remedy: "Look at some of these items; where the label is wrong, mend it."))
        }
        return findings
    }
}

/// Tip 3: items that come twice, and how far their outcomes disagree: the noise no policy can get below.
public struct DuplicateCheck: LogCheck {
    public let id = "duplicates"
    public let title = "duplicate items"
    public let tip = MachineLearningTip.dataQuality

    public init() {}

    public func run(_ log: OutcomeLog, context: CheckContext) -> [Finding] {
        let duplicates = CheckColumns(log: log).duplicates
        if duplicates.isEmpty { return [] }
        let what = log.inputs.isEmpty ? "context and evidence" : "input"
        let extra = duplicates.reduce(0) { $0 + $1.count - 1 }
        var findings = [
            Finding(
                check: id, severity: .warning, columns: log.inputs.isEmpty ? log.schema.signalNames : ["input"],
                evidence:
                    "\(extra) of \(log.count) items repeat the \(what) of another (first: \(duplicates[0].prefix(3).map { "'\(log.ids[$0])'" }.joined(separator: ", ")))",
                remedy: "Keep one of each, or put all of them into the same fold.")
        ]
        for stage in log.schema.stages.indices {
            var (pairs, disagreeing) = (0, 0)
            for items in duplicates {
                let values = items.map { log.quality(item: $0, stage: stage) }.filter { !$0.isNaN }
                for value in values.dropFirst() {
                    pairs += 1
                    if value != values[0] { disagreeing += 1 }
                }
            }
            if disagreeing == 0 { continue }
            findings.append(
                Finding(
                    check: id, severity: .note, columns: [CheckColumns(log: log).qualityName(stage)],
                    evidence:
                        "'\(log.schema.stages[stage].name)' has another quality on \(disagreeing) of \(pairs) repeats (\(CheckText.share(Double(disagreeing) / Double(pairs)))): noise of the labels or the stage",
                    remedy: "Expect no policy to predict quality better than the repeats agree."))
        }
        return findings
    }
}
