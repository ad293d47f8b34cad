import Foundation

/// `ln(exp(left) + exp(right))`, exact at the infinities; −infinity is the weight of nothing.
@usableFromInline
func logAdding(_ left: Double, _ right: Double) -> Double {
    let larger = max(left, right)
    if larger.isInfinite { return larger }
    return larger + log1p(exp(min(left, right) - larger))
}

/// `exp(value)`, outside inlinable code so that the importer needs no Foundation.
@usableFromInline
func exponential(_ value: Double) -> Double { exp(value) }
