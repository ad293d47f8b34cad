import Foundation
import Language
import Probability
import Synchronization

/// What steering costs outside the model, and what sharing saves.
enum SteeringBenchmarks {
    static func run() throws -> [Row] {
        var rows = try overhead()
        rows += try sharing()
        return rows
    }

    /// Particles that all stand at different texts, over a vocabulary of 49,152 tokens whose logits cost nothing.
    private static func overhead() throws -> [Row] {
        let tokenizer = SyllableTokenizer()
        let scorer = StoredRows(vocabularyCount: tokenizer.vocabularyCount, rows: 16)
        let model = try SteeringModel("stored rows", scorer, tokenizer: tokenizer)
        // Half of the letters: a mask that is neither empty nor full; 1/13 of them: most drawn tokens are refused.
        let half = ConstraintPotential(try model.constraint(.regularExpression("([a-m]|[a-m][a-m]|[a-m ]{3,5})*")))
        let few = ConstraintPotential(try model.constraint(.regularExpression("([ab]([a-z]{0,4}))*")))
        let letters = TextPotential(guiding: true) { 0.01 * Double($0.bytes.count) }
        func measure(
            _ name: String, _ proposal: TokenProposal, _ potential: some Potential, target: Double
        ) throws -> Row {
            var settings = SteeringSettings()
            settings.proposal = proposal
            settings.threshold = 0
            let steering = Steering(model, by: potential, settings: settings)
            var texts = 0
            var best = Double.infinity
            for seed in 0..<6 {
                let request = GenerationRequest("a", maximumTokens: 48, seed: UInt64(seed))
                let (cloud, seconds) = try processorTime { try await steering.cloud(request) }
                texts = cloud.usage.completionTokens
                best = min(best, seconds / Double(texts) * 1e6)
            }
            return Row(
                name: "steering: \(name), 49152 tokens", value: best, unit: "us a particle and step", target: target,
                note: "processor time; \(texts) texts of 16 particles")
        }
        return [
            try measure("a function of the text", .model, letters, target: 30),
            try measure("a grammar's masks", .optimal, half, target: 30),
            try measure("rejection, half of the letters", .rejection, half, target: 500),
            try measure("rejection, two letters of 27", .rejection, few, target: 500),
        ]
    }

    /// Sixteen particles in one run, and sixteen runs that share nothing.
    private static func sharing() throws -> [Row] {
        guard let path = try? ModelStore().path(of: "smollm2-135m") else { return [] }
        let weights = try EmbeddedModel(path: path)
        let configuration = ContextConfiguration(cells: 4096, sequences: 64, threads: 1)
        let passage = String(
            repeating: "The harbour was quiet that morning, and the boats lay still between the piers. ", count: 18)
        @Sendable func request(_ seed: Int) -> GenerationRequest {
            GenerationRequest(.text(passage), maximumTokens: 24, seed: UInt64(seed))
        }
        var ratios: [Double] = []
        var together = 0.0
        var apart = 0.0
        for round in 0..<3 {
            let open = Steering(
                SteeringModel(EmbeddedLanguageModel(try EmbeddedContext(weights, configuration))),
                by: TextPotential(guiding: true) { -0.2 * Double($0.bytes.count { $0 == UInt8(ascii: "e") }) })
            let (_, one) = try processorTime { try await open.cloud(request(round)) }
            var sixteen = 0.0
            for run in 0..<16 {
                var settings = SteeringSettings()
                settings.particles = 1
                let alone = Steering(
                    SteeringModel(EmbeddedLanguageModel(try EmbeddedContext(weights, configuration))),
                    by: open.potential, settings: settings)
                sixteen += try processorTime { try await alone.cloud(request(100 * round + run)) }.seconds
            }
            ratios.append(one / sixteen)
            together += one / 3
            apart += sixteen / 3
        }
        return [
            Row(
                name: "steering: 16 particles beside 16 runs alone", value: ratios.sorted()[1],
                unit: "of their time", target: 0.25,
                note: String(
                    format: "%.2f s beside %.2f s of processor time; a prompt of %d tokens, 24 written", together,
                    apart,
                    weights.tokens(of: passage).count))
        ]
    }
}

/// Runs `body` to its end, and says how much processor time of the process it took, in seconds: on a machine that others use
/// the time on the clock says little.
func processorTime<Result: Sendable>(
    _ body: @escaping @Sendable () async throws -> Result
) throws -> (result: Result, seconds: Double) {
    func now() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
    }
    let start = now()
    let result = try waiting(body)
    return (result, now() - start)
}

/// Runs `body` to its end from code that does not wait.
func waiting<Value: Sendable>(_ body: @escaping @Sendable () async throws -> Value) throws -> Value {
    let done = DispatchSemaphore(value: 0)
    let outcome = Mutex<Result<Value, any Error>?>(nil)
    Task.detached {
        let result: Result<Value, any Error>
        do { result = .success(try await body()) } catch { result = .failure(error) }
        outcome.withLock { $0 = result }
        done.signal()
    }
    done.wait()
    return try outcome.withLock { try $0!.get() }
}

/// A vocabulary of all short words of letters and spaces, as large as a model's.
private struct SyllableTokenizer: Tokenizer {
    private let pieces: [[UInt8]]

    init() {
        let letters = Array(" abcdefghijklmnopqrstuvwxyz".utf8)
        var pieces: [[UInt8]] = []
        var last: [[UInt8]] = [[]]
        while pieces.count < 49_151 {
            last = last.flatMap { piece in letters.map { piece + [$0] } }
            pieces += last.prefix(49_151 - pieces.count)
        }
        self.pieces = pieces
    }

    var vocabularyCount: Int { pieces.count + 1 }
    var beginningOfText: Token? { nil }
    func tokens(of text: String, addingSpecial: Bool, parsingSpecial: Bool) -> [Token] {
        text.utf8.map { Token($0) % 27 }
    }
    func bytes(of token: Token) -> [UInt8] { Int(token) < pieces.count ? pieces[Int(token)] : [] }
    func endsGeneration(_ token: Token) -> Bool { Int(token) == pieces.count }
}

/// A model that says one of a few stored rows.
private struct StoredRows: TokenScorer {
    let vocabularyCount: Int
    private let all: [LogitRows]

    init(vocabularyCount: Int, rows count: Int) {
        self.vocabularyCount = vocabularyCount
        var random = Random(seed: 3)
        var values: [Float] = []
        for _ in 0..<count {
            var ranks = Array(0..<vocabularyCount)
            ranks.shuffle(using: &random)
            values += ranks.map { Float(-1.6 * log(Double($0 + 1)) + 0.7 * random.normal()) }
            // The end never comes: all texts are equally long.
            values[values.count - 1] = -60
        }
        all = (0...count).map {
            LogitRows(values: Array(values.prefix(max(1, $0) * vocabularyCount)), vocabularyCount: vocabularyCount)
        }
    }

    func logits(after prefixes: [[Token]]) async throws -> LogitRows { all[prefixes.count] }
}
