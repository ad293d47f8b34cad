import Deferral
import Reports

/// What a certificate says, in sentences.
enum CertificateText {
    static func lines(_ fit: Fit) -> [String] {
        guard let certificate = fit.result.certificate else { return [] }
        let confidence = NumberWords.percent(certificate.confidence)
        if certificate.policy != nil {
            return [
                "Guarantee, at \(confidence) confidence: \(certificate.promise). \(certificate.passed) of \(certificate.tested) policies tested passed."
            ]
        }
        let needed =
            certificate.itemsNeeded.map { "about \($0) items to test on would be needed" }
            ?? "no number of items would do"
        return [
            "Guarantee: this log can't certify any policy at \(confidence) confidence; \(needed). "
                + "The policy written always asks the reference, \(fit.stages[fit.result.reference])."
        ]
    }

    static func json(_ certificate: Certificate?) -> JSONValue {
        guard let certificate else { return .null }
        return [
            "isCertified": .bool(certificate.policy != nil), "promise": .string(certificate.promise),
            "confidence": .number(certificate.confidence), "tested": .integer(certificate.tested),
            "passed": .integer(certificate.passed), "pValue": .number(certificate.pValue),
            "lossBound": .number(certificate.lossBound),
            "itemsNeeded": certificate.itemsNeeded.map { .integer($0) } ?? .null,
        ]
    }
}
