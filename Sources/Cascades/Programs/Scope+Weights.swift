public import Probability

extension Scope {
    /// Holds that `kernel` given `input` gave `value`: its density weighs the run.
    @inlinable
    public func observe<K: DensityKernel>(
        _ address: Address, _ kernel: K, _ input: K.Input, _ value: K.Output
    ) throws {
        try weigh(address, isObservation: true) { kernel.logDensity(of: value, given: input) }
    }

    /// Holds that `distribution` gave `value`: its density weighs the run.
    @inlinable
    public func observe<D: Distribution>(_ address: Address, _ distribution: D, _ value: D.Value) throws {
        try weigh(address, isObservation: true) { distribution.logDensity(value) }
    }

    /// Multiplies the weight of the run by `exp(logWeight)`; −infinity rules it out.
    /// - Throws: ``ProgramError/badWeight(address:value:)`` for `NaN` or +infinity.
    @inlinable
    public func factor(_ address: Address, logWeight: Double) throws {
        try weigh(address, isObservation: false) { logWeight }
    }

    /// Rules the run out unless `holds`.
    @inlinable
    public func require(_ address: Address, _ holds: Bool) throws {
        try weigh(address, isObservation: false) { holds ? 0 : -.infinity }
    }

    @inlinable @inline(__always)
    func weigh(_ address: Address, isObservation: Bool, _ logWeight: () -> Double) throws {
        _ = try claim(address)
        // A simulation draws from the prior: it has no use for the density, but a bad factor is bad anywhere.
        guard let interpreter else {
            if !isObservation { _ = try checkedWeight(logWeight(), address) }
            return
        }
        if interpreter.skipsWeight() { return }
        let weight = try checkedWeight(logWeight(), address)
        do {
            try interpreter.weigh(weight, at: absolute(address), isObservation: isObservation)
        } catch { throw stop(error) }
    }

    @inlinable @inline(__always)
    func checkedWeight(_ weight: Double, _ address: Address) throws -> Double {
        if !(weight < .infinity) {
            throw stop(ProgramError.badWeight(address: absolute(address), value: weight))
        }
        return weight
    }
}
