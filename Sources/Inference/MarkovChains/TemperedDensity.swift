/// The geometric path from a reference to a target: log π_β = β log π + (1 − β) log ρ, with β from 0 to 1.
///
/// Where there is no reference, log ρ is 0 and the path are the powers π^β.
public struct TemperedDensity<Target: DifferentiableLogDensity>: DifferentiableLogDensity {
    /// The density at β = 1.
    public var target: Target
    /// Means of the normal reference with independent coordinates, `[dimension]`; nil for no reference.
    public var referenceMeans: [Double]?
    /// Its standard deviations, `[dimension]`.
    public var referenceScales: [Double]?
    /// β.
    public var inverseTemperature: Double

    /// The path to `target` from a normal reference, or without one.
    ///
    /// - Throws: `InferenceError.wrongShape`, `.improperParameter`.
    public init(
        target: Target, referenceMeans: [Double]? = nil, referenceScales: [Double]? = nil,
        inverseTemperature: Double = 1
    ) throws(InferenceError) {
        for (name, values) in [("referenceMeans", referenceMeans), ("referenceScales", referenceScales)] {
            if let values, values.count != target.dimension {
                throw .wrongShape(what: name, found: "[\(values.count)]", expected: "[\(target.dimension)]")
            }
        }
        if (referenceMeans == nil) != (referenceScales == nil) {
            throw .wrongShape(what: "the reference", found: "one of means and scales", expected: "both or none")
        }
        for scale in referenceScales ?? [] { try KernelCheck.positive(scale, "a scale of the reference") }
        guard inverseTemperature >= 0, inverseTemperature <= 1 else {
            throw .improperParameter(
                name: "inverseTemperature", value: "\(inverseTemperature)", expected: "from 0 to 1")
        }
        self.target = target
        self.referenceMeans = referenceMeans
        self.referenceScales = referenceScales
        self.inverseTemperature = inverseTemperature
    }

    /// The number of coordinates.
    public var dimension: Int { target.dimension }

    /// log π_β and its gradient.
    public func value(at position: Span<Double>, gradient: inout MutableSpan<Double>) -> Double {
        let value = target.value(at: position, gradient: &gradient)
        // At β = 0 an impossible point of the target is a point of the reference like any other.
        var total = inverseTemperature > 0 ? inverseTemperature * value : 0
        for i in gradient.indices { gradient[i] = inverseTemperature > 0 ? inverseTemperature * gradient[i] : 0 }
        if let means = referenceMeans, let scales = referenceScales {
            let share = 1 - inverseTemperature
            for i in means.indices {
                let z = (position[i] - means[i]) / scales[i]
                total -= 0.5 * share * z * z
                gradient[i] -= share * z / scales[i]
            }
        }
        return total
    }

    /// log π_β.
    public func value(at position: Span<Double>) -> Double {
        let value = inverseTemperature > 0 ? inverseTemperature * target.value(at: position) : 0
        return value + (1 - inverseTemperature) * logReference(position)
    }

    /// log π − log ρ: what a swap of two temperatures turns on.
    func logRatio(at position: [Double]) -> Double {
        target.value(at: position.span) - logReference(position.span)
    }

    private func logReference(_ position: Span<Double>) -> Double {
        guard let means = referenceMeans, let scales = referenceScales else { return 0 }
        var sum = 0.0
        for i in means.indices {
            let z = (position[i] - means[i]) / scales[i]
            sum -= 0.5 * z * z
        }
        return sum
    }
}
