import CLlama
import NumericalMethods

/// A context of an embedded model: its key-value cache and the sequences in it. Synchronous, for one owner.
///
/// Tokens are appended first and decoded when somebody wants to know what comes after them: one call decodes what all its
/// sequences have waiting, in one batch. Sequences that begin alike share the cells of what they have in common.
final class DecodeEngine {
    /// What is wanted of one sequence: the logits after each of its last `rows` tokens.
    struct Want {
        var sequence: SequenceID
        var rows = 1
    }

    /// What is said to be in use where no seat is free.
    static let seats = "sequences"

    let model: EmbeddedModel
    let configuration: ContextConfiguration
    let context: OpaquePointer
    let memory: OpaquePointer?
    private var table: SequenceTable
    private var batch: llama_batch
    /// Tokens decoded since the start, for accounts and tests.
    private(set) var decodedCount = 0

    init(_ model: EmbeddedModel, _ configuration: ContextConfiguration) throws(LanguageError) {
        try configuration.check()
        var parameters = llama_context_default_params()
        parameters.n_ctx = UInt32(configuration.cells)
        parameters.n_batch = UInt32(configuration.batchLimit)
        parameters.n_ubatch = UInt32(configuration.batchLimit)
        parameters.n_seq_max = UInt32(configuration.sequences)
        // Room for one row a sequence, even where a batch is smaller: llama.cpp ends the process where that is missing.
        parameters.n_outputs_max = UInt32(max(configuration.batch, configuration.sequences))
        let threads = Int32(configuration.threads ?? 1)
        parameters.n_threads = threads
        parameters.n_threads_batch = threads
        parameters.kv_unified = true
        // Sequences can only share and drop parts of a cache that keeps all positions.
        parameters.swa_full = true
        parameters.no_perf = true
        parameters.flash_attn_type =
            configuration.flashAttention ? LLAMA_FLASH_ATTN_TYPE_AUTO : LLAMA_FLASH_ATTN_TYPE_DISABLED
        guard let context = llama_init_from_model(model.model, parameters) else {
            throw .badModel(
                path: model.path,
                reason: "no context of \(configuration.cells) cells can be made: \(LlamaLibrary.takeComplaints())",
                remedy: "Ask for a smaller context.")
        }
        self.model = model
        self.configuration = configuration
        self.context = context
        memory = llama_get_memory(context)
        table = SequenceTable(seats: configuration.sequences)
        batch = llama_batch_init(Int32(configuration.batchLimit), 0, 1)
    }

    deinit {
        llama_batch_free(batch)
        llama_free(context)
    }

    /// Adds `shifts` to what the layers pass on, from now on: for a context in which nothing was decoded yet.
    func shiftLayers(by shifts: [Float]) throws(LanguageError) {
        let count = (model.layerCount - 1) * model.embeddingCount
        guard shifts.count == count else {
            throw .improperParameter(
                name: "layerShifts", value: "\(shifts.count) numbers",
                expected: "\(count): one for each of \(model.embeddingCount) in each layer but the first")
        }
        let code = llama_set_adapter_cvec(
            context, shifts, shifts.count, Int32(model.embeddingCount), 1, Int32(model.layerCount - 1))
        guard code == 0 else { throw .decodingFailed(model: model.name, code: Int(code)) }
    }

    // MARK: Sequences

    /// A sequence that begins with `tokens`, which must not be empty. Nothing is decoded yet.
    func open(_ tokens: [Token]) throws(LanguageError) -> SequenceID {
        guard !tokens.isEmpty else {
            throw .improperParameter(
                name: "tokens", value: "none", expected: "at least one (the beginning of the text)")
        }
        try checkTokens(tokens)
        try checkLength(tokens.count)
        // At least the last token is decoded again, since only decoding gives logits.
        let shared = table.longestPrefix(of: tokens).map { (seat: $0.seat, count: min($0.count, tokens.count - 1)) }
        return try seat(tokens, sharing: shared)
    }

    /// Another sequence with the same tokens.
    func fork(_ sequence: SequenceID) throws(LanguageError) -> SequenceID {
        let seat = try index(sequence)
        let tokens = table[seat].tokens
        return try self.seat(tokens, sharing: (seat, min(table[seat].decoded, tokens.count - 1)))
    }

    func seat(_ tokens: [Token], sharing: (seat: Int, count: Int)?) throws(LanguageError) -> SequenceID {
        guard let seat = table.freeSeat(sparing: sharing?.seat) else {
            throw .contextFull(model: model.name, what: Self.seats, limit: configuration.sequences)
        }
        let count = sharing?.count ?? 0
        if let sharing, sharing.seat == seat {
            // The only seat left is the one to share with: it goes on as the new sequence.
            llama_memory_seq_rm(memory, Int32(seat), Int32(count), -1)
        } else {
            llama_memory_seq_rm(memory, Int32(seat), -1, -1)
            if let sharing, count > 0 {
                llama_memory_seq_cp(memory, Int32(sharing.seat), Int32(seat), 0, Int32(count))
                table.touch(sharing.seat)
            }
        }
        return SequenceID(seat: seat, serial: table.open(seat, tokens: tokens, decoded: count))
    }

