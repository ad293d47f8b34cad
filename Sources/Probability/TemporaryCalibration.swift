/// Stands in until calibration lands.
public enum CalibrationMethod: String, CaseIterable, Codable, Sendable { case platt, isotonic, temperature, beta }
public struct Calibration: Codable, Hashable, Sendable {
    public func calibrate(_ s: Double) -> Double { s }
    public static func fit(_ m: CalibrationMethod, scores: [Double], targets: [Double]) throws -> Calibration { Calibration() }
}
