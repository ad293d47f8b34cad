import NumericalMethods

/// How far reading has come.
public struct LogReadProgress: Sendable, Equatable {
    /// Bytes read.
    public let bytes: Int
    /// Bytes of the whole file; nil for a pipe.
    public let totalBytes: Int?
    /// Items read.
    public let items: Int
}

/// What reading a whole file found.
public struct LogReadReport: Sendable {
    /// The file's name, or `<stdin>`.
    public let file: String
    /// The format it was read as.
    public let format: LogFormat
    /// The log, when nothing was wrong.
    public let log: OutcomeLog?
    /// How many items could be read.
    public let itemCount: Int
    /// What was wrong, in the order of the lines; at most as many as were asked for.
    public let errors: [LogError]
    /// How much was wrong in all.
    public let errorCount: Int
}

extension OutcomeLog {
    /// Reads a log.
    ///
    /// The schema is the union over all lines, in order of first appearance. What a line leaves out is missing. Items
    /// without ids get the numbers of their lines. The result doesn't depend on the number of threads.
    ///
    /// - Parameters:
    ///   - path: The file; `-` is standard input.
    ///   - format: Its format; nil goes by the ending of `path`, and without a known ending by the first byte
    ///     (`{` begins JSONL).
    ///   - progress: Is told now and then how far reading has come.
    /// - Throws: ``LogError``, the first in the order of the lines.
    public static func read(
        from path: String, format: LogFormat? = nil, progress: ((LogReadProgress) -> Void)? = nil
    ) throws -> OutcomeLog {
        let report = try LogReader(path: path, format: format, limit: 1, stops: true).read(progress)
        guard let log = report.log else { throw report.errors[0] }
        return log
    }

    /// Reads a log to its end whatever is wrong in it, and reports every bad line.
    ///
    /// - Parameters:
    ///   - path: The file; `-` is standard input.
    ///   - format: Its format; nil as in ``read(from:format:progress:)``.
    ///   - limit: How many errors to keep; the rest is counted.
    ///   - progress: Is told now and then how far reading has come.
    /// - Throws: ``LogError/unreadable(file:reason:)``; what is wrong in the file is in the report.
    public static func readCollectingErrors(
        from path: String, format: LogFormat? = nil, limit: Int = 100, progress: ((LogReadProgress) -> Void)? = nil
    ) throws -> LogReadReport {
        try LogReader(path: path, format: format, limit: max(limit, 1), stops: false).read(progress)
    }
}

/// Drives the blocks of a file through the parsers, several at a time, into an assembler.
struct LogReader {
    let path: String
    var format: LogFormat?
    /// How many errors are kept.
    let limit: Int
    /// Whether the first error ends the reading.
    let stops: Bool
    var blockSize = 4 << 20
    /// How many blocks are read ahead and parsed at once; the result is the same for any.
    var blocksAtOnce = 4

    func read(_ progress: ((LogReadProgress) -> Void)? = nil) throws(LogError) -> LogReadReport {
        let source = try ByteBlocks(path: path, blockSize: blockSize)
        let format: LogFormat
        if let known = self.format ?? LogFormat(path: path) { format = known } else { format = try sniffed(source) }
        var errors: [LogError] = []
        var errorCount = 0
        func note(_ error: LogError) -> Bool {
            errorCount += 1
            if errors.count < limit { errors.append(error) }
            return !stops
        }
        func report(_ log: OutcomeLog?, _ items: Int) -> LogReadReport {
            LogReadReport(
                file: source.file, format: format, log: log, itemCount: items, errors: errors, errorCount: errorCount)
        }

        var header: CSVHeader?
        var assembler = LogAssembler(file: source.file, table: ColumnTable())
        var first = try source.next(quoted: format == .csv)
        if format == .csv, let block = first {
            do throws(LineFault) {
                let read = try CSVHeader(block.bytes)
                header = read
                assembler = LogAssembler(file: source.file, table: read.table)
                first = ByteBlocks.Block(
                    bytes: Array(block.bytes[read.length...]), firstLine: block.firstLine + read.lineCount)
            } catch {
                // Without its header no row can be read.
                _ = note(assembler.error(error, line: 1))
                return report(nil, 0)
            }
        }

        while let begun = first {
            var blocks = [begun]
            while blocks.count < blocksAtOnce, let block = try source.next(quoted: format == .csv) {
                blocks.append(block)
            }
            let tasks = blocks.map { BlockTask($0, LogBlock(table: assembler.table), header) }
            let (limit, stops) = (limit, stops)
            Parallel.chunks(of: tasks.count) { range in
                for index in range { tasks[index].run(limit: limit, stops: stops) }
            }
            for task in tasks {
                let uncollected = task.result.faultCount - task.result.faults.count
                if !assembler.add(task.result, fault: note) { return report(nil, assembler.count) }
                errorCount += uncollected
            }
            if assembler.count > 0, let size = source.size, source.bytesRead > 0 {
                // Once for all: about the number of items, from the length of the lines so far.
                assembler.expect(Int(Double(assembler.count) * Double(size) / Double(source.bytesRead) * 1.02) + 16)
            }
            progress?(LogReadProgress(bytes: source.bytesRead, totalBytes: source.size, items: assembler.count))
            first = try source.next(quoted: format == .csv)
        }
        if assembler.count == 0, errorCount == 0 { _ = note(.empty(file: source.file)) }
        if errorCount == 0, assembler.table.stages.isEmpty {
            _ = note(
                .badLine(
                    file: source.file, line: 1, column: "stages", expected: "at least one stage",
                    found: "none in the whole file"))
        }
        return errorCount > 0 ? report(nil, assembler.count) : report(assembler.finish(), assembler.count)
    }

    private func sniffed(_ source: ByteBlocks) throws(LogError) -> LogFormat {
        for byte in try source.peek(4096) where byte > 0x20 && byte < 0x80 {
            return byte == UInt8(ascii: "{") ? .jsonl : .csv
        }
        return .jsonl
    }

    /// A block on its way; one thread at a time has it.
    private final class BlockTask: @unchecked Sendable {  // handed over, never shared: one thread at a time has it
        let block: ByteBlocks.Block
        let result: LogBlock
        let header: CSVHeader?

        init(_ block: ByteBlocks.Block, _ result: LogBlock, _ header: CSVHeader?) {
            self.block = block
            self.result = result
            self.header = header
        }

        func run(limit: Int, stops: Bool) {
            block.bytes.withUnsafeBufferPointer { bytes in
                if let header {
                    CSVBlockParser(block: result, header: header, limit: limit)
                        .parse(bytes, firstLine: block.firstLine, stops: stops)
                } else {
                    JSONLBlockParser(block: result, limit: limit).parse(bytes, firstLine: block.firstLine, stops: stops)
                }
            }
        }
    }
}
