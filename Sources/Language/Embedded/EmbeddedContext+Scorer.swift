import CLlama

extension EmbeddedContext: TokenScorer {
    public nonisolated var vocabularyCount: Int { model.vocabularyCount }

    public func logits(after prefixes: [[Token]]) async throws -> LogitRows {
        try await read(prefixes[...], rows: [Int](repeating: 1, count: prefixes.count)[...]).logits
    }

    public func logits(after prefix: [Token], tree: DraftTree) async throws -> LogitRows {
        let seats = tree.leaves.count + 1
        if seats <= configuration.sequences, tree.nodes.count < configuration.batchLimit {
            return try await withSeats(seats) { try $0.logits(after: prefix, tree: tree) }
        }
        // A wide tree is read text by text.
        return try await logits(after: [prefix] + tree.nodes.indices.map { prefix + tree.path(to: $0) })
    }
}

extension DecodeEngine {
    /// The logits after `prefix` and after each node of `tree`, in one batch: a token of a tree belongs to the sequences of
    /// all leaves behind it, and is decoded once.
    func logits(after prefix: [Token], tree: DraftTree) throws(LanguageError) -> LogitRows {
        let leaves = tree.leaves
        if leaves.count <= 1 {
            let sequence = try open(prefix + tree.nodes.map(\.token))
            defer { close(sequence) }
            return try logits([Want(sequence: sequence, rows: tree.nodes.count + 1)])
        }
        var trunk = try open(prefix)
        var opened = [trunk]
        defer { opened.forEach(close) }
        if try count(of: trunk) - cachedCount(of: trunk) + tree.nodes.count > configuration.batchLimit {
            // Too much is new for one batch: all but the last token first.
            try truncate(trunk, to: prefix.count - 1)
            _ = try logits([Want(sequence: trunk)])
            close(trunk)
            trunk = try open(prefix)
            opened = [trunk]
        }
        let decoded = try cachedCount(of: trunk)
        // For each node the sequences it belongs to.
        var owners = [[Int32]](repeating: [], count: tree.nodes.count)
        var all = [Int32(trunk.seat)]
        for leaf in leaves {
            let sequence = try seat(prefix + tree.path(to: leaf), sharing: (trunk.seat, decoded))
            opened.append(sequence)
            all.append(Int32(sequence.seat))
            var node: Int? = leaf
            while let place = node {
                owners[place].append(Int32(sequence.seat))
                node = tree.nodes[place].parent
            }
        }
        let fresh = prefix.count - decoded
        var batch = llama_batch_init(Int32(fresh + tree.nodes.count), 0, Int32(all.count))
        defer { llama_batch_free(batch) }
        func put(_ slot: Int, _ token: Token, _ place: Int, _ sequences: [Int32], wanted: Bool) {
            batch.token[slot] = token
            batch.pos[slot] = Int32(place)
            batch.n_seq_id[slot] = Int32(sequences.count)
            for (index, sequence) in sequences.enumerated() { batch.seq_id[slot]![index] = sequence }
            batch.logits[slot] = wanted ? 1 : 0
        }
        for slot in 0..<fresh {
            put(slot, prefix[decoded + slot], decoded + slot, all, wanted: slot == fresh - 1)
        }
        var depths: [Int] = []
        for (index, node) in tree.nodes.enumerated() {
            depths.append(node.parent.map { depths[$0] + 1 } ?? 0)
            put(fresh + index, node.token, prefix.count + depths[index], owners[index], wanted: true)
        }
        batch.n_tokens = Int32(fresh + tree.nodes.count)
        try decode(batch, of: opened, from: decoded)
        let width = model.vocabularyCount
        var values = [Float](repeating: 0, count: (tree.nodes.count + 1) * width)
        values.withUnsafeMutableBufferPointer { buffer in
            for row in 0...tree.nodes.count {
                if let numbers = llama_get_logits_ith(context, Int32(fresh - 1 + row)) {
                    (buffer.baseAddress! + row * width).update(from: numbers, count: width)
                }
            }
        }
        return LogitRows(values: values, vocabularyCount: width)
    }

    /// Decodes a batch in which `sequences` end, all cached up to place `decoded` before.
    private func decode(_ batch: llama_batch, of sequences: [SequenceID], from decoded: Int) throws(LanguageError) {
        while true {
            let code = compute(batch)
            if code == 0 {
                for sequence in sequences { markDecoded(sequence) }
                addDecoded(Int(batch.n_tokens))
                return
            }
            if code == 1, evict(sparing: Set(sequences.map(\.seat))) { continue }
            for sequence in sequences { llama_memory_seq_rm(memory, Int32(sequence.seat), Int32(decoded), -1) }
            if code == 1 {
                throw .contextFull(model: model.name, what: "cells of the context", limit: configuration.cells)
            }
            throw .decodingFailed(model: model.name, code: Int(code))
        }
    }
}