    /// Adds `tokens` to the end of `sequence`.
    func append(_ tokens: some Collection<Token>, to sequence: SequenceID) throws(LanguageError) {
        let seat = try index(sequence)
        try checkTokens(tokens)
        try checkLength(table[seat].tokens.count + tokens.count)
        table[seat].tokens += tokens
    }

    /// Drops all tokens of `sequence` from place `count` on; at least one stays.
    func truncate(_ sequence: SequenceID, to count: Int) throws(LanguageError) {
        let seat = try index(sequence)
        guard count >= 1, count <= table[seat].tokens.count else {
            throw .improperParameter(
                name: "count", value: "\(count)",
                expected: "from 1 to the sequence's length, \(table[seat].tokens.count)")
        }
        table[seat].tokens.removeSubrange(count...)
        forget(seat, from: count)
    }

    /// Forgets the cells of `seat` from place `count` on.
    private func forget(_ seat: Int, from count: Int) {
        guard table[seat].decoded > count else { return }
        llama_memory_seq_rm(memory, Int32(seat), Int32(count), -1)
        table[seat].decoded = count
    }

    /// Ends the use of `sequence`. Others that begin like it may still share its cells.
    func close(_ sequence: SequenceID) {
        guard let seat = try? index(sequence) else { return }
        table.close(seat)
        if table[seat].decoded == 0 { table.clear(seat) }
    }

    /// Another sequence with the tokens of `sequence` and `tokens` behind them.
    func branch(_ sequence: SequenceID, appending tokens: [Token]) throws(LanguageError) -> SequenceID {
        let parent = try index(sequence)
        try checkTokens(tokens)
        let all = table[parent].tokens + tokens
        try checkLength(all.count)
        return try seat(all, sharing: (parent, min(table[parent].decoded, all.count - 1)))
    }

    /// Ends the use of `sequence`; the cells that no other shares are free at once.
    func discard(_ sequence: SequenceID) {
        guard let seat = try? index(sequence) else { return }
        llama_memory_seq_rm(memory, Int32(seat), -1, -1)
        table.close(seat)
        table.clear(seat)
    }

    /// The tokens of `sequence`.
    func tokens(of sequence: SequenceID) throws(LanguageError) -> [Token] { table[try index(sequence)].tokens }

    /// How many tokens `sequence` has.
    func count(of sequence: SequenceID) throws(LanguageError) -> Int { table[try index(sequence)].tokens.count }

    /// How many tokens of `sequence` the cache holds.
    func cachedCount(of sequence: SequenceID) throws(LanguageError) -> Int { table[try index(sequence)].decoded }

    /// How many sequences are in use.
    var openCount: Int { table.seats.count(where: \.isOpen) }

    /// How many more there is a seat for.
    var freeCount: Int { configuration.sequences - openCount }

    /// Notes that all tokens of `sequence` have been decoded.
    func markDecoded(_ sequence: SequenceID) {
        guard let seat = try? index(sequence) else { return }
        table[seat].decoded = table[seat].tokens.count
    }

    /// Notes that so many tokens have been decoded.
    func addDecoded(_ count: Int) { decodedCount += count }

    /// Takes the cells of the sequence that was closed longest ago, or else of the open one that was used last, `sparing`
    /// those that are worked on; false where there is none. An open sequence is decoded again when it is asked for.
    ///
    /// Open ones take turns: of the one that was used last the next turn is farthest away.
    func evict(sparing: Set<Int>) -> Bool {
        if let seat = table.oldestClosed() {
            llama_memory_seq_rm(memory, Int32(seat), -1, -1)
            table.clear(seat)
            return true
        }
        guard let seat = table.newestOpen(sparing: sparing) else { return false }
        forget(seat, from: 0)
        return true
    }

    private func index(_ sequence: SequenceID) throws(LanguageError) -> Int {
        guard table.seats.indices.contains(sequence.seat), table[sequence.seat].isOpen,
            table[sequence.seat].serial == sequence.serial
        else { throw .closedSequence(model: model.name) }
        return sequence.seat
    }

    private func checkLength(_ count: Int) throws(LanguageError) {
        let limit = configuration.longest(model)
        if count > limit { throw .contextOverflow(model: model.name, tokens: count, limit: limit) }
    }

    private func checkTokens(_ tokens: some Collection<Token>) throws(LanguageError) {
        let count = Token(model.vocabularyCount)
        if let bad = tokens.first(where: { $0 < 0 || $0 >= count }) {
            throw .improperParameter(name: "token", value: "\(bad)", expected: "0 to \(count - 1)")
        }
    }

    // MARK: Decoding

    /// Decodes what waits in the sequences of `wants`, in as few batches as fit, and gives `body` the logits wanted: once a
    /// row, with the index of its want, the row within it and the numbers, valid during the call only.
    func decode(
        _ wants: [Want], _ body: (_ want: Int, _ row: Int, _ logits: UnsafeBufferPointer<Float>) -> Void
    ) throws(LanguageError) {
        try decode(wants, reading: llama_get_logits_ith, count: model.vocabularyCount, body)
    }

