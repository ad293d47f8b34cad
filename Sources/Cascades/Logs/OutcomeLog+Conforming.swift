extension OutcomeLog {
    /// The columns of `schema` in its order: for running a policy on a log whose columns stand differently.
    ///
    /// Columns that the schema doesn't have are left out. A column that this log doesn't have is an error, since a
    /// policy that finds a signal missing everywhere would decide on nothing.
    /// - Throws: ``LogError/unknownStage(name:known:)``, ``LogError/unknownSignal(name:known:)``.
    public func conforming(to schema: LogSchema) throws -> OutcomeLog {
        if schema == self.schema { return self }
        let stages = try schema.stages.map { try self.schema.stage(named: $0.name) }
        let names = self.schema.signalNames
        let signals = try schema.signalNames.map { name in
            guard let signal = names.firstIndex(of: name) else {
                throw LogError.unknownSignal(name: name, known: names)
            }
            return signal
        }
        let oldContext = self.schema.context.count
        func columns(_ values: [Double], width: Int, _ chosen: [Int]) -> [Double] {
            guard !values.isEmpty else { return [] }
            var result = [Double]()
            result.reserveCapacity(count * chosen.count)
            for item in 0..<count { for column in chosen { result.append(values[item * width + column]) } }
            return result
        }
        var log = OutcomeLog(schema: schema, ids: ids, quality: columns(quality, width: stageCount, stages))
        log.inputs = inputs
        log.groups = groups
        log.splits = splits
        log.times = times
        log.context = columns(context, width: oldContext, Array(signals.prefix(schema.context.count)))
        log.evidence = columns(
            evidence, width: self.schema.evidenceCount, signals.dropFirst(schema.context.count).map { $0 - oldContext })
        log.money = columns(money, width: stageCount, stages)
        log.seconds = columns(seconds, width: stageCount, stages)
        log.operations = columns(operations, width: stageCount, stages)
        log.tokensIn = columns(tokensIn, width: stageCount, stages)
        log.tokensOut = columns(tokensOut, width: stageCount, stages)
        log.propensities = columns(propensities, width: stageCount, stages)
        log.answers = answers.isEmpty ? [] : stages.map { answers[$0] }
        return log
    }
}
