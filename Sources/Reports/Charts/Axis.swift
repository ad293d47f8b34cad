import Foundation

/// An axis of a chart: what it measures, how it is scaled and how its ticks read.
public struct Axis: Sendable, Equatable {
    /// How values become places.
    public enum Scale: Sendable, Equatable {
        /// Equal differences, equal distances; equal ratios, equal distances (positive values only).
        case linear, logarithmic
    }

    /// How ticks and tooltips read.
    public enum Format: Sendable, Equatable {
        /// A compact number; a share as a percentage; a compact number after a currency sign.
        case number, percent, currency(String)
    }

    /// What it measures.
    public var label: String
    /// The unit, shown after the label; empty for none.
    public var unit: String
    /// How values become places.
    public var scale: Scale
    /// How ticks read.
    public var format: Format
    /// The ends; nil for those of the data, with a margin.
    public var range: ClosedRange<Double>?
    /// Whether a linear axis begins at zero even if the data don't.
    public var includesZero: Bool
    /// Whether lines across the plot mark the ticks.
    public var showsGrid: Bool

    /// An axis; everything but its label has a default.
    public init(
        _ label: String, unit: String = "", scale: Scale = .linear, format: Format = .number,
        range: ClosedRange<Double>? = nil, includesZero: Bool = false, showsGrid: Bool = true
    ) {
        self.label = label
        self.unit = unit
        self.scale = scale
        self.format = format
        self.range = range
        self.includesZero = includesZero
        self.showsGrid = showsGrid
    }

    var title: String { unit.isEmpty ? label : "\(label) (\(unit))" }

    /// Whether a value has a place on this axis.
    func canPlace(_ value: Double) -> Bool {
        guard value.isFinite, abs(value) < 1e290 else { return false }
        return scale == .linear || value > 1e-290
    }

    /// A value as tooltips show it.
    func text(_ value: Double) -> String {
        switch format {
        case .number: NumberText.trimmed(NumberText.significant(value, digits: 4)) + (unit.isEmpty ? "" : " \(unit)")
        case .percent: NumberText.percent(value, decimals: 2)
        case .currency(let sign): sign + NumberText.significant(value, digits: 3) + (unit.isEmpty ? "" : " \(unit)")
        }
    }

    /// The ends for these data values: the fixed ones, or the data's with a margin, never an empty range.
    func bounds(of values: [Double], margin: Double = 0.05) -> ClosedRange<Double> {
        if let range, range.lowerBound < range.upperBound, canPlace(range.lowerBound), canPlace(range.upperBound) {
            return range
        }
        let placed = values.filter(canPlace)
        guard var low = placed.min(), var high = placed.max() else { return scale == .linear ? 0...1 : 0.1...10 }
        switch scale {
        case .linear:
            if includesZero {
                low = min(low, 0)
                high = max(high, 0)
            }
            if low == high {
                let half = low == 0 ? 0.5 : abs(low) * 0.1
                return (low - half)...(high + half)
            }
            let extra = (high - low) * margin
            // A bar or an area stands on zero, with no gap below it.
            return (includesZero && low == 0 ? 0 : low - extra)...(includesZero && high == 0 ? 0 : high + extra)
        case .logarithmic:
            if low == high { return (low / 2)...(high * 2) }
            let factor = pow(high / low, margin)
            return (low / factor)...(high * factor)
        }
    }
}
