/// Stands in until charts land.
public struct Chart: Sendable {}
