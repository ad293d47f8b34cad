import Foundation

/// The places along an axis that carry a number, and how these numbers read.
struct Ticks: Equatable {
    /// One tick: its value and its text; a minor one has no text.
    struct Tick: Equatable {
        var value: Double
        var text: String
    }

    var ticks: [Tick]

    /// About `target` round values within the range: steps of 1, 2 or 5 times a power of ten on a linear axis; powers of
    /// ten, or 1-2-5 of each, on a logarithmic one. A logarithmic axis of less than a decade gets linear steps.
    init(_ axis: Axis, range: ClosedRange<Double>, target: Int) {
        let target = max(target, 2)
        if axis.scale == .logarithmic {
            let values = Self.logarithmic(range, target: target)
            if values.count >= 2 {
                ticks = values.map { Tick(value: $0, text: Self.text($0, axis.format, step: $0)) }
                return
            }
        }
        let (step, values) = Self.linear(range, target: target)
        ticks = values.map { Tick(value: $0, text: Self.text($0, axis.format, step: step)) }
    }

    /// Multiples of the round step that gives nearest to `target` ticks, as exact multiples, not as running sums.
    static func linear(_ range: ClosedRange<Double>, target: Int) -> (step: Double, values: [Double]) {
        let span = range.upperBound - range.lowerBound
        guard span > 0, span.isFinite else { return (1, [range.lowerBound]) }
        let raw = span / Double(target)
        let power = pow(10, floor(log10(raw)))
        let step = [1, 2, 5, 10].map { $0 * power }.min { abs($0 - raw) / $0 < abs($1 - raw) / $1 } ?? power
        let first = (range.lowerBound / step - 1e-9).rounded(.up)
        let last = (range.upperBound / step + 1e-9).rounded(.down)
        guard last >= first, last - first < 1000 else { return (step, []) }
        // Dividing by a power of ten keeps 0.3 what it is, where 3 * 0.1 would not.
        let values = (0...Int(last - first)).map { offset -> Double in
            let multiple = first + Double(offset)
            return step < 1 ? multiple / (1 / step).rounded() : multiple * step
        }
        return (step, values)
    }

    /// Round values on a logarithmic axis: as many mantissas of 1, 2, 5 as fit, else every n-th power of ten.
    static func logarithmic(_ range: ClosedRange<Double>, target: Int) -> [Double] {
        let low = log10(range.lowerBound)
        let high = log10(range.upperBound)
        guard low.isFinite, high.isFinite, high > low else { return [] }
        let decades = high - low
        let mantissas: [Double] =
            decades * 3 <= Double(target) * 1.2 ? [1, 2, 5] : decades * 2 <= Double(target) ? [1, 3] : [1]
        let stride = mantissas.count > 1 ? 1 : max(1, Int((decades / Double(target)).rounded(.up)))
        var values: [Double] = []
        for exponent in Int(low.rounded(.down))...Int(high.rounded(.up)) where exponent % stride == 0 {
            for mantissa in mantissas {
                let value = exponent < 0 ? mantissa / pow(10, Double(-exponent)) : mantissa * pow(10, Double(exponent))
                if value >= range.lowerBound * (1 - 1e-9), value <= range.upperBound * (1 + 1e-9) {
                    values.append(value)
                }
            }
        }
        return values
    }

    private static func text(_ value: Double, _ format: Axis.Format, step: Double) -> String {
        let minus = { (text: String) in text.replacing("-", with: "−") }
        switch format {
        case .percent:
            return minus(NumberText.fixed(value * 100, decimals: decimals(step * 100))) + "%"
        case .number: return minus(number(value, step: step))
        case .currency(let sign):
            let text = number(value, step: step)
            return text.hasPrefix("-") ? "−" + sign + minus(String(text.dropFirst())) : sign + minus(text)
        }
    }

    /// Small steps keep their zeros, so that the numbers along an axis have one length; large values are compact.
    private static func number(_ value: Double, step: Double) -> String {
        guard value != 0 else { return "0" }
        if abs(value) >= 10_000 || abs(value) < 1e-4 {
            // As many digits as the step needs beside this value.
            let digits = Int((log10(abs(value) / step)).rounded(.down)) + 2
            return NumberText.compact(value, digits: max(2, min(digits, 12)))
        }
        return NumberText.fixed(value, decimals: decimals(step))
    }

    private static func decimals(_ step: Double) -> Int {
        step >= 1 ? (step == step.rounded() ? 0 : 1) : max(0, Int((-log10(step) - 1e-9).rounded(.up)))
    }
}
