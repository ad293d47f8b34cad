import Probability

/// The tests of a bounded mean that certificates rest on.
enum RiskTests {
    static func pValue(_ losses: [Double], limit: Double, bound: Certificate.Bound) throws -> Double { 1 }
    static func upperBound(_ losses: [Double], confidence: Double, bound: Certificate.Bound) throws -> Double { 1 }
}
