import Cascades
import Language
import Probability
import Synchronization

/// A stage that is made when it is first asked: a model that a policy does not defer to is never loaded.
final class LazyStage: Stage {
    let name: String
    let evidenceNames: [String]
    private let make: @Sendable () throws -> any Stage<Question, String>
    private let made = Mutex<(any Stage<Question, String>)?>(nil)

    init(
        _ name: String, evidence: [String], _ make: @escaping @Sendable () throws -> any Stage<Question, String>
    ) {
        self.name = name
        evidenceNames = evidence
        self.make = make
    }

    private func stage() throws -> any Stage<Question, String> {
        try made.withLock { made in
            if let stage = made { return stage }
            let stage = try make()
            made = stage
            return stage
        }
    }

    func answer(_ input: Question) async throws -> Answer<String> { try await stage().answer(input) }

    func run(_ input: Question, using random: inout Random) async throws -> Run<String> {
        try await stage().run(input, using: &random)
    }
}
