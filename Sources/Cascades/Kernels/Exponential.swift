import Foundation

/// `exp(value)` for inlinable code, whose importers need no Foundation.
@usableFromInline
func exponential(_ value: Double) -> Double { exp(value) }
