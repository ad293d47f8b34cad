/// Draws how often each unit of a stratum comes up.
enum UnitWeights {
    static func draw(
        _ stratum: Range<Int>, _ scheme: Bootstrap.Scheme, into weights: inout [Double], using random: inout Random
    ) {
        switch scheme {
        case .multinomial:
            for unit in stratum { weights[unit] = 0 }
            for _ in stratum { weights[stratum.lowerBound + random.integer(below: stratum.count)] += 1 }
        case .poisson:
            withUnsafeTemporaryAllocation(of: UInt8.self, capacity: stratum.count) { bytes in
                repeat { PoissonWeights.fill(bytes, using: &random) } while bytes.allSatisfy { $0 == 0 }
                for (i, unit) in stratum.enumerated() { weights[unit] = Double(bytes[i]) }
            }
        }
    }
}
