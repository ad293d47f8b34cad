/// How large a context is and how it computes.
public struct ContextConfiguration: Sendable, Hashable, Codable {
    /// Cells of the key-value cache: tokens that all sequences together may hold, those they share counted once. Rounded
    /// up to a multiple of 256, as llama.cpp has them.
    public var cells: Int
    /// The most sequences, open ones and closed ones that are kept for others to share.
    public var sequences: Int
    /// The most tokens decoded in one go.
    public var batch: Int
    /// Threads of the computation; nil for as many as there are cores that other processes leave, looked at anew all the
    /// time: with one core taken, two threads are far slower than one.
    public var threads: Int?
    /// Whether attention is computed in the fused way where the model allows it.
    public var flashAttention: Bool

    /// A context; as many threads as there are free cores, unless said otherwise.
    public init(
        cells: Int = 4096, sequences: Int = 64, batch: Int = 512,
        threads: Int? = nil, flashAttention: Bool = true
    ) {
        self.cells = (max(cells, 1) + 255) / 256 * 256
        self.sequences = sequences
        self.batch = batch
        self.threads = threads
        self.flashAttention = flashAttention
    }

    /// The most tokens that llama.cpp takes in one go: it ends the process where there are more, and takes no more than there
    /// are cells.
    var batchLimit: Int { min(batch, cells) }

    func check() throws(LanguageError) {
        func require(_ holds: Bool, _ name: String, _ value: Int, _ expected: String) throws(LanguageError) {
            if !holds { throw .improperParameter(name: name, value: "\(value)", expected: expected) }
        }
        try require(cells <= 1 << 24, "cells", cells, "1 to 16,777,216")
        try require(sequences >= 1 && sequences <= 256, "sequences", sequences, "1 to 256")
        try require(batch >= 1 && batch <= 1 << 16, "batch", batch, "1 to 65,536")
        if let threads { try require(threads >= 1 && threads <= 1024, "threads", threads, "1 to 1,024") }
    }

    /// The longest sequence: what the model was trained on, or all cells where those are fewer.
    func longest(_ model: EmbeddedModel) -> Int {
        let trained = model.trainedContextLength
        return trained > 0 ? min(trained, cells) : cells
    }
}