    private func decode(
        _ wants: [Want], reading: (OpaquePointer?, Int32) -> UnsafeMutablePointer<Float>?, count width: Int,
        _ body: (_ want: Int, _ row: Int, _ numbers: UnsafeBufferPointer<Float>) -> Void
    ) throws(LanguageError) {
        var work: [(want: Int, seat: Int, place: Int, row: Int?)] = []
        for (number, want) in wants.enumerated() {
            let seat = try index(want.sequence)
            let count = table[seat].tokens.count
            guard want.rows >= 1, want.rows <= count else {
                throw .improperParameter(name: "rows", value: "\(want.rows)", expected: "1 to \(count)")
            }
            let firstRow = count - want.rows
            // What has been decoded but is wanted again is decoded again.
            forget(seat, from: firstRow)
            for place in table[seat].decoded..<count {
                work.append((number, seat, place, place >= firstRow ? place - firstRow : nil))
            }
            table.touch(seat)
        }
        var start = 0
        while start < work.count {
            let part = work[start..<min(start + configuration.batchLimit, work.count)]
            try decode(part, sparing: Set(work[start...].map(\.seat)))
            for (offset, item) in part.enumerated() {
                table[item.seat].decoded = item.place + 1
                if let row = item.row, let numbers = reading(context, Int32(offset)) {
                    body(item.want, row, UnsafeBufferPointer(start: numbers, count: width))
                }
            }
            decodedCount += part.count
            start += part.count
        }
    }

    /// The logits of ``decode(_:_:)`` as rows, want after want.
    func logits(_ wants: [Want]) throws(LanguageError) -> LogitRows {
        let width = model.vocabularyCount
        var starts = [0]
        for want in wants { starts.append(starts.last! + want.rows) }
        let count = starts.last! * width
        // Every row is written once; filling millions of numbers with zeros first would take as long as that.
        let values = Result { () throws(LanguageError) -> [Float] in
            var failure: LanguageError?
            let values = [Float](unsafeUninitializedCapacity: count) { buffer, filled in
                do throws(LanguageError) {
                    try decode(wants) { want, row, logits in
                        (buffer.baseAddress! + (starts[want] + row) * width)
                            .initialize(from: logits.baseAddress!, count: width)
                    }
                    filled = count
                } catch {
                    failure = error
                }
            }
            if let failure { throw failure }
            return values
        }
        return LogitRows(values: try values.get(), vocabularyCount: width)
    }

    /// The mean of the last layer's vectors over the tokens, scaled to length 1.
    func embedding(of tokens: [Token]) throws(LanguageError) -> [Double] {
        llama_set_embeddings(context, true)
        defer { llama_set_embeddings(context, false) }
        let sequence = try open(tokens)
        defer { close(sequence) }
        var sum = [Double](repeating: 0, count: model.embeddingCount)
        try decode(
            [Want(sequence: sequence, rows: tokens.count)], reading: llama_get_embeddings_ith, count: sum.count
        ) { _, _, vector in
            for index in vector.indices { sum[index] += Double(vector[index]) }
        }
        let length = sum.reduce(0) { $0 + $1 * $1 }.squareRoot()
        return length > 0 ? sum.map { $0 / length } : sum
    }

    /// Runs `batch`, on the threads that the configuration says or that the machine has free; says what llama.cpp says.
    func compute(_ batch: llama_batch) -> Int32 {
        if configuration.threads != nil { return llama_decode(context, batch) }
        return ProcessorLoad.shared.computing { threads in
            llama_set_n_threads(context, Int32(threads), Int32(threads))
            return llama_decode(context, batch)
        }
    }

    private func decode(
        _ part: ArraySlice<(want: Int, seat: Int, place: Int, row: Int?)>, sparing: @autoclosure () -> Set<Int>
    ) throws(LanguageError) {
        for (offset, item) in part.enumerated() {
            batch.token[offset] = table[item.seat].tokens[item.place]
            batch.pos[offset] = Int32(item.place)
            batch.n_seq_id[offset] = 1
            batch.seq_id[offset]![0] = Int32(item.seat)
            batch.logits[offset] = item.row == nil ? 0 : 1
        }
        batch.n_tokens = Int32(part.count)
        while true {
            switch compute(batch) {
            case 0: return
            case 1:
                guard evict(sparing: sparing()) else {
                    throw .contextFull(model: model.name, what: "cells of the context", limit: configuration.cells)
                }
            case let code:
                // What was decoded of the part is no longer known: forget it all.
                for seat in Set(part.map(\.seat)) {
                    let first = part.first { $0.seat == seat }!.place
                    llama_memory_seq_rm(memory, Int32(seat), Int32(first), -1)
                }
                throw .decodingFailed(model: model.name, code: Int(code))
            }
        }
    }
}

/// A sequence in a context.
public struct SequenceID: Sendable, Hashable {
    let seat: Int
    let serial: UInt64
}
