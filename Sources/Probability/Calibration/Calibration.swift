/// The ways to turn a score into a probability.
public enum CalibrationMethod: String, CaseIterable, Codable, Sendable {
    /// ``PlattCalibrator``.
    case platt
    /// ``IsotonicCalibrator``.
    case isotonic
    /// ``TemperatureCalibrator``.
    case temperature
    /// ``BetaCalibrator``.
    case beta
}

/// A fitted calibration by any method, to be stored in a policy.
///
///     let calibration = try Calibration.fit(.isotonic, scores: margins, targets: wasRight)
///     calibration.calibrate(0.31)
///
/// Written as one key, the method, with the fitted numbers below it.
public enum Calibration: Codable, Hashable, Sendable {
    case platt(PlattCalibrator)
    case isotonic(IsotonicCalibrator)
    case temperature(TemperatureCalibrator)
    case beta(BetaCalibrator)

    /// Fits by a method; see ``Calibrator/fit(scores:targets:weights:)``.
    ///
    /// - Throws: ``StatisticsError``.
    public static func fit(
        _ method: CalibrationMethod, scores: [Double], targets: [Double], weights: [Double]? = nil
    ) throws(StatisticsError) -> Calibration {
        switch method {
        case .platt: .platt(try PlattCalibrator.fit(scores: scores, targets: targets, weights: weights))
        case .isotonic: .isotonic(try IsotonicCalibrator.fit(scores: scores, targets: targets, weights: weights))
        case .temperature:
            .temperature(try TemperatureCalibrator.fit(scores: scores, targets: targets, weights: weights))
        case .beta: .beta(try BetaCalibrator.fit(scores: scores, targets: targets, weights: weights))
        }
    }

    /// The probability for a score; NaN for NaN, nothing else.
    public func calibrate(_ score: Double) -> Double {
        switch self {
        case .platt(let map): map.calibrate(score)
        case .isotonic(let map): map.calibrate(score)
        case .temperature(let map): map.calibrate(score)
        case .beta(let map): map.calibrate(score)
        }
    }

    /// The method that was fitted.
    public var method: CalibrationMethod {
        switch self {
        case .platt: .platt
        case .isotonic: .isotonic
        case .temperature: .temperature
        case .beta: .beta
        }
    }

    private enum CodingKeys: CodingKey { case platt, isotonic, temperature, beta }

    /// Reads `{"platt": {…}}` and so on.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        guard container.allKeys.count == 1 else {
            throw DecodingError.dataCorrupted(
                .init(
                    codingPath: decoder.codingPath,
                    debugDescription: "a calibration has one key of platt, isotonic, temperature, beta"))
        }
        switch container.allKeys[0] {
        case .platt: self = .platt(try container.decode(PlattCalibrator.self, forKey: .platt))
        case .isotonic: self = .isotonic(try container.decode(IsotonicCalibrator.self, forKey: .isotonic))
        case .temperature: self = .temperature(try container.decode(TemperatureCalibrator.self, forKey: .temperature))
        case .beta: self = .beta(try container.decode(BetaCalibrator.self, forKey: .beta))
        }
    }

    /// Writes the method as the key.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        switch self {
        case .platt(let map): try container.encode(map, forKey: .platt)
        case .isotonic(let map): try container.encode(map, forKey: .isotonic)
        case .temperature(let map): try container.encode(map, forKey: .temperature)
        case .beta(let map): try container.encode(map, forKey: .beta)
        }
    }
}
