public import Cascades

/// A tool that works out the last calculation of a form: the ``Script`` in its field, worked out within limits.
///
/// A text that is no calculation is the writer's mistake, not the tool's: the result then begins with `error:` and says
/// what is wrong and where, so that the writer may try again.
public struct CalculatorStage: Stage {
    public let name = "calculator"
    public let evidenceNames = ["isError"]
    /// The field whose text is worked out.
    public var field: String
    /// How much a calculation may do.
    public var limits: Script.Limits

    /// A calculator for the texts of `field`.
    public init(field: String = FieldName.calculation, limits: Script.Limits = Script.Limits()) {
        self.field = field
        self.limits = limits
    }

    public func answer(_ known: [Field]) async throws -> Answer<String> {
        do {
            return Answer(try Script(known[field] ?? "").run(limits: limits).description, evidence: ["isError": 0])
        } catch {
            guard case .badScript(let line, let column, let reason) = error else { throw error }
            return Answer("error: line \(line), column \(column): \(reason)", evidence: ["isError": 1])
        }
    }
}
